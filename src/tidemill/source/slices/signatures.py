"""The functions that a text declares: their full names and what they return."""

from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import ANY
from tidemill.source.slices.walk import Walk

__all__ = ["Signatures"]

NONE = -1


class Signatures:
    """The functions of one text.

    Args:
        walk: What was noted of the text.
        types: Its types.
    """

    def __init__(self, walk: Walk, types: Types) -> None:
        self._walk = walk
        self._types = types
        segments = walk.outline.segments
        self._nodes = {
            segments[method.segment].full_name: method.node for method in walk.outline.methods[1:]
        }

    def full_name(self, made: int) -> str | None:
        """Return the full name of a function or class by its node."""
        segment = self._walk.regions.get(made)
        return None if segment is None else self._walk.outline.segments[segment].full_name

    def of_owner(self, site: int, name: str) -> str | None:
        """Return the full name of a method that an object calls on itself."""
        segment = self._walk.owners.get(site, NONE)
        if segment == NONE:
            return None
        return self.of_type(self._walk.outline.segments[segment].full_name, name)

    def of_type(self, type_name: str, name: str) -> str | None:
        """Return the full name of a type's method, if the text declares both."""
        full_name = f"{type_name}:{name}"
        return full_name if full_name in self._nodes else None

    def returns(self, full_name: str | None) -> str:
        """Return the declared type of what a function returns."""
        node = self._nodes.get(full_name or "", 0)
        annotation = self._walk.syntax.part(node, "return_type") if node else 0
        return self._types.annotated(annotation) if annotation else ANY
