"""The tensors of an encoder-decoder from its config alone, without torch.

They are named as Hugging Face names T5's.
"""

from collections.abc import Mapping

from tidemill.core.errors import ExpertError
from tidemill.models.seq2seq.config import Seq2SeqConfig

__all__ = ["check_shapes", "seq2seq_tensors"]

Shapes = dict[str, tuple[int, ...]]


def seq2seq_tensors(config: Seq2SeqConfig) -> Shapes:
    """Return the name and shape of every tensor.

    Args:
        config: The model's.
    """
    table = (config.vocab_size, config.d_model)
    shapes: Shapes = {"shared.weight": table}
    if config.neighbours:
        shapes["neighbours.weight"] = (config.d_model, 2 * config.neighbours + 1)
    for side, depth in (("encoder", config.num_layers), ("decoder", config.num_decoder_layers)):
        buckets = (config.relative_attention_num_buckets, config.num_heads)
        first = f"{side}.block.0.layer.0.SelfAttention"
        shapes[f"{first}.relative_attention_bias.weight"] = buckets
        for number in range(depth):
            shapes |= _block(f"{side}.block.{number}.layer", config, has_source=side == "decoder")
        shapes[f"{side}.final_layer_norm.weight"] = (config.d_model,)
    return shapes if config.tie_word_embeddings else shapes | {"lm_head.weight": table}


def _block(name: str, config: Seq2SeqConfig, *, has_source: bool) -> Shapes:
    attentions = ("SelfAttention", "EncDecAttention") if has_source else ("SelfAttention",)
    width, inner = config.d_model, config.inner_size
    shapes: Shapes = {}
    for number, attention in enumerate(attentions):
        for part in ("q", "k", "v"):
            shapes[f"{name}.{number}.{attention}.{part}.weight"] = (inner, width)
        shapes[f"{name}.{number}.{attention}.o.weight"] = (width, inner)
        shapes[f"{name}.{number}.layer_norm.weight"] = (width,)
    last = f"{name}.{len(attentions)}"
    for part in ("wi_0", "wi_1") if config.is_gated else ("wi",):
        shapes[f"{last}.DenseReluDense.{part}.weight"] = (config.d_ff, width)
    shapes[f"{last}.DenseReluDense.wo.weight"] = (width, config.d_ff)
    shapes[f"{last}.layer_norm.weight"] = (width,)
    return shapes


def check_shapes(config: Seq2SeqConfig, found: Mapping[str, tuple[int, ...]]) -> None:
    """Make sure that tensors are those of a config.

    Args:
        config: The model's.
        found: The tensors' shapes by name.

    Raises:
        ExpertError: One is missing, unknown, or of another shape; says which.
    """
    wanted = seq2seq_tensors(config)
    for reason, names in (
        ("is missing", wanted.keys() - found.keys()),
        ("is no tensor of this model", found.keys() - wanted.keys()),
    ):
        if names:
            others = f" (and {len(names) - 1:,} more)" if len(names) > 1 else ""
            raise ExpertError(
                f"config.json and the tensors do not fit: {min(names)} {reason}{others}"
            )
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ExpertError(
                f"{name} is {_sides(found[name])}, and config.json says {_sides(shape)}"
            )


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{side:,}" for side in shape) or "a single number"
