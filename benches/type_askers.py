"""Who is asked for types in benches: an expert, the compiler, plain means; and about what."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tidemill.core.randomness import stream
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.typed.labelled import LabelledFile, LabelledSite
from tidemill.corpus.typed.packed import labelled_files_of
from tidemill.experts.package import ExpertPackage
from tidemill.metrics.types.baselines.guessing import TypedName
from tidemill.metrics.types.canonical import head
from tidemill.models.typed.uses import SitedFile, Uses, uses_of
from tidemill.serving.operations import open_runnable
from tidemill.serving.type_questions import TypeQuestion
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.scope import type_names_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

__all__ = [
    "Asked",
    "Package",
    "Said",
    "asked_of",
    "by_compiler",
    "by_expert",
    "packages_of",
    "typed_names",
]

SEED = 7
UNKNOWN = frozenset({"any", ""})
"""What the compiler says where it knows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A type that an author wrote, and what everybody may know of its place.

    Attributes:
        row: Name, kind, package and uses, and the type itself.
        is_own: Whether its head is declared in the package.
    """

    row: TypedName
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says of a place."""

    text: str | None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The files of a package, read."""

    rows: Sequence[LabelledFile]
    files: Sequence[SitedFile]
    uses: Mapping[str, Uses]
    own: frozenset[str]

    def asked(self) -> Iterator[tuple[int, int, LabelledSite]]:
        """Yield file, site and label of each type that an author wrote."""
        for number, (row, file) in enumerate(zip(self.rows, self.files, strict=True)):
            labels = {(label.kind, label.start): label for label in row.sites if label.user}
            for place, site in enumerate(file.sites):
                label = labels.get((site.kind, site.place.start))
                if label is not None:
                    yield number, place, label


def packages_of(corpus: PackedCorpus, split: str, most: int | None) -> Iterator[Package]:
    """Yield the packages of a split; of each about as many files as fit into the most."""
    rows = [*labelled_files_of(corpus, split)]
    if most is not None:
        chosen = {*stream(SEED, split).sample(range(len(rows)), min(most, len(rows)))}
        rows = [row for number, row in enumerate(rows) if number in chosen]
    for _, some in groupby(rows, lambda row: row.file.package):
        own = [*some]
        files = [_sited(row) for row in own]
        names = {
            name.name
            for file in files
            for name in type_names_of(file.tree)
            if name.kind not in {"import", "parameter"}
        }
        yield Package(rows=own, files=files, uses=uses_of(files), own=frozenset(names))


def _sited(row: LabelledFile) -> SitedFile:
    tree = parse(row.file.code.encode(), LANGUAGES[row.file.language])
    return SitedFile(path=row.file.path, tree=tree, sites=sites_of(tree))


def typed_names(package: Package) -> Iterator[TypedName]:
    """Yield all types of a package, those that the compiler inferred as well."""
    for row, file in zip(package.rows, package.files, strict=True):
        places = {(str(site.kind), site.place.start): n for n, site in enumerate(file.sites)}
        for label in row.sites:
            uses = package.uses[file.path].get(places.get((label.kind, label.start), -1), ())
            yield _typed_name(label, row.file.package, uses)


def asked_of(package: Package) -> Iterator[Asked]:
    """Yield what is asked about a package."""
    for number, place, label in package.asked():
        file = package.files[number]
        yield Asked(
            row=_typed_name(
                label, package.rows[number].file.package, package.uses[file.path].get(place, ())
            ),
            is_own=head(label.label) in package.own,
        )


def _typed_name(label: LabelledSite, package: str, uses: Sequence[str]) -> TypedName:
    return TypedName(
        name=label.name, kind=label.kind, label=label.label, package=package, uses=tuple(uses)
    )


def by_expert(package: Package, expert: ExpertPackage) -> list[Said]:
    """Return what an expert says; how sites are used is looked for as it is for users."""
    uses = uses_of(package.files)
    wanted: dict[int, list[int]] = {}
    for number, place, _ in package.asked():
        wanted.setdefault(number, []).append(place)
    runnable = _opened(expert)
    questions = [
        TypeQuestion(
            text=package.files[number].tree.text,
            language=package.files[number].tree.language.name,
            sites=tuple(places),
            uses=uses[package.files[number].path],
        )
        for number, places in wanted.items()
    ]
    answers = runnable.types(questions)
    found = {
        (number, answer.site): Said(text=answer.types[0], confidence=answer.confidences[0])
        for number, own in zip(wanted, answers, strict=True)
        for answer in own
        if answer.types
    }
    nothing = Said(text=None, confidence=0.0)
    return [found.get((number, place), nothing) for number, place, _ in package.asked()]


def by_compiler(package: Package) -> list[Said]:
    """Return what the compiler says where it says anything but any.

    It was asked when the set was built, with all files of the package before it: those that are
    not in the set with their annotations, which is in its favour.
    """
    answers = (label.compiler for _, _, label in package.asked())
    return [Said(text=None if text in UNKNOWN else text) for text in answers]


@functools.lru_cache(maxsize=2)
def _opened(expert: ExpertPackage) -> Any:
    return open_runnable(expert)
