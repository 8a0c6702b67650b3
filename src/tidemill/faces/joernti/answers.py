"""What the server answers: a JSON array of types, one for an identifier."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tidemill.core.errors import InputError
from tidemill.source.lines import Position

__all__ = ["NOTHING", "Alternative", "InferredType", "written"]

NOTHING = b"[]"
"""The answer without a type; also what a client gets whose request cannot be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another type that was considered.

    Attributes:
        type: The type.
        confidence: How sure it is, between 0 and 1.

    Raises:
        InputError: The confidence is out of range.
    """

    type: str
    confidence: float

    def __post_init__(self) -> None:
        _check(self.confidence)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts under the protocol's names."""
        return {"type": self.type, "confidence": self.confidence}


@dataclass(frozen=True, slots=True, kw_only=True)
class InferredType:
    """The type of one identifier.

    Attributes:
        target_identifier: The identifier, as the slice names it.
        type: Its type.
        confidence: How sure it is, between 0 and 1; Joern takes what is above .8.
        scope: Full name of the method that it is in.
        alternatives: Other types, surest first.
        at: Where the identifier is declared, as far as the slice says: a scope may have several
            of one name.

    Raises:
        InputError: A confidence is out of range.
    """

    target_identifier: str
    type: str
    confidence: float
    scope: str
    alternatives: tuple[Alternative, ...] = ()
    at: Position | None = None

    def __post_init__(self) -> None:
        _check(self.confidence)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts under the protocol's names."""
        place = {} if self.at is None else {"line": self.at.line, "column": self.at.column}
        return {
            "target_identifier": self.target_identifier,
            "type": self.type,
            "confidence": self.confidence,
            "scope": self.scope,
            "alternatives": [other.to_dict() for other in self.alternatives],
            **place,
        }


def written(answers: Iterable[InferredType]) -> bytes:
    """Return answers as they are sent.

    The client takes every byte for a character, so everything beyond ASCII is escaped.
    """
    return json.dumps([answer.to_dict() for answer in answers], ensure_ascii=True).encode("ascii")


def _check(confidence: float) -> None:
    # Written so that NaN, which is in no order, is out of range too.
    if not 0.0 <= confidence <= 1.0:
        raise InputError(
            f"a confidence of {confidence:g} is out of range",
            hint="Give the chance of being right, between 0 and 1.",
        )
