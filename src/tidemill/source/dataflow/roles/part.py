"""How a role names the children and the kinds it is about."""

__all__ = ["Kinds", "Part"]

Part = str | int | None
"""A child: its field name, or its position among the named children (-1 is the last)."""

Kinds = tuple[str | int, ...]
"""Names of node kinds."""
