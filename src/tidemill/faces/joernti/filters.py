"""Which inferred types are written back into a code property graph.

The rules and their order are those of Joern's pass (code, ``SliceBasedTypeInferencePass``):
what it would drop is better not sent, and what we write back ourselves is held to the same.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from tidemill.core.errors import SettingError
from tidemill.faces.joernti.answers import InferredType
from tidemill.faces.joernti.ecmascript import GLOBAL_OBJECTS
from tidemill.faces.joernti.threshold import JOERN_THRESHOLD

__all__ = [
    "GraphNode",
    "MemberLookup",
    "Refusal",
    "Verdict",
    "WriteBackRules",
    "is_untyped",
]

_QUOTED_PATH = re.compile(r"[\"']([\w/.]+)[\"']")
_UNINFORMATIVE = frozenset({"object", "unk", "void"})
_UNTYPED = frozenset({"", "ANY", "UNKNOWN"})
_DUMMIES = ("<returnValue>", "<member>", "<indexAccess>", "<unknown>")
_OPERATORS = "<operator"
_ECMA = "__ecma."


class Refusal(StrEnum):
    """Why a type is not written back."""

    CONFIDENCE = "confidence"
    QUOTED_PATH = "quoted path"
    UNINFORMATIVE = "uninformative"
    MEMBERS = "members"
    TYPED = "typed already"


class MemberLookup(Protocol):
    """What knows the types of a program."""

    def members_of(self, type_name: str) -> frozenset[str] | None:
        """Return the members that a type has or inherits.

        Args:
            type_name: Its name, first letter in upper case.

        Returns:
            Their names; None for a type that is unknown or declared elsewhere.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A local, a parameter or an identifier of the graph.

    Attributes:
        type_name: The type that the graph has for it.
        invoked: Names of the calls on it.
    """

    type_name: str
    invoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of an inferred type.

    Attributes:
        type_name: The type as it is written back; None where it is not.
        refusal: Why it is not.
    """

    type_name: str | None = None
    refusal: Refusal | None = None


class _NothingKnown:
    """Knows no type, so that none is ever said to lack a member."""

    def members_of(self, type_name: str) -> frozenset[str] | None:  # noqa: ARG002 - of no type
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackRules:
    """Decides what is written back.

    Attributes:
        above: Types are taken whose confidence is greater.
        builtins: Names that the graph knows as ``__ecma.<Name>``.
        members: What knows the members of types.

    Raises:
        SettingError: The confidence is out of range.
    """

    above: float = JOERN_THRESHOLD
    builtins: frozenset[str] = GLOBAL_OBJECTS
    members: MemberLookup = field(default_factory=_NothingKnown)

    def __post_init__(self) -> None:
        if not 0.0 <= self.above < 1.0:
            raise SettingError(
                f"above = {self.above} is out of range", hint="Choose from 0 up to, not with, 1."
            )

    def verdict(self, answer: InferredType, node: GraphNode) -> Verdict:
        """Decide about one answer for one node.

        Args:
            answer: What was inferred.
            node: Where it would be written.
        """
        refusal = self._refusal(answer)
        if refusal is None and self._lacks_a_member(answer.type, node):
            refusal = Refusal.MEMBERS
        elif refusal is None and not is_untyped(node.type_name):
            refusal = Refusal.TYPED
        if refusal is not None:
            return Verdict(refusal=refusal)
        name = _capitalised(answer.type)
        return Verdict(type_name=_ECMA + name if name in self.builtins else answer.type)

    def _refusal(self, answer: InferredType) -> Refusal | None:
        """Return what speaks against an answer wherever it would be written."""
        if not answer.confidence > self.above:
            return Refusal.CONFIDENCE
        if _QUOTED_PATH.search(answer.type) is not None:
            return Refusal.QUOTED_PATH
        return Refusal.UNINFORMATIVE if answer.type.lower() in _UNINFORMATIVE else None

    def _lacks_a_member(self, type_name: str, node: GraphNode) -> bool:
        members = self.members.members_of(_capitalised(type_name))
        if members is None:
            return False
        return any(name not in members for name in node.invoked if not name.startswith(_OPERATORS))


def is_untyped(type_name: str) -> bool:
    """Whether a graph's type says nothing: ``ANY``, or a stand-in such as ``x:<returnValue>``."""
    return type_name in _UNTYPED or any(dummy in type_name for dummy in _DUMMIES)


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]
