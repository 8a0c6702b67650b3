"""``i++``, ``i += 1`` and ``i = i + 1``: a step of a counter in other words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.rewriting.edits import text_of

__all__ = ["STEPS", "Step", "step_of"]

STEPS = frozenset(
    {
        "assignment",
        "assignment_expression",
        "assignment_statement",
        "augmented_assignment",
        "augmented_assignment_expression",
        "dec_statement",
        "inc_statement",
        "postfix_unary_expression",
        "prefix_unary_expression",
        "update_expression",
    }
)
"""Kinds of nodes that may be steps."""

NAME = rb"(?P<name>\$?[^\W\d]\w*)"
FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        NAME + rb"\s*(?P<sign>\+|-)(?P=sign)",
        rb"(?P<sign>\+|-)(?P=sign)\s*" + NAME,
        NAME + rb"\s*(?P<sign>\+|-)=\s*(?P<amount>\d+)",
        NAME + rb"\s*=\s*(?P=name)\s*(?P<sign>\+|-)\s*(?P<amount>\d+)",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A variable goes up or down by a number.

    Attributes:
        name: The variable.
        sign: ``+`` or ``-``.
        amount: By how much, as written.
    """

    name: bytes
    sign: bytes
    amount: bytes

    def wordings(self, steps: tuple[str, ...]) -> Iterator[bytes]:
        """Yield every way to write it; ``steps`` as in `Shape`."""
        if self.amount == b"1":
            if "after" in steps:
                yield self.name + self.sign * 2
            if "before" in steps:
                yield self.sign * 2 + self.name
        yield self.name + b" " + self.sign + b"= " + self.amount
        yield b" ".join((self.name, b"=", self.name, self.sign, self.amount))


def step_of(node: Node) -> Step | None:
    """Return the step that a node is, or None."""
    text = text_of(node)
    for form in FORMS:
        found = form.fullmatch(text)
        if found is not None:
            facts = found.groupdict()
            return Step(name=facts["name"], sign=facts["sign"], amount=facts.get("amount") or b"1")
    return None
