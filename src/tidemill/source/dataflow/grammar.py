"""A language table compiled against its tree-sitter grammar.

Kinds and fields become numbers once, so that the walk over a tree compares integers
only. A table that names a kind or field its grammar does not have is an error: grammars
drift between releases, and silence is how the published extractor lost its edges.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from tidemill.core.errors import TidemillError
from tidemill.source.dataflow.roles import Kinds, Part, Role, Skip

if TYPE_CHECKING:
    import tree_sitter

__all__ = ["CompiledGrammar", "FlowTable", "compile_grammar"]

_ANY_KIND = 1 << 16
_POSITION = -1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTable:
    """Everything data flow knows of one language.

    Attributes:
        roles: Node kind to role; kinds without a role are transparent.
        assignment_declares: Where a plain assignment makes a variable: in the function
            (Python, PHP), in the innermost block unless already visible (Ruby), or
            nowhere (``None``).
        wildcard: The pattern that matches all and binds nothing.
        wildcard_declares: Whether a declaration makes the wildcard a variable (C#).
        true: Texts of conditions that never fail.
        false: Texts of conditions that never hold.
        streams: Left ends of ``>>`` chains that write their right operands (C++).
        receiver_arguments: Whether a function written as an argument of a method call
            gets its parameters from the receiver.
        optional_kinds: Kinds that only some releases of the grammar have.
        type_fields: Fields under which a name is a type and no variable.
        receiver: The text of a name that is the receiver, and no variable (PHP).
        names_need_definition: Whether a bare name is a variable only after a definition
            of it, and a method call before (Ruby).
        throwers: Methods and functions that never return to their caller.
        keywords: Words that the grammar takes for names in places (C ``va_arg(ap, int)``).
    """

    roles: Mapping[str, Role]
    assignment_declares: Literal["function", "visible"] | None = None
    wildcard: bytes = b""
    wildcard_declares: bool = False
    true: tuple[bytes, ...] = (b"true",)
    false: tuple[bytes, ...] = (b"false",)
    streams: tuple[bytes, ...] = ()
    optional_kinds: frozenset[str] = frozenset()
    type_fields: tuple[str, ...] = ()
    receiver: bytes = b""
    names_need_definition: bool = False
    throwers: tuple[bytes, ...] = ()
    keywords: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledGrammar:
    """A table in numbers.

    Attributes:
        table: The table it was made from.
        keep: Per kind id, whether its nodes enter the flat tree (1), or are damage (2).
        roles: Per kind id, its role with parts as integers, or ``None``.
        error: The id under which damaged regions appear in the flat tree; it has no role.
        type_fields: Ids of the fields under which a name is a type.
    """

    table: FlowTable
    keep: "array[int]"
    roles: tuple[Role | None, ...]
    error: int
    type_fields: frozenset[int | None] = frozenset()


def compile_grammar(table: FlowTable, language: "tree_sitter.Language") -> CompiledGrammar:
    """Compile ``table`` for ``language``.

    Raises:
        TidemillError: If the table names a kind or field the grammar does not have.
    """
    count = language.node_kind_count
    names = [language.node_kind_for_id(kind) for kind in range(count)]
    named = [language.node_kind_is_named(kind) for kind in range(count)]
    known = {name for name, is_named in zip(names, named, strict=True) if is_named}
    # A token may have a role where no node has its name (C# `this`).
    tokens = set(table.roles) - known
    known.update(name for name in names if name in tokens)
    missing = sorted(set(table.roles) - known - table.optional_kinds)
    if missing:
        raise TidemillError(f"the {language.name} grammar has no node kinds {missing}")
    ids: dict[str, list[int]] = {}
    for kind, name in enumerate(names):
        if name is not None and (named[kind] or name in tokens):
            ids.setdefault(name, []).append(kind)
    compiled = {name: _compile_role(role, language, ids) for name, role in table.roles.items()}
    keep = array("B", bytes(_ANY_KIND))
    roles: list[Role | None] = [None] * (count + 1)
    for name, kinds in ids.items():
        for kind in kinds:
            roles[kind] = compiled.get(name)
            keep[kind] = not isinstance(roles[kind], Skip)
    keep[_ANY_KIND - 1] = 2
    types = frozenset(compile_part(field, language) for field in table.type_fields)
    return CompiledGrammar(
        table=table, keep=keep, roles=tuple(roles), error=count, type_fields=types
    )


def _compile_role(
    role: Role, language: "tree_sitter.Language", ids: Mapping[str, list[int]]
) -> Role:
    changes: dict[str, Any] = {}
    for item in fields(role):
        value = getattr(role, item.name)
        if item.type is Part or item.type == Part:
            changes[item.name] = compile_part(value, language)
        elif item.type == tuple[Part, ...]:
            changes[item.name] = tuple(compile_part(part, language) for part in value)
        elif item.type == Kinds and item.name not in _TEXTS:
            lacking = [name for name in value if name not in ids]
            if lacking:
                raise TidemillError(f"the {language.name} grammar has no node kinds {lacking}")
            changes[item.name] = tuple(kind for name in value for kind in ids[name])
    return replace(role, **changes) if changes else role


_TEXTS = frozenset({"to"})


def compile_part(part: Part, language: "tree_sitter.Language") -> int | None:
    """Turn a part into a field id (positive) or an encoded position (negative).

    Raises:
        TidemillError: If the grammar has no such field.
    """
    if part is None:
        return None
    if isinstance(part, int):
        return _POSITION - part
    field = language.field_id_for_name(part)
    if field is None:
        raise TidemillError(f"the {language.name} grammar has no field {part!r}")
    return field


def position_of(part: int) -> int:
    """Return the child position that a negative compiled part stands for."""
    return _POSITION - part
