"""What shape an encoder has, in the field names that Hugging Face uses.

Nothing here loads torch, so that planners and registries may ask.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from tidemill.core.errors import ExpertError

__all__ = ["SIZES", "EncoderConfig", "encoder_config", "is_bag"]

Pooling = Literal["pooler", "cls", "mean", "weighted"]
InputMode = Literal["graph", "tokens", "reference"]

MOST_LAYERS = 600
"""So many that a package of 10,000 tensors has room for them."""

LEAST_TOKENS = 3
"""Room for the two specials and a token between them."""

FIRST_POSITION = 2
"""Position id of the first token, as in RoBERTa: padding is 1, and nodes take the free 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderConfig:
    """An encoder of RoBERTa's kind (post-layer norm, learned positions, GELU).

    Attributes:
        vocab_size: Entries of the tokenizer.
        hidden_size: Width of a position.
        num_hidden_layers: Transformer layers; without any, the encoder is a bag of tokens.
        num_attention_heads: Heads; they divide the width.
        intermediate_size: Width inside the feed-forward part.
        max_position_embeddings: Rows of the position table, two more than the longest
            sequence of tokens; row 0 belongs to data-flow nodes.
        type_vocab_size: Token types; all positions have type 0.
        layer_norm_eps: Added to the variance.
        hidden_dropout_prob: Share of a layer's output that training drops.
        pad_token_id: Id that fills up a batch.
        bos_token_id: ``[CLS]``.
        eos_token_id: ``[SEP]``.
        unk_token_id: What a node is embedded as when its tokens must not show.
        mask_token_id: What masked language modelling puts in a token's place.
        pooling: How positions become one vector: the first through a dense layer and tanh,
            the first as it is, the mean over tokens, or a mean weighted by what each token's
            state says it matters (ours).
        projection_size: Width of the vector after a last linear map; 0 for none.
        input_mode: ``graph`` (tokens and data flow), ``tokens``, or ``reference`` (as the
            published implementation feeds its released weights).
        max_tokens: Tokens that are read of a text, specials included.
        max_nodes: Data-flow nodes that are read.
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int = 514
    type_vocab_size: int = 1
    layer_norm_eps: float = 1e-5
    hidden_dropout_prob: float = 0.0
    pad_token_id: int = 1
    bos_token_id: int = 0
    eos_token_id: int = 2
    unk_token_id: int = 3
    mask_token_id: int = 4
    pooling: Pooling = "mean"
    projection_size: int = 0
    input_mode: InputMode = "graph"
    max_tokens: int = 256
    max_nodes: int = 64

    def __post_init__(self) -> None:
        for name in ("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size"):
            if getattr(self, name) < 1:
                raise ExpertError(f"{name} is {getattr(self, name)}; it is at least 1")
        if not 0 <= self.num_hidden_layers <= MOST_LAYERS:
            raise ExpertError(
                f"num_hidden_layers is {self.num_hidden_layers}; it is 0 to {MOST_LAYERS}"
            )
        if self.max_tokens < LEAST_TOKENS:
            raise ExpertError(f"max_tokens is {self.max_tokens}; it is at least {LEAST_TOKENS}")
        if self.hidden_size % self.num_attention_heads:
            raise ExpertError(
                f"{self.num_attention_heads} heads do not divide a width of {self.hidden_size}"
            )
        if self.input_mode not in get_args(InputMode) or self.pooling not in get_args(Pooling):
            raise ExpertError(f"unknown input_mode {self.input_mode!r} or pooling {self.pooling!r}")
        if self.max_tokens + FIRST_POSITION > self.max_position_embeddings:
            raise ExpertError(
                f"max_tokens is {self.max_tokens}, and {self.max_position_embeddings} positions"
                f" have room for {self.max_position_embeddings - FIRST_POSITION}"
            )

    @property
    def vector_size(self) -> int:
        """Width of what the encoder says of a text."""
        return self.projection_size or self.hidden_size

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        return {"model_type": "roberta", "architectures": ["RobertaModel"], **asdict(self)}


def is_bag(config: EncoderConfig) -> bool:
    """Tell whether an encoder is a bag of tokens, which numpy alone can ask."""
    has_map = config.pooling == "weighted" and config.projection_size > 0
    return config.num_hidden_layers == 0 and has_map and config.input_mode != "reference"


SIZES: Mapping[str, Mapping[str, int]] = {
    "bag": {
        "hidden_size": 256,
        "num_hidden_layers": 0,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
    },
    "mini": {
        "hidden_size": 256,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
    },
    "tiny": {
        "hidden_size": 256,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
    },
    "small": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 6,
        "intermediate_size": 1536,
    },
    "base": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
    },
}
"""The sizes that recipes name; ``base`` is the published one."""


def encoder_config(facts: Mapping[str, object]) -> EncoderConfig:
    """Read an encoder's shape from the facts of a ``config.json``.

    Fields of other programs are passed over; those that decide what is computed must
    say what this encoder does.

    Args:
        facts: The parsed file.

    Raises:
        ExpertError: A field is missing, of the wrong kind, or asks for another architecture.
    """
    for name, wanted in (("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
        if facts.get(name, wanted) != wanted:
            raise ExpertError(f"config.json: {name} is {facts[name]!r}; only {wanted!r} is known")
    known = {item.name: item for item in fields(EncoderConfig)}
    given = {name: value for name, value in facts.items() if name in known}
    for name, value in given.items():
        _check_kind(name, value, known[name].type)
    try:
        return EncoderConfig(**given)  # type: ignore[arg-type]  # checked just above
    except TypeError as error:
        raise ExpertError(f"config.json: {error}") from error
    except ExpertError as error:
        raise ExpertError(f"config.json: {error.message}", hint=error.hint) from error


def _check_kind(name: str, value: object, kind: object) -> None:
    expected = int if kind is int else (int, float) if kind is float else str
    if isinstance(value, bool) or not isinstance(value, expected):
        wanted = "a word" if expected is str else "a number"
        raise ExpertError(f"config.json: {name} is {value!r}, not {wanted}")
