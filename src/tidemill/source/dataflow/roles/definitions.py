"""Definitions: assignments, declarations and the patterns they bind."""

from dataclasses import dataclass

from tidemill.source.dataflow.roles.part import Kinds, Part

__all__ = [
    "As",
    "Assign",
    "Choices",
    "Constant",
    "Declaration",
    "Declarator",
    "Declare",
    "Default",
    "DefinitionRole",
    "Delete",
    "Either",
    "Export",
    "Import",
    "NonLocal",
    "Parameter",
    "Parameters",
    "Pattern",
    "TypeAlias",
    "Update",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """``left = right``, or an augmented form when the operator text is not ``=``.

    It declares the targets if ``declares``, or if its operator is in ``declaring``, or if
    the left side is a call of something of a kind in ``types``: ``int (*p)[3] = a``.
    If ``left_first``, the leftmost of several targets in a row gets the value first.
    What places in a left side of a kind in ``places_first`` are made of (``i`` in
    ``xs[i]``) is evaluated before the right side, everywhere else after it.
    """

    left: Part
    right: Part
    augmented: bool | None = None
    plain: tuple[bytes, ...] = (b"=",)
    declares: bool = False
    declaring: tuple[bytes, ...] = ()
    types: Kinds = ()
    left_first: bool = False
    places_first: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAlias:
    """``type X = Y``, which the grammar confuses with ``type(x).y = z``."""

    left: Part
    right: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """``x++`` and its like.

    Where ``operators`` are given, any other operator only reads; ``negations`` are those
    that turn a condition round, and ``reading`` those after an operand that only say
    something of it (C# ``x!``).
    """

    operand: Part = 0
    operators: tuple[bytes, ...] = ()
    negations: tuple[bytes, ...] = ()
    reading: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A statement whose :class:`Declare` children belong to the block or the function."""

    hoists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """A new variable, with or without a value.

    ``name`` may be any pattern; all children of a kind in ``names`` are declared when
    given (Go ``var a, b int``), some of which may be declarations with a value of their
    own. One that begins with ``external`` and has no value tells of a variable elsewhere.
    If it ``constructs``, a function declared inside a function is really a variable made
    from what look like parameters, if these could be expressions. Children of a kind in
    ``around`` come first (classes that are declared as the type). One that ``discards``
    declares nothing if its name is the wildcard (C# ``out var _``).
    """

    name: Part
    value: Part
    names: Kinds = ()
    around: Kinds = ()
    external: bytes = b""
    constructs: bool = False
    discards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarator:
    """A name with a part of its type around it; ``evaluated`` is an expression in that.

    One with ``parameters`` declares a function, which is no variable, unless its name is
    of a kind in ``pointers`` (a pointer to a function). Its parameters could be
    expressions if there is nothing of a kind in ``types`` among them; those of a kind in
    ``ambiguous`` are then names of variables.
    """

    name: Part
    parameters: Part = None
    evaluated: Part = None
    pointers: Kinds = ()
    types: Kinds = ()
    ambiguous: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A destructuring target, or a pattern that binds; ``skip`` parts are keys or types.

    The targets of one that is ``ordered`` pair with the elements of a sequence; a child
    before a ``key_mark`` is a key, which is read. If there are ``parts``, just they bind.
    """

    skip: tuple[Part, ...] = ()
    uses: tuple[Part, ...] = ()
    around: Kinds = ()
    ordered: bool = True
    key_mark: bytes = b""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Alternative patterns, of which one binds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a case is chosen by: children of a kind in ``patterns`` bind, others are values.

    An empty one, or one with a child that is spelled as the wildcard, takes what is left.
    """

    patterns: Kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A value inside a pattern; a bare name is a type unless a local variable has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A target with a default value inside a pattern or parameter list."""

    target: Part
    value: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class As:
    """``value as target``: the target is computed from the value.

    ``pattern`` is where the target is if it is not at ``target``.
    """

    value: Part
    target: Part
    pattern: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Names bound by an import.

    ``source`` is where from; a node of a kind in ``aliased`` binds its last name, one of
    a kind in ``dotted`` its first; every other name binds itself. With a child of a kind
    in ``everything`` it binds no name that is written here.
    """

    source: Part = None
    aliased: Kinds = ()
    dotted: Kinds = ()
    everything: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Names handed out; with a ``source`` they come from elsewhere and are no uses."""

    source: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NonLocal:
    """``global`` and ``nonlocal`` statements."""

    is_global: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """``del x``: uses, after which no definition reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter with its pattern and default."""

    name: Part
    value: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """A parameter list in which children under the field ``locals`` get no value."""

    locals: Part


DefinitionRole = (
    Assign
    | TypeAlias
    | Update
    | Declaration
    | Declare
    | Declarator
    | Pattern
    | Either
    | Choices
    | Constant
    | Default
    | As
    | Import
    | Export
    | NonLocal
    | Delete
    | Parameter
    | Parameters
)
"""Every role of this file."""
