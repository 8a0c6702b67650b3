"""Control: branches, loops, protected regions and jumps."""

from dataclasses import dataclass

from tidemill.source.dataflow.roles.part import Kinds, Part

__all__ = [
    "Assert",
    "Branch",
    "Case",
    "Catch",
    "ControlRole",
    "DoWhile",
    "ForEach",
    "ForLoop",
    "Jump",
    "Label",
    "Loop",
    "Match",
    "Try",
    "Variants",
    "While",
    "With",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """``if`` (or ``unless``: ``negated``), with any number of alternatives.

    One that is ``scoped`` ends the scope of what its condition declares.
    """

    condition: Part
    consequence: Part
    alternatives: Kinds = ()
    alternative: Part = None
    initializer: Part = None
    negated: bool = False
    scoped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """``#if``: one build has the children, another has the ``alternative``.

    Without one, control may go on past the children, whatever they do.
    """

    condition: Part
    alternative: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """A loop over the elements of an iterable.

    It declares its targets if ``declares``, or if an operator in ``declaring`` stands
    after them, or if the word before them is in ``declared_by``; if that is in
    ``hoisted_by``, they are variables of the function. The ``initializer`` comes first.
    """

    target: Part
    iterable: Part
    body: Part
    otherwise: Part = None
    declares: bool = False
    declaring: tuple[bytes, ...] = ()
    declared_by: tuple[bytes, ...] = ()
    hoisted_by: tuple[bytes, ...] = ()
    targets: tuple[Part, ...] = ()
    initializer: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForLoop:
    """``for (init; condition; update) body``; a field may stand for several children."""

    initializer: Part
    condition: Part
    update: Part
    body: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class While:
    """A loop that tests first; without a condition it only ends by a jump.

    One that is ``negated`` runs until its condition holds. A body of a kind in
    ``body_first`` runs before the first test. One that is ``scoped`` ends the scope of
    what its condition declares.
    """

    condition: Part
    body: Part
    otherwise: Part = None
    negated: bool = False
    body_first: Kinds = ()
    scoped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop whose header is a child without a field.

    The header has the role :class:`ForEach` or :class:`ForLoop`, or is a bare condition;
    without one the loop only ends by a jump.
    """

    body: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class DoWhile:
    """A loop that tests last."""

    body: Part
    condition: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``switch``, ``match`` or ``case`` over a subject.

    ``target`` is a variable that gets the subject; ``total`` says that one of the cases
    always runs, even where none is a default. A ``break`` inside leaves it, if it
    ``takes_breaks``, and else the loop around it. Jumps of a kind in ``retries`` may go
    to another of its cases.
    """

    subject: Part
    cases: Kinds
    falls_through: bool = False
    initializer: Part = None
    target: Part = None
    total: bool = False
    takes_breaks: bool = True
    retries: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: patterns or values, guard, then the remaining children.

    Where ``kinds`` are given, only a child of one of them is a pattern, and a case
    without any is the default. So is one without patterns if it may be ``bare``.
    """

    patterns: tuple[Part, ...] = ()
    guard: Part = None
    body: Part = None
    default: bool = False
    declares: bool = False
    falls_through: bool | None = None
    kinds: Kinds = ()
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A protected body with handlers, an else part and a final part.

    ``handler`` is a handler that has a field. A node of a kind in ``retries`` inside a
    handler goes back to the beginning.
    """

    body: Part
    handlers: Kinds
    handler: Part = None
    retries: Kinds = ()
    otherwise: Kinds = ()
    final: Kinds = ()
    resources: Part = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """A handler: what it names, what it is computed from, its body.

    ``total`` handlers take every exception; so does one that could have a ``value`` and
    has none, or whose target is spelled ``everything``. ``forgets`` says that the name
    ends with the body. One with ``group`` before its value takes a part of what was
    raised: others before it may have run as well.
    """

    target: Part = None
    value: Part = None
    body: Part = None
    forgets: bool = False
    total: bool = False
    everything: bytes = b""
    group: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class With:
    """A context block whose manager may swallow an exception."""

    items: Part
    body: Part
    swallows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert:
    """An assertion; one that is false for certain is a throw."""

    condition: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A statement after which control goes elsewhere.

    ``to`` is ``break``, ``continue``, ``return``, ``throw``, ``goto``, ``retry``,
    ``yield`` (out of a switch) or ``fallthrough`` (into the next case). ``levels`` says
    how many loops and switches to leave (PHP), of which a switch treats ``continue``
    like ``break``. One that is ``bare`` is no jump if it has an operand. With one of
    ``case_words`` after its keyword it goes to a case of the switch (C# ``goto case``).
    """

    to: str
    label: Part = None
    levels: Part = None
    bare: bool = False
    case_words: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A labelled statement."""

    label: Part
    body: Part


ControlRole = (
    Branch
    | Variants
    | ForEach
    | ForLoop
    | While
    | Loop
    | DoWhile
    | Match
    | Case
    | Try
    | Catch
    | With
    | Assert
    | Jump
    | Label
)
"""Every role of this file."""
