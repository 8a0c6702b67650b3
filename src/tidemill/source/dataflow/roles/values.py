"""Values: names, literals, places and operators, everything an expression is read from."""

from dataclasses import dataclass

from tidemill.source.dataflow.roles.part import Kinds, Part

__all__ = [
    "Annotation",
    "Argument",
    "Call",
    "Cast",
    "Chain",
    "Comma",
    "Comprehension",
    "Conditional",
    "Container",
    "Conversion",
    "Element",
    "Guarded",
    "Heredoc",
    "Index",
    "Initializer",
    "Instance",
    "Labelled",
    "Literal",
    "Member",
    "Name",
    "Not",
    "Only",
    "Parenthesized",
    "Pointer",
    "Qualified",
    "Query",
    "Raise",
    "Record",
    "Self",
    "Sequence",
    "ShortCircuit",
    "Shorthand",
    "Skip",
    "Source",
    "Text",
    "ValueRole",
    "Without",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A subtree without data flow: types, comments, labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An identifier that names a variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Self:
    """The receiver keyword (``this``, ``self``, ``super``): a root of paths, no variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A variable that belongs to the receiver (Ruby ``@x``): a path of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A constant; the whole subtree is one node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string: a literal unless something is interpolated, then only its contents count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """The word for a text that begins on a later line, in a node of a kind in ``bodies``."""

    bodies: Kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Parenthesized:
    """A wrapper that passes its only child's value through unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A type assertion: its first child's value passes through; the rest are types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """A dotted name: alone a variable, longer a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A literal tuple or list of expressions, pairable with a pattern of equal length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comma:
    """Expressions in a row (the comma operator): the value of the last passes through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A literal of several parts that is one element of a :class:`Sequence` (object).

    A kind without a role may stand for several elements there (``...xs``), so that
    nothing is paired with it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """A node of which just some parts carry data flow (keyword argument, pair).

    Children of a kind in ``around`` come before the parts (computed keys, decorators).
    Parts spelled like one of ``operators`` are no variables (C++ ``static_cast``). The
    value of the node is that of its last part; one that is a ``place`` can be assigned to.
    """

    parts: tuple[Part, ...]
    around: Kinds = ()
    operators: tuple[bytes, ...] = ()
    place: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A markup tag: its name is a variable unless it begins with a lower-case letter."""

    name: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """``T[K](operand)``, which the grammar confuses with a call of ``table[key]``.

    Names in its type are types, except those of local variables; where the type is of a
    kind in ``generic``, it may as well be a function, which is used.
    """

    type: Part
    operand: Part
    generic: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A typed literal: its :class:`Labelled` elements have keys that are expressions.

    That holds where its type is of a kind in ``element_types`` (maps, slices); other
    types have fields, whose names are no variables.
    """

    type: Part
    body: Part
    element_types: Kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """``key: value``; a key that is a plain name is a label."""

    key: Part
    value: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorthand:
    """``key: value``; without a value, the key is the variable of that name."""

    key: Part
    value: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Initializer:
    """Elements of a new object; what stands before a ``=`` is a label if it is a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """A node of which some parts carry no data flow."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A clause that names the elements of what stands after the name.

    What follows is visited, and patterns among it get the same value.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Clauses in a scope of their own; a bare name among them gets the result so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """An expression that may raise after its operands: operators, ``await``, ``new``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """``object.key``; where ``names`` are given, a key of another kind is computed."""

    object: Part
    key: Part
    names: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """``object[index, ...]``; every child but ``object`` is an index, or a list of them.

    Under the field ``callee``, two names of which neither is a local variable are a
    generic function and a type (Go ``f[T](a, b)``).
    """

    object: Part
    callee: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """``object?.key`` with an ``access`` of its own: a member or subscript of no object."""

    object: Part
    access: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A unary operator: ``*operand`` is a path, ``&operand`` as an argument may be written."""

    operand: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument that may be passed by reference: its text begins with ``ref`` or ``out``."""

    value: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: of a callee expression ``function``, or of a method of ``receiver``.

    ``callee_is_variable`` is false where a bare callee is a method unless a local
    variable has its name (Java, C#, Ruby, PHP). ``member`` is the name of the method
    where the grammar cannot tell ``o.size`` from a call (Ruby): with neither arguments
    nor block it reads a member, and may stand left of an assignment. A callee of a kind
    in ``tests`` is a type test; what looks like arguments captures parts of its value.
    A ``function`` beside a ``receiver`` is the method, visited in case it is computed.
    Left of an assignment, a callee spelled like one of ``binders`` binds its arguments
    (C++ ``std::tie``). Beside ``tests``, a callee spelled like one of ``unevaluated``
    asks for a name (C# ``nameof``).
    """

    function: Part = None
    receiver: Part = None
    arguments: Part = None
    block: Part = None
    callee_is_variable: bool = True
    member: Part = None
    tests: Kinds = ()
    unevaluated: tuple[bytes, ...] = ()
    binders: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A type: kept in the flat tree, but never visited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """A conditional expression."""

    condition: Part
    consequence: Part
    alternative: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Negation, when its operator text begins with one of ``operators``."""

    operand: Part
    operators: tuple[bytes, ...] = (b"!", b"not")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A comparison of two or more operands; the third and later may be skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortCircuit:
    """A binary expression whose right operand is conditional under some operators."""

    left: Part = "left"
    right: Part = "right"
    operators: tuple[bytes, ...] = (b"&&", b"||", b"??", b"and", b"or")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comprehension:
    """An element computed in its own scope over ``clauses`` (loops and conditions)."""

    body: Part
    loops: Kinds
    conditions: Kinds


ValueRole = (
    Skip
    | Name
    | Self
    | Instance
    | Literal
    | Text
    | Heredoc
    | Parenthesized
    | Cast
    | Qualified
    | Sequence
    | Comma
    | Container
    | Only
    | Element
    | Conversion
    | Record
    | Labelled
    | Shorthand
    | Initializer
    | Without
    | Source
    | Query
    | Raise
    | Member
    | Index
    | Guarded
    | Pointer
    | Argument
    | Call
    | Annotation
    | Conditional
    | Not
    | Chain
    | ShortCircuit
    | Comprehension
)
"""Every role of this file."""
