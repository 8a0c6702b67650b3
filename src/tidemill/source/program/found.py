"""What a search for the meaning of an expression finds, and what it is known by."""

from dataclasses import dataclass, field
from enum import IntEnum

from tidemill.source.program.values import Label

__all__ = ["CALLED", "INSTANCE", "INSTANCE_OF", "Found", "Why", "full_name"]

CALLED = "()"
"""The element of a path that stands for what a call returns."""

INSTANCE = "prototype"
"""The element that stands for what the instances of a class have."""

INSTANCE_OF = "<type>"
"""The member that everything of a known type has, and that asks for its name."""


class Why(IntEnum):
    """What a call's target is known by; where several were needed, the last of them."""

    BINDING = 0
    IMPORT = 1
    THIS = 2
    CONSTRUCTOR = 3
    CALLBACK = 4
    DECLARED = 5
    INFERRED = 6
    NAME = 7

    @property
    def title(self) -> str:
        """The word for it."""
        return "name-unique" if self is Why.NAME else self.name.lower()


@dataclass(slots=True, kw_only=True)
class Found:
    """What a search has found.

    Attributes:
        functions: Functions of the program, each with why.
        classes: Classes of the program, each with why.
        names: Full names of what is foreign, each with why.
        depends: Functions whose parameters it came to: their callers may know more.
        getters: Getters of the program that compute what was asked for.
    """

    functions: dict[int, Why] = field(default_factory=dict)
    classes: dict[int, Why] = field(default_factory=dict)
    names: dict[str, Why] = field(default_factory=dict)
    getters: set[int] = field(default_factory=set)
    depends: bool = False


def full_name(head: str, path: Label) -> str:
    """Return the name of a member of something foreign."""
    text = head
    mark = "."
    for part in path:
        if part == INSTANCE:
            mark = ":"
        elif part == CALLED:
            text += CALLED
        else:
            text, mark = f"{text}{mark}{part}" if text else part, "."
    return text
