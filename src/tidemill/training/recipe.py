"""A recipe: everything that decides what an expert becomes, in one TOML file.

A recipe and the packed corpus that it names are enough to train the same expert again.
"""

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from tidemill.core.errors import ExpertError, InputError
from tidemill.core.hashing import content_hash
from tidemill.experts.names import check_expert_name

__all__ = [
    "ModelSpec",
    "Precision",
    "Recipe",
    "Stage",
    "builtin_recipes",
    "read_recipe",
    "recipe_from",
]

Kind = Literal["convolution", "encoder", "static"]
Precision = Literal["auto", "fp32", "bf16"]
_SAID = frozenset({"about", "also", "licence", "limits"})
"""What is said of an expert, and changes nothing in it."""

UNKNOWN_KEY = "unexpected_keyword_argument"
"""What pydantic calls it."""

AtLeast0 = Annotated[int, Field(ge=0)]
AtLeast1 = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
ObjectiveName = Literal["masked-language", "edges", "alignment", "search", "groups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What is trained.

    Attributes:
        kind: ``encoder`` (graph-guided transformer), ``static`` (a linear map of n-grams) or
            ``convolution`` (over lexical tokens, for clones).
        size: Of an encoder: ``bag`` (no layers), ``mini``, ``tiny``, ``small`` or ``base``.
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
            convolution makes unknown.
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
        warmup: Share of the steps on the way up to it.
        schedule: How it comes down.
        weight_decay: Of AdamW, on matrices only.
        temperature: Of the softmax over similarities.
        clip: Longest gradient.
        depth: Layers of an encoder that are gone through; all by default, none for a start as
            a bag of words.
    """

    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1)]
    steps: AtLeast1
    batch: AtLeast1 = 64
    accumulate: AtLeast1 = 1
    members: Annotated[int, Field(ge=2)] = 4
    learning_rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5e-4
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.05
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    temperature: Positive = 0.05
    clip: Positive = 1.0
    depth: AtLeast0 | None = None


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
            name in several packages belong together too.
        nameless: Whether queries that name their function are learnt a second time without it.
        also: Further languages that the expert is asked about, because they are nearly one that
            it learns.
        seed: Of everything.
        precision: Numbers in the products; ``auto``: bf16 where the device has units for it.
        measure_every: Steps between measurements on the valid part; 0: only after each stage.
        checkpoint_seconds: Time between checkpoints.
        storage: How the expert's matrices are kept; vectors are kept in fp32.
        licence: Of the expert.
        about: One line for people.
        limits: What the expert cannot do, or was not measured on, as Markdown for its card.
    """

    name: str
    task: Literal["search", "clones"]
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
        raise InputError(f"name: {error.message}", path=str(path)) from error
    return recipe


@cache
def _schema() -> Callable[[dict[str, Any]], Recipe]:
    strict = ConfigDict(extra="forbid")
    for kind in (ModelSpec, Stage, Recipe):
        with_config(strict)(kind)
    return TypeAdapter(Recipe).validate_python
