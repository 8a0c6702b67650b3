"""The shape of a language's table: what a language has to say to be understood.

A table names a grammar and says, in tree-sitter's own query notation, which
nodes are functions, what gives them a name and where documentation stands. One
algorithm for all languages reads it (``source.units``).

Captures that a query may use:

====================  ==============================================================
``@function``         a function that carries its own name
``@holder``           gives a name to a value: function, object literal or class
``@scope``            its name qualifies what is inside: class, namespace, property
``@rest``             like ``@scope``, but up to the next one or the end of the file
``@wrapper``          starts earlier than the function it holds: ``export``, ``template``
``@decorated``        like ``@wrapper``, but stays out of the signature
``@decorator``        stands before a method as a node of its own
``@comment``          a comment
====================  ==============================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["DocStyle", "Holder", "Language", "UnitTable", "Wrap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocStyle:
    """How a language documents a function.

    Attributes:
        docstrings: The first string of a body is its documentation.
        blocks: Openers of block comments that document what follows them.
        lines: Openers of line comments that document what follows them.
        directives: Line comments that begin so speak to tools, not to readers.
        markup: Markup inside the text that readers should not see.
    """

    docstrings: bool = False
    blocks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    markup: Literal["plain", "html", "xml"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Where a holder keeps the name and the value.

    Attributes:
        name: Field of the name; None: the first named child.
        value: Field of the value; None: the last named child.
    """

    name: str | None = "left"
    value: str | None = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTable:
    """What units are in one language. Keys of all mappings are node kinds.

    Attributes:
        query: The captures described at the top of this module.
        docs: How documentation is written.
        methods: Functions that are methods wherever they stand.
        classes: Scopes whose functions are methods.
        values: Held values that are functions.
        holders: Where a holder keeps name and value.
        names: Field of the name where it is not ``name``.
        prefixes: Text that belongs to a name but stands outside it (``~`` of a destructor).
        bodies: Field of the body where it is not ``body``.
        members: Field with the last part of a path such as ``a.b.c``.
        lists: Names or values that come in lists and are paired in order.
        unwrap: Field of the function inside a value; "": the first named child.
        makers: Methods that make their block a function; a value that calls another
            one with a block is none.
        declarators: Names lie at the end of a chain of declarators, as in C.
        receiver: Field with the type that a method belongs to, as in Go.
    """

    query: str
    docs: DocStyle
    methods: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    holders: Mapping[str, Holder] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    bodies: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    unwrap: Mapping[str, str] = field(default_factory=dict)
    makers: frozenset[bytes] = frozenset()
    declarators: bool = False
    receiver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """What to put around a fragment, so that it parses like a part of a file.

    Attributes:
        prefix: Bytes before the fragment.
        suffix: Bytes after it; begins with a line break, for a last line comment.
    """

    prefix: bytes
    suffix: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: how to recognise, parse and read it.

    Attributes:
        name: Lower-case name, as a person would type it after ``--lang``.
        title: The name as people write it.
        extensions: File name endings with their dot, lower-case.
        filenames: Whole file names that stand for the language.
        interpreters: Programs in a ``#!`` line, without version digits.
        grammar: ``module:function`` that returns the grammar.
        units: What units are.
        wraps: Surroundings to try for fragments, in order.
        opener: Bytes without which a text is a fragment (``<?`` of PHP).
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    grammar: str
    units: UnitTable
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    wraps: tuple[Wrap, ...] = ()
    opener: bytes = b""
