"""What a training set is made of: every package, every set and every limit by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from typing_extensions import override

__all__ = [
    "IMAGE_SOURCES",
    "LAYOUTS",
    "REGISTRIES",
    "TAKES",
    "DataSet",
    "ImageSource",
    "Limits",
    "Package",
    "Recipe",
    "Registry",
]

Registry = Literal["pip", "npm", "apt", "apt-source"]
Layout = Literal["folders", "lines", "table", "sources"]
Take = Literal["documented", "all", "types"]
ImageSourceKind = Literal["folders", "digits", "textures"]

REGISTRIES: tuple[Registry, ...] = ("pip", "npm", "apt", "apt-source")
LAYOUTS: tuple[Layout, ...] = ("folders", "lines", "table", "sources")
TAKES: tuple[Take, ...] = ("documented", "all", "types")
IMAGE_SOURCES: tuple[ImageSourceKind, ...] = ("folders", "digits", "textures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of what is taken.

    Attributes:
        equal: Whether of several functions with the same text one stays.
        near: Jaccard similarity of 5-token shingles from which two functions
            count as one; 0: only equal ones do.
        share: Part of its language's training tokens that one package may have; 1: all.
        longest_bytes: Longer functions are left out.
        held_out: Functions of a language in each of valid and test at most, or sites of a
            package; 0: no limit.
        package_bytes: Bytes of a package whose types are labelled at most; 0: no limit.
        documented: Functions of a language with a query in training at most; a
            language that is not named has no limit.
        undocumented: The same for functions without a query; a language that is
            not named has none, or no limit where all functions are taken.
    """

    equal: bool = True
    near: float = 0.0
    share: float = 1.0
    longest_bytes: int = 16_384
    held_out: int = 0
    package_bytes: int = 0
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

    registry: Registry
    name: str
    version: str
    sha256: str
    licence: str
    language: str
    family: str
    split: str
    only: tuple[str, ...] = ()

    @override
    def __str__(self) -> str:
        return f"{self.registry}:{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Examples that lie on the disk already: a benchmark's, or one's own.

    Attributes:
        name: As its examples are counted.
        layout: ``folders``: a file an example, the folder around it is the
            group; ``lines``: files whose lines belong together; ``table``: rows
            of JSON, JSON lines or Parquet; ``sources``: code, read like a package's.
        files: For each split the paths: one, or for ``lines`` one a side.
        languages: The language of each side, or the one of all.
        licence: What is known of it; no allow-list holds for one's own data.
        fields: ``table`` only: for a column of an example the field of a row.
        pairs: For each split a CSV of two file names' stems, a clone (1) or not
            (0), and the number of its kind.
        kinds: Names of those numbers.
        unwrap: ``folders`` only: take the longest function of a file, not the file.
    """

    name: str
    layout: Layout
    files: Mapping[str, tuple[Path, ...]]
    languages: tuple[str, ...]
    licence: str
    fields: Mapping[str, str] = field(default_factory=dict)
    pairs: Mapping[str, Path] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    unwrap: bool = False

    @override
    def __str__(self) -> str:
        return f"set {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where the images of a set come from.

    Attributes:
        kind: ``folders``: pictures in folders with their classes' names; ``digits``: those of
            scikit-learn; ``textures``: made from the seed.
        path: ``folders`` only: the folder, or an archive of it.
        side: Rows and columns of an image, in pixels.
        valid: Share of each class that is measured with, and not learnt from.
        count: ``textures`` only: images to make.
        origin: Who made them.
        licence: What is known of it.
    """

    kind: ImageSourceKind
    path: Path
    side: int
    valid: float
    count: int
    origin: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a training set is made of.

    Attributes:
        name: Of the set.
        about: What it is for, in a sentence.
        digest: Content hash of the recipe's text, and of those it takes packages from.
        seed: Of what is drawn.
        take: Functions with a query alone, or all, or whole files for their types.
        languages: Languages that must all be there in the end.
        licences: Licences that are let in.
        limits: How much of what is taken.
        packages: What is fetched.
        sets: What is there already.
        images: Where the images come from, if it is a set of images, and not of code.
        compiler: Who labels types, if it is a set of types.
    """

    name: str
    about: str
    digest: str
    seed: int
    take: Take
    languages: tuple[str, ...]
    licences: frozenset[str]
    limits: Limits
    packages: tuple[Package, ...]
    sets: tuple[DataSet, ...]
    images: ImageSource | None = None
    compiler: Package | None = None
