"""Types in normal form, made of parts in normal form.

A term knows how loosely its outermost sign binds, so that whoever puts it into a larger type
knows whether it needs parentheses; none are kept besides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Binding", "Term", "array_of", "intersection_of", "named", "union_of"]

_ARRAYS = frozenset({"Array", "ReadonlyArray"})
_NOTHING = frozenset({"null", "undefined"})
_OR = " | "
_LITERALS = frozenset({"true", "false"})


class Binding(IntEnum):
    """How tightly the outermost sign of a type holds its parts together."""

    LOOSE = 0
    """Function types, conditional types and predicates, which reach to the right end."""
    UNION = 1
    INTERSECTION = 2
    OPERATOR = 3
    TIGHT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A type in normal form.

    Attributes:
        text: The type, without outer parentheses.
        head: Its head: a name without arguments, or a word for its form.
        binding: How tightly it holds together.
        parts: Members of a union or an intersection, in parentheses where they need them.
    """

    text: str
    head: str
    binding: Binding = Binding.TIGHT
    parts: tuple[str, ...] = ()

    def within(self, binding: Binding) -> str:
        """Return the text as a part of what binds so tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


def named(path: str, arguments: Sequence[Term] = ()) -> Term:
    """Return a type by its name.

    Args:
        path: Names with dots between them.
        arguments: Type arguments.
    """
    if path in _ARRAYS and len(arguments) == 1:
        return array_of(arguments[0], readonly=path == "ReadonlyArray")
    head = "array" if path in _ARRAYS else "literal" if path in _LITERALS else path
    inside = ", ".join(argument.text for argument in arguments)
    return Term(text=f"{path}<{inside}>" if arguments else path, head=head)


def array_of(element: Term, *, readonly: bool = False) -> Term:
    """Return ``X[]``, or ``readonly X[]``."""
    text = f"{element.within(Binding.TIGHT)}[]"
    if readonly:
        return Term(text=f"readonly {text}", head="array", binding=Binding.OPERATOR)
    return Term(text=text, head="array")


def union_of(members: Sequence[Term]) -> Term:
    """Return the union of one type or more, sorted and without repeats.

    Its head is that of what may be there besides nothing: ``X`` for ``X | null``, and the heads
    of all where they are several.
    """
    heads = {head for member in members for head in member.head.split(_OR)}
    return _joined(members, Binding.UNION, _OR, _OR.join(sorted(heads - _NOTHING or heads)))


def intersection_of(members: Sequence[Term]) -> Term:
    """Return the intersection of one type or more, sorted and without repeats."""
    return _joined(members, Binding.INTERSECTION, " & ", "intersection")


def _joined(members: Sequence[Term], binding: Binding, sign: str, head: str) -> Term:
    inner = Binding(binding + 1)
    parts = {
        part
        for member in members
        for part in (member.parts if member.binding is binding else (member.within(inner),))
    }
    if len(parts) == 1:
        return members[0]
    ordered = tuple(sorted(parts))
    return Term(text=sign.join(ordered), head=head, binding=binding, parts=ordered)
