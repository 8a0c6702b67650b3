"""The transformer encoder of RoBERTa and GraphCodeBERT, over tokens and data flow.

Post-layer norm: G = LN(attention(H) + H), H = LN(feed-forward(G) + G) (GraphCodeBERT,
equations 1 to 5). Modules and tensors are named as in Hugging Face's RobertaModel, so that
weights go from one to the other without a table.
"""

from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.batch import GraphBatch
from tidemill.models.config import EncoderConfig
from tidemill.models.fused import Fused
from tidemill.models.joint import joint_linear
from tidemill.models.tables import new_embedding, row
from tidemill.sparsity.chain import ChainLayer, Norm
from tidemill.sparsity.packed_layers import PackedLinear, joined

__all__ = ["Encoder", "Hidden"]


class Hidden(NamedTuple):
    """What the last layer says of each place."""

    tokens: Float[Tensor, "batch tokens width"]
    nodes: Float[Tensor, "batch nodes width"]


class Embeddings(nn.Module):
    """Ids become vectors: word + position + type, normalised."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        padding = config.pad_token_id
        self.word_embeddings: nn.Module = new_embedding(config.vocab_size, width, padding)
        self.position_embeddings: nn.Module = new_embedding(
            config.max_position_embeddings, width, padding
        )
        self.token_type_embeddings: nn.Module = new_embedding(config.type_vocab_size, width)
        self.LayerNorm: nn.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.unknown: int = config.unk_token_id

    @override
    def forward(self, batch: GraphBatch) -> Float[Tensor, "batch places width"]:
        """Return one vector for each token and each node.

        A node's word is the mean of its tokens' (GraphCodeBERT, section 4.1); its
        position is 0.
        """
        words = self.word_embeddings(batch.ids)
        places = self.position_embeddings(batch.positions)
        total = words + places
        if batch.is_node.shape[1]:
            nodes = torch.bmm(batch.means().to(words.dtype), words)
            if batch.hidden_nodes is not None:
                unknown = row(self.word_embeddings, self.unknown).to(words.dtype)
                nodes = torch.where(batch.hidden_nodes[..., None], unknown, nodes)
            nodes = nodes + row(self.position_embeddings, 0).to(words.dtype)
            total = torch.cat([total, nodes], dim=1)
        return self.LayerNorm(total + row(self.token_type_embeddings, 0))  # type: ignore[no-any-return]


class SelfAttention(nn.Module):
    """Multi-head attention under a mask."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads: int = config.num_attention_heads
        self.query: nn.Linear = nn.Linear(width, width)
        self.key: nn.Linear = nn.Linear(width, width)
        self.value: nn.Linear = nn.Linear(width, width)
        self.joint: PackedLinear | None = None

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        mask: Bool[Tensor, "batch 1 places places"] | Float[Tensor, "batch 1 places places"] | None,
    ) -> Float[Tensor, "batch places width"]:
        """Mix each place with those it may attend; without a mask, with all."""
        rows, places, width = hidden.shape
        if self.joint is not None:
            joint = self.joint(hidden)
        else:
            joint = joint_linear(hidden, (self.query, self.key, self.value))
        shape = (rows, places, 3, self.heads, width // self.heads)
        query, key, value = joint.view(shape).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(rows, places, width)

    def join(self) -> None:
        """Make one layer of query, key and value where they are packed: all read the same."""
        layers = (self.query, self.key, self.value)
        packed = [layer for layer in layers if isinstance(layer, PackedLinear)]
        if len(packed) == len(layers):
            self.joint = joined(packed)
            del self.query, self.key, self.value


class Residual(nn.Module):
    """A dense map, added to what came before and normalised."""

    def __init__(self, inputs: int, config: EncoderConfig) -> None:
        super().__init__()
        self.dense: nn.Linear = nn.Linear(inputs, config.hidden_size)
        self.LayerNorm: nn.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    @override
    def forward(self, changed: Tensor, before: Tensor) -> Tensor:
        """Return LN(dense(changed) + before)."""
        return self.LayerNorm(self.dense(changed) + before)  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Self-attention with its residual; the name ``self`` is Hugging Face's."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.add_module("self", SelfAttention(config))
        self.output: Residual = Residual(config.hidden_size, config)

    @override
    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Return LN(attention(hidden) + hidden)."""
        mixed = self.get_submodule("self")(hidden, mask)
        return self.output(mixed, hidden)  # type: ignore[no-any-return]


class Intermediate(nn.Module):
    """The widening half of the feed-forward part."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense: nn.Linear = nn.Linear(config.hidden_size, config.intermediate_size)

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Return GELU(dense(hidden))."""
        return functional.gelu(self.dense(hidden))


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.attention: Attention = Attention(config)
        self.intermediate: Intermediate = Intermediate(config)
        self.output: Residual = Residual(config.intermediate_size, config)

    @override
    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Return the next hidden states."""
        mixed = self.attention(hidden, mask)
        return self.output(self.intermediate(mixed), mixed)  # type: ignore[no-any-return]

    def chained(self) -> ChainLayer | None:
        """Return what a chain takes of it; None where a part is not packed."""
        joint = self.attention.get_submodule("self").joint
        mixed, wide = self.attention.output.dense, self.intermediate.dense
        parts = (joint, mixed, wide, self.output.dense)
        packed = [part.dense() for part in parts if isinstance(part, PackedLinear)]
        if len(packed) < len(parts):
            return None
        return ChainLayer(
            joint=packed[0],
            mixed=packed[1],
            wide=packed[2],
            narrow=packed[3],
            attended=_norm(self.attention.output.LayerNorm),
            fed=_norm(self.output.LayerNorm),
        )


def _norm(norm: nn.LayerNorm) -> Norm:
    return Norm(weight=norm.weight.detach(), bias=norm.bias.detach())


class Stack(nn.Module):
    """The layers, under the name that Hugging Face gives them.

    Attributes:
        fused: Where the chain of the present weights is, if they are a skeleton's.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.fused: Fused | None = None
        self.layer: nn.ModuleList = nn.ModuleList(
            Layer(config) for _ in range(config.num_hidden_layers)
        )

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        mask: Tensor | None,
        depth: int | None = None,
    ) -> Float[Tensor, "batch places width"]:
        """Return the hidden states after so many layers, or after all."""
        chain = None if self.fused is None else self.fused.chain(hidden, self._chained)
        if chain is not None:
            return chain.run(hidden, mask, depth=depth)
        for layer in self.layer[:depth]:
            hidden = layer(hidden, mask)
        return hidden

    def new_fused(self) -> Fused:
        """Return where the chain of other weights will be."""
        return Fused(self.config.num_attention_heads, self.config.layer_norm_eps)

    def _chained(self) -> list[ChainLayer] | None:
        """Return what a chain takes of the layers; None where a part is not packed."""
        found = [layer.chained() for layer in self.layer if isinstance(layer, Layer)]
        there = [layer for layer in found if layer is not None]
        return there if len(there) == len(found) else None


class Encoder(nn.Module):
    """Tokens and data flow become one vector each, and one for the whole.

    Args:
        config: Its shape.
        generator: Where first weights come from: normal, deviation .02, as in RoBERTa.
            Without one they are zero, to be loaded over.
    """

    dense_layers: ClassVar[frozenset[str]] = frozenset({"importance", "projection"})

    def __init__(self, config: EncoderConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.embeddings: Embeddings = Embeddings(config)
        self.encoder: Stack = Stack(config)
        self.pooler: nn.Module | None = None
        self.importance: nn.Module | None = None
        self.projection: nn.Module | None = None
        if config.pooling == "pooler":
            self.pooler = Pooler(config)
        if config.pooling == "weighted":
            self.importance = nn.Linear(config.hidden_size, 1, bias=False)
        if config.projection_size:
            self.projection = nn.Linear(config.hidden_size, config.projection_size, bias=False)
        _initialise(self, generator)

    @override
    def forward(self, batch: GraphBatch, depth: int | None = None) -> Hidden:
        """Return the last layer's states.

        Args:
            batch: The inputs.
            depth: Layers that are gone through; by default all. Without any, this is a bag
                of words, which learns several times as many examples a second: a good start.
        """
        hidden = self.embeddings(batch)
        if depth != 0 and len(self.encoder.layer):
            mask = None if batch.is_full else _added(batch.mask(), hidden)
            hidden = self.encoder(hidden, mask, depth)
        tokens = batch.ids.shape[1]
        return Hidden(tokens=hidden[:, :tokens], nodes=hidden[:, tokens:])

    def pooled(self, batch: GraphBatch, depth: int | None = None) -> Float[Tensor, "batch vector"]:
        """Return one vector for each input, not normalised."""
        tokens = self(batch, depth).tokens
        if self.config.pooling in {"mean", "weighted"}:
            weights = self._weights(tokens, batch).to(tokens.dtype)
            vectors = torch.bmm(weights[:, None], tokens)[:, 0]
        else:
            vectors = tokens[:, 0]
        if self.pooler is not None:
            vectors = self.pooler(vectors)
        return vectors if self.projection is None else self.projection(vectors)

    def embed(self, batch: GraphBatch, depth: int | None = None) -> Float[Tensor, "batch vector"]:
        """Return one vector of length 1 for each input."""
        return functional.normalize(self.pooled(batch, depth).float(), dim=-1)

    def join_products(self) -> None:
        """Let packed layers that read the same inputs make one product; to be asked alone."""
        for part in self.modules():
            if isinstance(part, SelfAttention):
                part.join()

    def _weights(self, tokens: Tensor, batch: GraphBatch) -> Float[Tensor, "batch tokens"]:
        """Return what each token counts in its text's vector; the sum is 1."""
        there = batch.is_token
        if self.importance is None:
            return there / there.sum(dim=1, keepdim=True)
        scores: Tensor = self.importance(tokens)[..., 0].float()
        if not batch.is_full:
            scores = scores.masked_fill(~there, -torch.inf)
        return scores.softmax(dim=1)


def _added(mask: Tensor, hidden: Tensor) -> Tensor:
    """Return a mask as what is added to scores, once for all layers.

    Attention makes that of a mask of truths itself, in every layer anew.
    """
    if mask.dtype != torch.bool or torch.is_autocast_enabled(hidden.device.type):
        return mask
    added = torch.zeros(mask.shape, dtype=hidden.dtype, device=hidden.device)
    return added.masked_fill_(~mask, -torch.inf)


class Pooler(nn.Module):
    """The first place through a dense layer and tanh (as Hugging Face's pooler)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense: nn.Linear = nn.Linear(config.hidden_size, config.hidden_size)

    @override
    def forward(self, first: Tensor) -> Tensor:
        """Return tanh(dense(first))."""
        return torch.tanh(self.dense(first))


def _initialise(module: nn.Module, generator: torch.Generator | None) -> None:
    deviation = 0.02
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                if generator is None:
                    part.weight.zero_()
                else:
                    part.weight.normal_(0.0, deviation, generator=generator)
                if isinstance(part, nn.Linear) and part.bias is not None:
                    part.bias.zero_()
            if isinstance(part, nn.Embedding) and part.padding_idx is not None:
                part.weight[part.padding_idx].zero_()
