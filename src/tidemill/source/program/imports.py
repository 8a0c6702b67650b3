"""What a file imports and exports, as it is written.

ES modules with their re-exports, CommonJS with ``require`` (whole, destructured, of one
member) and ``module.exports``, and TypeScript's ``import x = require()`` and ``export =``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tidemill.source.program.scopes import Names
from tidemill.source.program.syntax import NONE, Syntax, unwrapped
from tidemill.source.program.targets import declared_names, place_of

__all__ = ["ALL", "DEFAULT", "Export", "Import", "exports_of", "imports_of", "required"]

ALL = "*"
"""The name that stands for the whole of a module."""

DEFAULT = "default"
EXPORTED = frozenset({"identifier", "member_expression", "subscript_expression"})
EXPORTS = {"exports": (), "module": ("exports",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name that comes from another module.

    Attributes:
        at: The name that is bound here, or the expression that stands for the module.
        specifier: The module as written.
        name: What is taken from it; ``*``: all of it.
        is_type: Only a type, of which nothing is left at run time.
    """

    at: int
    specifier: str
    name: str
    is_type: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One name that other modules may take from here.

    Attributes:
        at: The value or the name of it here; the statement where it comes from another
            module.
        name: What it is called outside; ``*``: everything of that module, or, of a value
            here, all that this module is.
        specifier: The module that it comes from; empty for a value of this file.
        imported: What it is called in that module; ``*``: all of it.
    """

    at: int
    name: str
    specifier: str = ""
    imported: str = ""


def imports_of(syntax: Syntax, names: Names) -> tuple[Import, ...]:
    """Return the imports of a file, in order."""
    found: list[Import] = []
    for at, kind in enumerate(syntax.kinds):
        if kind == "import_statement":
            found += _imported(syntax, at)
        elif kind == "call_expression":
            specifier = required(syntax, names, at)
            if specifier:
                found.append(Import(at=at, specifier=specifier, name=ALL))
    return tuple(found)


def exports_of(syntax: Syntax, names: Names) -> tuple[Export, ...]:
    """Return the exports of a file, in order."""
    found: list[Export] = []
    for at, kind in enumerate(syntax.kinds):
        if kind == "export_statement" and not _in_namespace(syntax, at):
            found += _exported(syntax, at)
        elif kind == "assignment_expression":
            found += _assigned(syntax, names, at)
    return tuple(found)


def required(syntax: Syntax, names: Names, call: int) -> str:
    """Return the module that a call of ``require`` or ``import`` loads, or nothing."""
    callee = syntax.child(call, "function")
    arguments = syntax.child(call, "arguments")
    if NONE in {callee, arguments} or syntax.kinds[arguments] != "arguments":
        return ""
    is_require = syntax.word(callee) == "require" and callee not in names.variables
    first = next(syntax.children(arguments), NONE)
    if first == NONE or not (is_require or syntax.kinds[callee] == "import"):
        return ""
    return syntax.key(first) if syntax.kinds[first] == "string" else ""


def _in_namespace(syntax: Syntax, at: int) -> bool:
    return syntax.kinds[syntax.parents[at]] != "program"


def _source(syntax: Syntax, at: int) -> str:
    source = syntax.child(at, "source")
    return "" if source == NONE else syntax.key(source)


def _imported(syntax: Syntax, statement: int) -> Iterator[Import]:
    specifier = _source(syntax, statement)
    only_types = syntax.has(statement, "type")
    for at in range(statement + 1, syntax.after[statement]):
        kind, parent = syntax.kinds[at], syntax.parents[at]
        if kind == "import_require_clause":
            name = next((part for part in syntax.children(at)), at)
            yield Import(at=name, specifier=_source(syntax, at), name=ALL)
        elif kind == "import_specifier":
            yield _named(syntax, at, specifier, only_types=only_types)
        elif kind == "identifier" and syntax.kinds[parent] == "namespace_import":
            yield Import(at=at, specifier=specifier, name=ALL, is_type=only_types)
        elif kind == "identifier" and syntax.kinds[parent] == "import_clause":
            yield Import(at=at, specifier=specifier, name=DEFAULT, is_type=only_types)


def _named(syntax: Syntax, at: int, specifier: str, *, only_types: bool) -> Import:
    name, alias = syntax.child(at, "name"), syntax.child(at, "alias")
    name = at if name == NONE else name
    return Import(
        at=name if alias == NONE else alias,
        specifier=specifier,
        name=syntax.key(name),
        is_type=only_types or syntax.has(at, "type"),
    )


def _exported(syntax: Syntax, at: int) -> Iterator[Export]:
    specifier = _source(syntax, at)
    declaration, value = syntax.child(at, "declaration"), syntax.child(at, "value")
    clauses = [part for part in syntax.children(at) if syntax.kinds[part] == "export_clause"]
    spaces = [part for part in syntax.children(at) if syntax.kinds[part] == "namespace_export"]
    if clauses:
        yield from _listed(syntax, clauses[0], specifier)
    elif spaces:
        space = spaces[0]
        outside = syntax.key(space + 1) if syntax.after[space] > space + 1 else ALL
        yield Export(at=at, name=outside, specifier=specifier, imported=ALL)
    elif specifier:
        yield Export(at=at, name=ALL, specifier=specifier, imported=ALL)
    elif syntax.has(at, DEFAULT):
        yield Export(at=max(declaration, value), name=DEFAULT)
    elif declaration != NONE:
        for name in declared_names(syntax, declaration):
            yield Export(at=name, name=syntax.key(name))
    else:
        parts = [part for part in syntax.children(at) if syntax.kinds[part] == "identifier"]
        yield from (Export(at=part, name=ALL) for part in parts)


def _listed(syntax: Syntax, clause: int, specifier: str) -> Iterator[Export]:
    for part in syntax.children(clause):
        if syntax.kinds[part] == "export_specifier":
            yield _specified(syntax, part, specifier)


def _specified(syntax: Syntax, at: int, specifier: str) -> Export:
    name, alias = syntax.child(at, "name"), syntax.child(at, "alias")
    name = at if name == NONE else name
    outside = syntax.key(name if alias == NONE else alias)
    if specifier:
        return Export(at=at, name=outside, specifier=specifier, imported=syntax.key(name))
    return Export(at=name, name=outside)


def _head(syntax: Syntax, names: Names, root: int) -> tuple[str, ...] | None:
    """Return the path from a name to what the file exports; None if none leads there."""
    if syntax.kinds[root] != "identifier":
        return None
    variable = names.variables.get(root)
    if variable is None:
        return EXPORTS.get(syntax.word(root))
    declarator = syntax.parents[variable.at]
    value = syntax.child(declarator, "value")
    if variable.definitions != [variable.at] or NONE in {declarator, value}:
        return None
    inner, path = place_of(syntax, value)
    is_free = inner not in names.variables and syntax.kinds[inner] == "identifier"
    return () if is_free and EXPORTS.get(syntax.word(inner)) == path else None


def _assigned(syntax: Syntax, names: Names, at: int) -> Iterator[Export]:
    """Yield what an assignment to ``module.exports`` or ``exports`` exports."""
    left, right = syntax.child(at, "left"), syntax.child(at, "right")
    if NONE in {left, right} or syntax.kinds[left] not in EXPORTED:
        return
    root, path = place_of(syntax, left)
    head = _head(syntax, names, root)
    if head is None or path[: len(head)] != head:
        return
    path = path[len(head) :]
    if not path and syntax.kinds[left] == "identifier":
        return
    if len(path) <= 1 and ALL not in path:
        yield Export(at=unwrapped(syntax, right), name=path[0] if path else ALL)
