"""One file of a set of types, and the sites in it."""

from dataclasses import dataclass, fields

__all__ = ["FILE_COLUMNS", "SITE_COLUMNS", "LabelledFile", "LabelledSite", "TypedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSite:
    """A place with the type that belongs there.

    Attributes:
        file: Row of its file among those of the split.
        kind: ``parameter``, ``return``, ``variable`` or ``field``.
        name: As the file has it; empty for the result of a nameless function.
        start: First byte of the name in the stripped text.
        end: Byte after its last.
        label: The type as its author or the compiler wrote it.
        user: Whether its author wrote it.
        compiler: What the compiler makes of the place once all annotations are gone;
            empty where it says nothing that can be written down.
    """

    file: int
    kind: str
    name: str
    start: int
    end: int
    label: str
    user: bool
    compiler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFile:
    """A file whose annotations are blanked.

    Attributes:
        id: Content hash of the file as it was.
        language: Its language.
        package: What it comes from.
        family: Packages of one family are never in two splits.
        licence: SPDX expression.
        path: Inside the package.
        code: Its text without annotations; every other byte is in its place.
    """

    id: str
    language: str
    package: str
    family: str
    licence: str
    path: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFile:
    """A file with its sites."""

    file: TypedFile
    sites: tuple[LabelledSite, ...]


FILE_COLUMNS = tuple(item.name for item in fields(TypedFile))
SITE_COLUMNS = tuple(item.name for item in fields(LabelledSite))
