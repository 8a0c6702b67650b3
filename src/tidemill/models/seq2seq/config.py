"""What shape an encoder-decoder has, in the field names that Hugging Face uses for T5.

Nothing here loads torch, so that planners and registries may ask.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypedDict, get_args

from tidemill.core.errors import ExpertError

__all__ = ["SIZES", "Seq2SeqConfig", "Seq2SeqSize", "seq2seq_config"]

FeedForward = Literal["relu", "gated-gelu"]

MOST_LAYERS = 300
"""On either side; a package of 10,000 tensors has room for them."""

MOST_TOKENS = 65_536
"""That a config may let the model read or write: memory grows with their square."""

MOST_NEIGHBOURS = 64
"""Beyond, attention is the cheaper way to look around."""

LEAST_BUCKETS = 4
"""So that either direction has one distance that is exact and one range."""


class Seq2SeqSize(TypedDict):
    """The fields of a config that a recipe's size decides."""

    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_decoder_layers: int
    num_heads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seq2SeqConfig:
    """An encoder-decoder of T5's kind (pre-norm without means or biases, relative positions).

    Attributes:
        vocab_size: Entries of the tokenizer.
        d_model: Width of a place.
        d_kv: Width of a head.
        d_ff: Width inside the feed-forward part.
        num_layers: Layers of the encoder.
        num_decoder_layers: Layers of the decoder.
        num_heads: Heads; together they may be wider or narrower than a place.
        eos_token_id: Ends what is written; T5's is 1, CodeT5+'s 2.
        relative_attention_num_buckets: Classes of distances that attention tells apart.
        relative_attention_max_distance: From here on, all distances are one class.
        dropout_rate: Share of numbers that training drops, wherever T5 does.
        layer_norm_epsilon: Added to the mean square.
        feed_forward_proj: Two maps with ReLU between them (T5), or three with a gate (T5 1.1).
        tie_word_embeddings: Whether the table of words also says what is written; the states
            are scaled by ``d_model ** -0.5`` then.
        pad_token_id: Fills up a batch.
        bos_token_id: What inputs begin with, for whoever makes them; T5 has none.
        decoder_start_token_id: What the decoder reads first.
        max_tokens: Tokens that are read of a text, specials included.
        max_target_tokens: Tokens that are written, the last included.
        mirrors_prompts: Whether the token that a text begins with brings along what the encoder
            says of all its places in the input (ours; T5 has to find them by attention). Texts
            are searched with prompts then, for what they begin with is not asked.
        neighbours: Words before and after that a word of the input brings along (ours).
    """

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_decoder_layers: int
    num_heads: int
    eos_token_id: int
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    dropout_rate: float = 0.1
    layer_norm_epsilon: float = 1e-6
    feed_forward_proj: FeedForward = "relu"
    tie_word_embeddings: bool = True
    pad_token_id: int = 0
    bos_token_id: int | None = None
    decoder_start_token_id: int = 0
    max_tokens: int = 512
    max_target_tokens: int = 128
    mirrors_prompts: bool = False
    neighbours: int = 0

    def __post_init__(self) -> None:
        for name in ("vocab_size", "d_model", "d_kv", "d_ff", "num_heads"):
            self._check_range(name, 1)
        for name in ("num_layers", "num_decoder_layers"):
            self._check_range(name, 1, MOST_LAYERS)
        for name in ("max_tokens", "max_target_tokens"):
            self._check_range(name, 1, MOST_TOKENS)
        for name in ("eos_token_id", "pad_token_id", "bos_token_id", "decoder_start_token_id"):
            self._check_range(name, 0, self.vocab_size - 1)
        self._check_range("neighbours", 0, MOST_NEIGHBOURS)
        self._check_range("relative_attention_num_buckets", LEAST_BUCKETS)
        exact = self.relative_attention_num_buckets // 2
        self._check_range("relative_attention_max_distance", exact + 1)
        if not 0 <= self.dropout_rate < 1:
            raise ExpertError(f"dropout_rate is {self.dropout_rate}; it is 0 or more, and below 1")
        if not 0 < self.layer_norm_epsilon < 1:
            raise ExpertError(f"layer_norm_epsilon is {self.layer_norm_epsilon}; it is above 0")
        if self.feed_forward_proj not in get_args(FeedForward):
            raise ExpertError(
                f"unknown feed_forward_proj {self.feed_forward_proj!r}",
                hint=f"Known: {', '.join(get_args(FeedForward))}",
            )

    @property
    def inner_size(self) -> int:
        """Width of all heads together."""
        return self.num_heads * self.d_kv

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward part has a gate."""
        return self.feed_forward_proj == "gated-gelu"

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        facts = {name: value for name, value in asdict(self).items() if value is not None}
        return {
            "model_type": "t5",
            "architectures": ["T5ForConditionalGeneration"],
            "is_encoder_decoder": True,
            **facts,
        }

    def _check_range(self, name: str, least: int, most: int | None = None) -> None:
        value = getattr(self, name)
        if value is None or (value >= least and (most is None or value <= most)):
            return
        bounds = f"at least {least:,}" if most is None else f"{least:,} to {most:,}"
        raise ExpertError(f"{name} is {value}; it is {bounds}")


SIZES: Mapping[str, Seq2SeqSize] = {
    "mini": {
        "d_model": 256,
        "d_kv": 64,
        "d_ff": 1024,
        "num_layers": 4,
        "num_decoder_layers": 2,
        "num_heads": 4,
    },
    "tiny": {
        "d_model": 256,
        "d_kv": 64,
        "d_ff": 1024,
        "num_layers": 6,
        "num_decoder_layers": 3,
        "num_heads": 4,
    },
    "small": {
        "d_model": 512,
        "d_kv": 64,
        "d_ff": 2048,
        "num_layers": 6,
        "num_decoder_layers": 6,
        "num_heads": 8,
    },
    "base": {
        "d_model": 768,
        "d_kv": 64,
        "d_ff": 3072,
        "num_layers": 12,
        "num_decoder_layers": 12,
        "num_heads": 12,
    },
}
"""The sizes that recipes name; ``small`` is T5's, ``base`` that of T5 and CodeT5+ 220M."""

_DECIDING: Mapping[str, object] = {
    "model_type": "t5",
    "is_encoder_decoder": True,
    "is_decoder": False,
}
"""Fields of Hugging Face that leave no choice here."""

_MAY_BE_NULL = ("bos_token_id", "num_decoder_layers")


def seq2seq_config(facts: Mapping[str, object]) -> Seq2SeqConfig:
    """Read an encoder-decoder's shape from the facts of a ``config.json``.

    Fields of other programs are passed over; those that decide what is computed must
    say what this model does. A decoder without a depth of its own is as deep as the encoder.

    Args:
        facts: The parsed file.

    Raises:
        ExpertError: A field is missing, of the wrong kind, or asks for another architecture.
    """
    _check_kinds(facts)
    given = _own_fields(facts)
    try:
        config = Seq2SeqConfig(**given)  # type: ignore[arg-type]  # checked just above
    except TypeError as error:
        raise ExpertError(f"config.json: {error}") from error
    except ExpertError as error:
        raise ExpertError(f"config.json: {error.message}", hint=error.hint) from error
    _check_derived(facts, config)
    return config


def _own_fields(facts: Mapping[str, object]) -> dict[str, object]:
    known = {item.name for item in fields(Seq2SeqConfig)}
    given = {
        name: value
        for name, value in facts.items()
        if name in known and not (value is None and name in _MAY_BE_NULL)
    }
    if "num_layers" in given:
        given.setdefault("num_decoder_layers", given["num_layers"])
    return given


def _check_kinds(facts: Mapping[str, object]) -> None:
    for name, wanted in _DECIDING.items():
        if facts.get(name, wanted) != wanted:
            raise ExpertError(f"config.json: {name} is {facts[name]!r}; only {wanted!r} is known")
    for item in fields(Seq2SeqConfig):
        value = facts.get(item.name)
        if item.name not in facts or (value is None and item.name in _MAY_BE_NULL):
            continue
        wanted, is_right = _kind_of(item.type, value)
        if not is_right:
            raise ExpertError(f"config.json: {item.name} is {value!r}, not {wanted}")


def _kind_of(kind: object, value: object) -> tuple[str, bool]:
    """Return what a field of some kind holds, and whether a value is that."""
    is_truth = isinstance(value, bool)
    if kind is bool:
        return "true or false", is_truth
    if kind is float:
        return "a number", isinstance(value, int | float) and not is_truth
    if kind == FeedForward:
        return "a word", isinstance(value, str)
    return "a whole number", isinstance(value, int) and not is_truth


def _check_derived(facts: Mapping[str, object], config: Seq2SeqConfig) -> None:
    """Refuse facts that contradict what Hugging Face derives from others of them."""
    derived: dict[str, tuple[object, ...]] = {
        "is_gated_act": (config.is_gated,),
        "dense_act_fn": ("gelu_new", "gelu") if config.is_gated else ("relu",),
        "scale_decoder_outputs": (config.tie_word_embeddings,),
    }
    for name, allowed in derived.items():
        if facts.get(name, allowed[0]) not in allowed:
            raise ExpertError(
                f"config.json: {name} is {facts[name]!r}, and feed_forward_proj and"
                f" tie_word_embeddings make it {allowed[0]!r}"
            )
