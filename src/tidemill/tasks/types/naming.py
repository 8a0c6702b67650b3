"""How a type of the program is named in one of its files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tidemill.source.annotations.site import TypeSite
from tidemill.source.parsing import captures_of
from tidemill.source.typescript.syntax.wording import TypeText, read_type
from tidemill.tasks.types.builtins import GLOBAL_TYPES
from tidemill.tasks.types.exports import ExportedType, Exports
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.specifiers import Style, specifier

__all__ = ["Import", "Namer", "Naming"]

NAMES = "[(identifier) (type_identifier) (shorthand_property_identifier_pattern)] @name"
LITERALS = frozenset({"undefined", "null", "true", "false"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Import:
    """A type that a file has to import.

    Attributes:
        module: The specifier.
        exported: Its name there; ``default`` for the default.
        local: Its name here.
    """

    module: str
    exported: str
    local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A type in the words of a file.

    Attributes:
        type: The type.
        imports: What it needs.
        strangers: Names of which nothing is known here: global ones of libraries, or none.
    """

    type: TypeText
    imports: tuple[Import, ...]
    strangers: tuple[str, ...]


class Namer:
    """Names types in one file.

    Args:
        file: The file.
        exports: What the program exports.
        style: How the file writes the endings of what it imports.
    """

    def __init__(self, file: ProjectFile, exports: Exports, style: Style) -> None:
        self._file = file
        self._exports = exports
        self._style = style

    def namings(self, type_text: TypeText, site: TypeSite) -> Iterator[Naming]:
        """Yield the ways in which a type can be said at a site, the likeliest first.

        A name that is not in scope is that of the nearest file which exports it; one that
        also the language defines is the language's, then the file's.

        Args:
            type_text: The type, in names of the program.
            site: Where it is to be said.
        """
        foreign = self._foreign(type_text, site)
        seen = set()
        for turn in range(1 + max((len(found) for found in foreign.values()), default=0)):
            chosen = {name: _at(name, found, turn) for name, found in foreign.items()}
            naming = self._naming(type_text, chosen)
            if naming is not None and naming not in seen:
                seen.add(naming)
                yield naming

    def _foreign(self, type_text: TypeText, site: TypeSite) -> Mapping[str, list[ExportedType]]:
        """Return the names that are not in scope, each with what it may mean."""
        place = site.place.start
        own = {
            name.name
            for name in self._file.type_names
            if name.scope.start <= place < name.scope.end
        }
        names = dict.fromkeys(name for name, _ in type_text.names)
        wanted = [name for name in names if name not in own and name not in LITERALS]
        return {name: self._exports.of(name, self._file) for name in wanted}

    def _naming(
        self, type_text: TypeText, chosen: Mapping[str, ExportedType | None]
    ) -> Naming | None:
        imports = {name: self._import(one) for name, one in chosen.items() if one is not None}
        if imports and not (self._file.is_module or self._file.is_script):
            return None
        renamed = read_type(type_text.renamed({name: one.local for name, one in imports.items()}))
        if renamed is None:
            return None
        strangers = [
            name for name, one in chosen.items() if one is None and name not in GLOBAL_TYPES
        ]
        return Naming(type=renamed, imports=tuple(imports.values()), strangers=tuple(strangers))

    def _import(self, one: ExportedType) -> Import:
        module = specifier(self._file.path.as_posix(), one.path, self._style)
        local = one.name
        while not self._file.is_script and local in self._taken:
            local += "Type"
        return Import(module=module, exported=one.exported, local=local)

    @cached_property
    def _taken(self) -> frozenset[str]:
        """All names that the file says in any way."""
        text = self._file.text
        nodes = captures_of(self._file.tree, NAMES).get("name", [])
        return frozenset(text[one.start_byte : one.end_byte].decode() for one in nodes)


def _at(name: str, found: Sequence[ExportedType], turn: int) -> ExportedType | None:
    """Return what a name means at a turn: each export, then none; of the language's the reverse."""
    order: list[ExportedType | None] = [*found]
    order.insert(0 if name in GLOBAL_TYPES else len(order), None)
    return order[min(turn, len(order) - 1)]
