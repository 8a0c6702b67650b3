"""The slice constraint: what a slice invokes on a value must be a member of its type.

As JoernTI's pass does (``SliceBasedTypeInferencePass``): a type of which nothing is known is
let through; operators do not count.
"""

from collections.abc import Mapping
from typing import Protocol

from tidemill.source.slices.extraction import usage_slices
from tidemill.source.typescript.syntax.wording import TypeText, read_type
from tidemill.tasks.types.builtins import MEMBERS
from tidemill.tasks.types.project import ProjectFile

__all__ = ["Members", "invoked_members", "lacking"]

OWN = frozenset({"apply", "bind", "call", "length", "name", "prototype", "toString"})
"""What every function has."""


class Members(Protocol):
    """Whoever knows the members of types."""

    def of(self, name: str) -> frozenset[str] | None:
        """Return what values of a type have; None where that is not known for sure."""
        ...


def invoked_members(file: ProjectFile) -> Mapping[int, frozenset[str]]:
    """Return what is invoked on the values of a file's sites, by number of the site.

    Args:
        file: The file.
    """
    numbers = {
        site.place.start: number
        for number, site in enumerate(file.sites)
        if site.kind in {"parameter", "variable"}
    }
    found: dict[int, frozenset[str]] = {}
    for method in usage_slices(file.tree, path=file.name).methods:
        for usage in method.slices:
            span = usage.target.span
            number = numbers.get(span.start) if span is not None else None
            names = frozenset(
                call.name
                for call in usage.invoked_calls
                if call.name.isidentifier()
                and not call.is_operator
                and not (call.span is not None and _is_construction(call.span.of(file.text)))
            )
            if number is not None and names:
                found[number] = names
    return found


def _is_construction(text: bytes) -> bool:
    return text.startswith(b"new") and not text[3:4].isalnum()


def lacking(type_text: TypeText, invoked: frozenset[str], declared: Members) -> frozenset[str]:
    """Return what is invoked that no part of a type has; nothing where a part is not known.

    Args:
        type_text: The type.
        invoked: Names of members.
        declared: Types of the program.
    """
    rest = invoked
    for part in type_text.parts:
        known = _members(part, declared)
        if known is None:
            return frozenset()
        rest -= known
    return rest


def _members(part: str, declared: Members) -> frozenset[str] | None:
    read = read_type(part)
    if read is None:
        return None
    if read.shape in {"array_type", "tuple_type"}:
        return MEMBERS["Array"]
    if read.shape == "literal_type":
        return _literal(part)
    if read.shape == "function_type":
        return OWN | MEMBERS["boolean"]
    return declared.of(read.head) if read.head else None


def _literal(part: str) -> frozenset[str] | None:
    if part in MEMBERS:
        return MEMBERS[part]
    if part[0] in "'\"`":
        return MEMBERS["string"]
    return MEMBERS["boolean" if part in {"true", "false"} else "number"]
