"""What a training set is made of: a file of TOML that names every package and every limit."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.corpus.example import SPLITS
from tidemill.corpus.licence import PERMISSIVE, is_allowed
from tidemill.source.language import LANGUAGES

__all__ = ["REGISTRIES", "Limits", "Package", "Recipe", "built_in", "read_recipe"]

REGISTRIES = ("pip", "npm", "apt", "apt-source")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of what is taken.

    Attributes:
        share: Part of its language's training tokens that one package may have; 1: all.
        near: Jaccard similarity of 5-token shingles from which two functions
            count as one; 0: only equal ones do.
        longest_bytes: Longer functions are left out.
        held_out: Functions of a language in each of valid and test at most.
        documented: Documented functions of a language in training at most; a
            language that is not named has no limit.
        undocumented: Functions without a query in training at most; a language
            that is not named has none.
    """

    share: float = 1.0
    near: float = 0.0
    longest_bytes: int = 16_384
    held_out: int = 1_000_000
    documented: Mapping[str, int] = field(default_factory=dict)
    undocumented: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One pinned package.

    Attributes:
        registry: Whose client fetches it.
        name: Its name there.
        version: Exactly this one.
        sha256: Of the file that is fetched.
        licence: SPDX expression, as somebody read it.
        language: The only language that is taken from it.
        family: What it belongs to; by default its scope, or else its name.
        split: Where its family goes.
        only: Beginnings of paths inside it; empty: all of it.
    """

    registry: str
    name: str
    version: str
    sha256: str
    licence: str
    language: str
    family: str
    split: str
    only: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.registry}:{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a training set is made of.

    Attributes:
        name: Of the set.
        about: What it is for, in a sentence.
        digest: Content hash of the recipe's text.
        seed: Of what is drawn.
        licences: Licences that are let in.
        languages: Languages that must all be there in the end.
        limits: How much of what is taken.
        packages: Where it comes from.
    """

    name: str
    about: str
    digest: str
    seed: int
    licences: frozenset[str]
    languages: tuple[str, ...]
    limits: Limits
    packages: tuple[Package, ...]


def built_in() -> tuple[str, ...]:
    """Return the names of the recipes that come with Tidemill."""
    folder = resources.files("tidemill.corpus") / "recipes"
    return tuple(sorted(e.name.removesuffix(".toml") for e in folder.iterdir() if e.name.endswith(".toml")))


def read_recipe(name: str) -> Recipe:
    """Read a recipe by its name or its path."""
    text, path = _text_of(name)
    table = tomllib.loads(text)
    limits = Limits(**table.get("limits", {}))
    licences = frozenset(table.get("licences", PERMISSIVE))
    packages = tuple(_packages(table.get("packages", [])))
    return Recipe(
        name=table["name"],
        about=table.get("about", ""),
        digest=content_hash(text.encode()),
        seed=table.get("seed", 0),
        licences=licences,
        languages=tuple(table.get("languages", ())),
        limits=limits,
        packages=packages,
    )


def _text_of(name: str) -> tuple[str, str]:
    if name in built_in():
        place = resources.files("tidemill.corpus") / "recipes" / f"{name}.toml"
        return place.read_text(encoding="utf-8"), name
    return Path(name).read_text(encoding="utf-8"), name


def _packages(groups: Sequence[Mapping[str, Any]]) -> Iterator[Package]:
    for group in groups:
        shared = {key: value for key, value in group.items() if key != "pins"}
        for pin in group["pins"]:
            facts = shared | pin
            facts.setdefault("family", _family(facts["name"]))
            facts["only"] = tuple(facts.get("only", ()))
            yield Package(**facts)


def _family(name: str) -> str:
    return name.partition("/")[0] if name.startswith("@") else name
