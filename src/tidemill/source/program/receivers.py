"""Types of variables, as far as somebody knows them: they say what a call means.

A call ``db.query(...)`` has no target while nobody knows what ``db`` is. Whoever knows is
asked through ``ReceiverTypes``: what the author declared, what a model has inferred, or
one after the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from tidemill.source.program.functions import Definitions
from tidemill.source.program.jsdoc import DocTypes, doc_types
from tidemill.source.program.scopes import Names
from tidemill.source.program.syntax import NONE, Syntax
from tidemill.source.program.typenames import parameter_type_names, type_name

__all__ = [
    "DeclaredTypes",
    "FirstOf",
    "GivenTypes",
    "NoTypes",
    "Origin",
    "ReceiverType",
    "ReceiverTypes",
]

Origin = Literal["declared", "inferred"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverType:
    """The type of a variable.

    Attributes:
        name: Its name as it is known in the file, such as ``Connection`` or
            ``mysql.Connection``.
        origin: Whether its author said so, or somebody concluded it.
    """

    name: str
    origin: Origin


class ReceiverTypes(Protocol):
    """Whoever knows types of variables."""

    def type_of(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of the variable or field whose declaration has its name there.

        Args:
            path: The file.
            offset: First byte of the name in the declaration; of a destructured
                parameter, first byte of its pattern.
        """
        ...

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of what a function returns.

        Args:
            path: The file.
            offset: First byte of the function's node.
        """
        ...

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:
        """Return the types of what a function gets that a variable holds, as far as known.

        Args:
            path: The file.
            offset: As for ``type_of``.
        """
        ...


class NoTypes:
    """Knows nothing."""

    def type_of(self, path: str, offset: int) -> ReceiverType | None:  # noqa: ARG002
        """Return None."""
        return None

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:  # noqa: ARG002
        """Return None."""
        return None

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:  # noqa: ARG002
        """Return nothing."""
        return ()


class GivenTypes:
    """Types that somebody hands over, such as a model's.

    Args:
        types: Type as written by file and byte offset of the variable's declaration.
        returned: Type as written by file and first byte of the function.
        origin: Where they come from.
    """

    def __init__(
        self,
        types: Mapping[tuple[str, int], str],
        returned: Mapping[tuple[str, int], str] | None = None,
        *,
        origin: Origin = "inferred",
    ) -> None:
        self._types = _read(types, origin)
        self._handed = _read_functions(types, origin)
        self._returned = _read(returned or {}, origin)

    def type_of(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of a variable, if it was given."""
        return self._types.get((path, offset))

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of a function's value, if it was given."""
        return self._returned.get((path, offset))

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:
        """Return what a function gets that a variable holds, if its type was given."""
        return self._handed.get((path, offset), ())


class FirstOf:
    """Asks one after the other until one knows.

    Args:
        sources: Whom to ask, in this order.
    """

    def __init__(self, *sources: ReceiverTypes) -> None:
        self._sources = sources

    def type_of(self, path: str, offset: int) -> ReceiverType | None:
        """Return the first answer on a variable."""
        answers = (source.type_of(path, offset) for source in self._sources)
        return next((answer for answer in answers if answer is not None), None)

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:
        """Return the first answer on a function."""
        answers = (source.returned_by(path, offset) for source in self._sources)
        return next((answer for answer in answers if answer is not None), None)

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:
        """Return the first answer on what a function gets."""
        answers = (source.handed_on(path, offset) for source in self._sources)
        return next((answer for answer in answers if answer), ())


class DeclaredTypes:
    """Types that the files declare: TypeScript's annotations, and JSDoc in any of them.

    Args:
        files: Syntax, names and definitions of every file.
    """

    def __init__(self, files: Iterable[tuple[Syntax, Names, Definitions]]) -> None:
        types: dict[tuple[str, int], str] = {}
        returned: dict[tuple[str, int], str] = {}
        for syntax, names, definitions in files:
            for doc in doc_types(syntax):
                _enter_doc(syntax, definitions, doc, (types, returned))
            _enter_annotations(syntax, names, types, returned)
        self._given = GivenTypes(types, returned, origin="declared")

    def type_of(self, path: str, offset: int) -> ReceiverType | None:
        """Return the declared type of a variable."""
        return self._given.type_of(path, offset)

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:
        """Return the declared type of a function's value."""
        return self._given.returned_by(path, offset)

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:
        """Return what a function gets that a variable holds, as declared."""
        return self._given.handed_on(path, offset)


def _read(
    written: Mapping[tuple[str, int], str], origin: Origin
) -> dict[tuple[str, int], ReceiverType]:
    names = ((place, type_name(text)) for place, text in written.items())
    return {
        place: ReceiverType(name=name, origin=origin) for place, name in names if name is not None
    }


def _read_functions(
    written: Mapping[tuple[str, int], str], origin: Origin
) -> dict[tuple[str, int], tuple[ReceiverType | None, ...]]:
    names = ((place, parameter_type_names(text)) for place, text in written.items())
    return {
        place: tuple(
            None if name is None else ReceiverType(name=name, origin=origin) for name in found
        )
        for place, found in names
        if any(found)
    }


Tables = tuple[dict[tuple[str, int], str], dict[tuple[str, int], str]]


def _enter_annotations(
    syntax: Syntax,
    names: Names,
    types: dict[tuple[str, int], str],
    returned: dict[tuple[str, int], str],
) -> None:
    for at, kind in enumerate(syntax.kinds):
        if kind != "type_annotation":
            continue
        text = syntax.word(at).removeprefix(":")
        holder = syntax.parents[at]
        if syntax.fields[at] == "return_type":
            returned[syntax.path, syntax.starts[holder]] = text
            continue
        named = max(syntax.child(holder, "name"), syntax.child(holder, "pattern"))
        if named == NONE:
            named = syntax.child(holder, "property")
        if named != NONE:
            types[syntax.path, syntax.starts[_declaration(names, named, syntax)]] = text


def _declaration(names: Names, at: int, syntax: Syntax) -> int:
    """Return where a variable is declared first; a field is declared where it stands."""
    variable = names.variables.get(at)
    return at if variable is None or syntax.kinds[at] != "identifier" else variable.at


def _enter_doc(syntax: Syntax, definitions: Definitions, doc: DocTypes, tables: Tables) -> None:
    types, returned = tables
    function = definitions.functions.get(doc.function)
    if function is not None:
        for parameter in function.parameters:
            written = (
                doc.parameters.get(syntax.word(parameter.names[0])) if parameter.names else None
            )
            if written:
                types[syntax.path, syntax.starts[parameter.at]] = written
        if doc.returned:
            returned[syntax.path, syntax.starts[function.at]] = doc.returned
    name = _typed_name(syntax, doc.at)
    if doc.own and name != NONE:
        types[syntax.path, syntax.starts[name]] = doc.own


def _typed_name(syntax: Syntax, at: int) -> int:
    """Return the name that a statement or field declares first."""
    for inner in range(at, syntax.after[at]):
        if syntax.kinds[inner] in {"variable_declarator", "public_field_definition"}:
            return syntax.child(inner, "name")
        if syntax.kinds[inner] == "field_definition":
            return syntax.child(inner, "property")
    return NONE
