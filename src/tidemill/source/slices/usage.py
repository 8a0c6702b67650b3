"""What a usage slice holds, whoever made it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tidemill.source.lines import Position
from tidemill.source.spans import Span

__all__ = [
    "ANY",
    "LAMBDA",
    "OPERATOR",
    "RETURNED",
    "Definition",
    "Label",
    "MethodSlice",
    "ObservedArgument",
    "ObservedCall",
    "ProgramSlice",
    "UsageSlice",
    "UserType",
]

Label: TypeAlias = Literal["LOCAL", "LITERAL", "PARAM", "CALL", "UNKNOWN"]

ANY = "ANY"
"""The type of what nothing tells the type of."""

LAMBDA = "LAMBDA"
"""The type of an argument that is a function written there."""

OPERATOR = "<operator>."
"""How the name of a call begins that is an operator."""

RETURNED = -1
"""The position of what a function returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Something that carries data: a variable, a parameter, or the call that made one.

    Attributes:
        label: What it is.
        name: Its name; of a call the code up to its first parenthesis.
        type_name: Its type, ``ANY`` when nothing tells it.
        position: Of a parameter, counted from 1.
        resolved_method: Of a call, the full name of what is called, where that is known.
        span: Its bytes, where they are known.
        at: Its line and column, where only those are known.
    """

    label: Label
    name: str
    type_name: str = ANY
    position: int | None = None
    resolved_method: str | None = None
    span: Span | None = None
    at: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCall:
    """A call that something takes part in.

    Attributes:
        name: The method's, the function's or the class's name, or ``<operator>.`` and
            the operator's; without a name, empty.
        resolved_method: Full name of what is called, where that is known.
        parameter_types: Types of the arguments, at most the first 64.
        return_type: Type of the value.
        span: Its bytes, where they are known.
        at: Its line and column, where only those are known.
    """

    name: str
    resolved_method: str | None = None
    parameter_types: tuple[str, ...] = ()
    return_type: str = ANY
    span: Span | None = None
    at: Position | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it is an operator and no function."""
        return self.name.startswith(OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedArgument:
    """A call that an object is passed to.

    Attributes:
        call: The call.
        position: Number of the argument, counted from 1; the name of a named one;
            -1 where the object is returned; None when a peer does not say.
    """

    call: ObservedCall
    position: int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSlice:
    """How one variable or parameter is used.

    Attributes:
        target: The variable.
        defined_by: Where its value comes from; None when a peer does not say.
        invoked_calls: Calls on it, and the constructors that made it, in order of place.
        argument_calls: Calls that it is passed to, in order of place.
    """

    target: Definition
    defined_by: Definition | None
    invoked_calls: tuple[ObservedCall, ...] = ()
    argument_calls: tuple[ObservedArgument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSlice:
    """The slices of one function, method or file.

    Attributes:
        full_name: The file, ``::program``, and the functions and classes inside,
            joined with colons.
        file: The file, as whoever asked knows it; empty when a peer does not say.
        slices: Its slices, in order of place.
        signature: The header on one line; empty for a file.
        source: Its text; empty when it was not asked for.
        span: Its bytes, where they are known.
        at: Its line and column, where only those are known.
    """

    full_name: str
    file: str
    slices: tuple[UsageSlice, ...]
    signature: str = ""
    source: str = ""
    span: Span | None = None
    at: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserType:
    """A class, interface or other type that the sliced code declares.

    Attributes:
        name: Its full name.
        fields: What it holds.
        procedures: Its methods; the first type of the parameters is its own.
        file: The file that declares it.
        span: Its bytes, where they are known.
        at: Its line and column, where only those are known.
    """

    name: str
    fields: tuple[Definition, ...]
    procedures: tuple[ObservedCall, ...]
    file: str = ""
    span: Span | None = None
    at: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSlice:
    """All slices of a program.

    Attributes:
        methods: Functions with at least one slice.
        user_types: Types with at least one field or method.
    """

    methods: tuple[MethodSlice, ...] = ()
    user_types: tuple[UserType, ...] = ()
