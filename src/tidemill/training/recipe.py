"""A recipe: everything that decides what an expert becomes, in one TOML file.

A recipe and the packed corpus that it names are enough to train the same expert again.
"""

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from tidemill.core.errors import ExpertError, InputError, SettingError
from tidemill.core.hashing import content_hash
from tidemill.experts.names import check_expert_name
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.spec import DECAY, Sparsity

__all__ = [
    "ModelSpec",
    "Precision",
    "Recipe",
    "Stage",
    "builtin_recipes",
    "read_recipe",
    "recipe_from",
]

Kind = Literal["convolution", "encoder", "static", "seq2seq", "resnet9", "vit"]
Precision = Literal["auto", "fp32", "bf16"]
IMAGE_KINDS = frozenset({"resnet9", "vit"})

_SAID = frozenset({"about", "also", "licence", "limits"})
"""What is said of an expert, and changes nothing in it."""

DENSE = "dense"
"""The sparsity of a recipe that drops nothing."""

DEFAULT_METHOD = "bdwp"
"""How sparse models train where nobody says otherwise."""

UNKNOWN_KEY = "unexpected_keyword_argument"
"""What pydantic calls it."""

AtLeast0 = Annotated[int, Field(ge=0)]
AtLeast1 = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
ObjectiveName = Literal[
    "masked-language", "edges", "alignment", "search", "groups", "types", "classes"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What is trained.

    Attributes:
        kind: ``encoder`` (graph-guided transformer), ``static`` (a linear map of n-grams),
            ``convolution`` (over lexical tokens, for clones), ``seq2seq`` (encoder-decoder, for
            types), or for images ``resnet9`` and
            ``vit`` (vision transformer).
        size: Of an encoder: ``bag`` (no layers), ``mini``, ``tiny``, ``small`` or ``base``; of
            an encoder-decoder: all but ``bag``.
        vector_size: Width of the vectors; 0 keeps the encoder's own.
        vocab_size: Entries of the tokenizer.
        max_tokens: Tokens that are read of a text.
        max_nodes: Data-flow nodes that are read; 0 trains without data flow.
        pooling: How an encoder's places become one vector.
        reads: What a static expert counts: ``words`` (the parts of names, for search) or
            ``lexemes`` (tokens with variables made equal, for clones).
        longest: Tokens in its longest n-gram.
        least: Texts of the corpus in which a feature occurs at least.
        most_features: Features at most.
        feature_dropout: Share of features that training leaves out of each text.
        token_dropout: Share of tokens that contrastive training of an encoder or a
            convolution makes unknown; of an encoder-decoder, of numbers that are dropped.
        max_target_tokens: Tokens that an encoder-decoder writes of an answer.
        window: Tokens of a file that it reads at once.
        facts: Tokens of facts that it reads besides.
        most_sites: Places of a window that it is asked about.
        neighbours: Words on either side that a word brings along, where types are written.
        width: Channels of a ResNet-9's first convolution, or width of a transformer's places.
        patch: Rows and columns of a vision transformer's patches, in pixels.
        layers: Blocks of a vision transformer.
        heads: Of its attention.
        mlp_ratio: Width inside its feed-forward parts, in widths of a place.
    """

    kind: Kind
    size: Literal["bag", "mini", "tiny", "small", "base"] = "mini"
    vector_size: AtLeast0 = 256
    vocab_size: Annotated[int, Field(ge=300, le=1 << 20)] = 8_192
    max_tokens: Annotated[int, Field(ge=3, le=8_192)] = 128
    max_nodes: Annotated[int, Field(ge=0, le=8_192)] = 32
    pooling: Literal["pooler", "cls", "mean", "weighted"] = "weighted"
    reads: Literal["words", "lexemes"] = "words"
    longest: Annotated[int, Field(ge=1, le=8)] = 2
    least: AtLeast1 = 5
    most_features: AtLeast1 = 32_768
    feature_dropout: Share = 0.1
    token_dropout: Share = 0.0
    max_target_tokens: Annotated[int, Field(ge=8, le=8_192)] = 128
    window: Annotated[int, Field(ge=16, le=8_192)] = 500
    facts: AtLeast0 = 0
    most_sites: Annotated[int, Field(ge=1, le=100)] = 16
    neighbours: Annotated[int, Field(ge=0, le=64)] = 0
    width: Annotated[int, Field(ge=1, le=8_192)] = 64
    patch: Annotated[int, Field(ge=1, le=512)] = 4
    layers: Annotated[int, Field(ge=1, le=128)] = 6
    heads: AtLeast1 = 4
    mlp_ratio: Annotated[int, Field(ge=1, le=16)] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Some steps with the same objectives.

    Attributes:
        objectives: What is minimised; ``edges`` and ``alignment`` alternate, all else adds up.
        steps: Updates of the weights.
        batch: Examples in an update.
        accumulate: Parts that a batch is computed in; what is contrasted, is within a part.
        members: Examples of each group, for ``groups``.
        learning_rate: The highest.
        table_rate: How many times as fast tables of embeddings learn; those that begin with
            large numbers, as T5's do, want more than the matrices.
        warmup: Share of the steps on the way up to it.
        schedule: How it comes down.
        optimizer: ``adamw``, or ``sgd`` with momentum.
        momentum: Of SGD.
        nesterov: Whether SGD looks ahead by its momentum.
        weight_decay: On matrices and kernels only.
        temperature: Of the softmax over similarities.
        clip: Longest gradient.
        depth: Layers of an encoder that are gone through; all by default, none for a start as
            a bag of words.
        label_smoothing: Share of what is wanted that all classes get alike, for ``classes``.
        augmentation: What is done to images: ``crop-flip`` moves them by up to four pixels
            and mirrors half of them.
    """

    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1)]
    steps: AtLeast1
    batch: AtLeast1 = 64
    accumulate: AtLeast1 = 1
    members: Annotated[int, Field(ge=2)] = 4
    learning_rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5e-4
    table_rate: Positive = 1.0
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.05
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    temperature: Positive = 0.05
    clip: Positive = 1.0
    depth: AtLeast0 | None = None
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: Share = 0.9
    nesterov: bool = False
    label_smoothing: Share = 0.0
    augmentation: Literal["none", "crop-flip"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an expert is made.

    Attributes:
        name: Of the recipe and of the expert: ``<task>-<scope>``.
        task: What the expert is for.
        corpus: The packed corpus's name.
        model: What is trained.
        stages: One after the other.
        languages: Which of the corpus are learnt; all when empty.
        rewrites: Rewritten copies that each example gets; with them, functions of one telling
            name in several packages belong together too. Of a set of types: copies whose own
            types have other names.
        nameless: Whether queries that name their function are learnt a second time without it.
        also: Further languages that the expert is asked about, because they are nearly one that
            it learns.
        seed: Of everything.
        precision: Numbers in the products; ``auto``: bf16 where the device has units for it.
        measure_every: Steps between measurements on the valid part; 0: only after each stage.
        checkpoint_seconds: Time between checkpoints.
        storage: How the expert's matrices are kept; vectors are kept in fp32.
        sparsity: ``dense``, or an N:M pattern such as ``2:8`` for the layers that can be sparse.
        method: How a sparse model is trained; see `tidemill.sparsity.methods`.
        exempt: Layers that stay dense besides those that the model spares itself, by name or
            ``fnmatch`` pattern.
        decay: What dropped weights lose besides, as a share of them added to their gradient.
        mask_interval: Updates after which masks are chosen anew.
        dense_start: Share of the steps, at the beginning, that is dense.
        dense_finish: Share of the steps, at the end, that is dense.
        adam_switch: Whether AdamW's variance is frozen when the dense start is over (STEP).
        licence: Of the expert.
        about: One line for people.
        limits: What the expert cannot do, or was not measured on, as Markdown for its card.
    """

    name: str
    task: Literal["search", "clones", "images", "types"]
    corpus: str
    model: ModelSpec
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    languages: tuple[str, ...] = ()
    rewrites: Annotated[int, Field(ge=0, le=16)] = 0
    nameless: bool = False
    also: tuple[str, ...] = ()
    seed: int = 0
    precision: Precision = "auto"
    measure_every: AtLeast0 = 0
    checkpoint_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 120.0
    storage: Literal["int8", "bf16", "fp32"] = "int8"
    sparsity: str = "dense"
    method: str = DEFAULT_METHOD
    exempt: tuple[str, ...] = ()
    decay: float = DECAY
    mask_interval: int = 1
    dense_start: float = 0.0
    dense_finish: float = 0.0
    adam_switch: bool = False
    licence: str = "Apache-2.0"
    about: str = ""
    limits: str = ""

    @property
    def hash(self) -> str:
        """Names everything that decides what is learnt.

        What has its default is left out, so that an option which is new here changes no
        recipe that does not use it.
        """
        told = _told(self)
        facts = {name: value for name, value in told.items() if name not in _SAID}
        return content_hash(repr(sorted(facts.items())).encode())

    @property
    def steps(self) -> int:
        """Updates of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def sparse(self) -> Sparsity | None:
        """How the model is made sparse, or None where it is not.

        Raises:
            SettingError: Pattern, method or an option cannot be.
        """
        if self.sparsity == DENSE:
            return None
        return Sparsity(
            pattern=NMPattern.parse(self.sparsity),
            method=self.method,
            decay=self.decay,
            mask_interval=self.mask_interval,
            dense_start=self.dense_start,
            dense_finish=self.dense_finish,
        )

    def at_sparsity(self, sparsity: str, method: str | None = None) -> "Recipe":
        """Return the same recipe at another sparsity.

        Args:
            sparsity: ``dense``, or a pattern.
            method: How it is trained; by default as the recipe says.

        Raises:
            SettingError: There is no such pattern or method.
        """
        if method is not None and sparsity == DENSE:
            raise SettingError(
                f"the method {method} is for sparse models, and this one is dense",
                hint="Say how sparse: --sparsity 2:8",
            )
        kept = DEFAULT_METHOD if sparsity == DENSE else self.method
        other = replace(self, sparsity=sparsity, method=method or kept)
        _ = other.sparse
        return other

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return asdict(self)


def _told(part: "Recipe | ModelSpec | Stage") -> dict[str, object]:
    """Return the fields that differ from their defaults, those of inner parts as well."""
    found: dict[str, object] = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if one.default is MISSING or value != one.default:
            found[one.name] = _plain(value)
    return found


def _plain(value: object) -> object:
    if isinstance(value, ModelSpec | Stage):
        return sorted(_told(value).items())
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def builtin_recipes() -> dict[str, Path]:
    """Return the recipes that come with Tidemill, by name."""
    folder = Path(str(resources.files("tidemill.training") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_recipe(name: str | Path) -> Recipe:
    """Read a recipe: a path, or the name of one that comes with Tidemill.

    Raises:
        InputError: It is not there, not TOML, or an entry is unknown or out of range.
    """
    path = builtin_recipes().get(str(name), Path(name))
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(builtin_recipes())
        raise InputError(
            f"there is no recipe {name}", hint=f"Give a path, or one of: {known}"
        ) from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not a recipe: {error}", path=str(path)) from error
    return _checked(facts, path)


def recipe_from(facts: dict[str, Any]) -> Recipe:
    """Return a recipe from the facts that `Recipe.to_dict` gave."""
    return _checked(facts, Path("run.json"))


def _checked(facts: dict[str, Any], path: Path) -> Recipe:
    try:
        recipe = _schema()(facts)
    except ValidationError as error:
        # A key that nobody knows explains why another one is missing.
        first = min(error.errors(), key=lambda found: found["type"] != UNKNOWN_KEY)
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{place}: {first['msg']}", path=str(path)) from error
    try:
        check_expert_name(recipe.name, recipe.task)
    except ExpertError as error:
        raise InputError(f"name: {error.message}", path=str(path), hint=error.hint) from error
    _check_switch(recipe, path)
    try:
        _ = recipe.sparse
    except SettingError as error:
        raise InputError(f"sparsity: {error.message}", path=str(path), hint=error.hint) from error
    return recipe


def _check_switch(recipe: Recipe, path: Path) -> None:
    stages = recipe.stages
    is_alone = len(stages) == 1 and stages[0].optimizer == "adamw"
    # A variance that thaws in the end would be corrected for steps that it did not see.
    is_sound = is_alone and recipe.dense_start > 0 and recipe.dense_finish == 0
    if recipe.adam_switch and not is_sound:
        raise InputError(
            "adam_switch: there is nothing to freeze",
            path=str(path),
            hint="It takes one stage, adamw, a dense_start above 0 and no dense_finish.",
        )


@cache
def _schema() -> Callable[[dict[str, Any]], Recipe]:
    strict = ConfigDict(extra="forbid")
    for kind in (ModelSpec, Stage, Recipe):
        with_config(strict)(kind)
    return TypeAdapter(Recipe).validate_python
