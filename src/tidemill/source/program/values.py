"""Where values go inside one file: a graph over its nodes, with fields on the edges.

A node is a node of the syntax, standing for its value, or one made besides: a variable
where branches join, a function's ``this`` and its returned value, what a module exports.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "CAPTURE",
    "COPY",
    "DERIVE",
    "ENTER",
    "EXIT",
    "INIT",
    "LOAD",
    "MADE",
    "STORE",
    "THROUGH",
    "Edge",
    "FileValues",
    "Label",
]

COPY, LOAD, STORE, DERIVE, CAPTURE, MADE, INIT, ENTER, EXIT, THROUGH = range(10)
"""What an edge does with a value.

Inside a file: ``COPY`` hands it on, ``LOAD`` takes a field out of it, ``STORE`` puts it into a
field, ``DERIVE`` computes something from it, ``CAPTURE`` hands it on to a function inside the
one where it is, of which nobody knows when it is called; ``MADE`` leads from a constructor to
what it makes, and hands nothing on. Between functions: ``INIT`` gives an
instance what its class's fields begin with, ``ENTER`` hands an argument to a parameter,
``EXIT`` a returned value to the call, ``THROUGH`` is what may go through a call that nobody
knows.

The label of ``LOAD`` and ``STORE`` is the path of the field; that of ``COPY`` is the field
that is not handed on, since it is written over.
"""

Label: TypeAlias = tuple[str, ...]
Edge: TypeAlias = tuple[int, int, int, Label]
"""Source, target, what it does, label."""


@dataclass(slots=True, kw_only=True, eq=False)
class FileValues:
    """The values of a file.

    Attributes:
        edges: Where they go.
        anchors: For every node that was made besides, the node of the syntax it is at.
        receivers: ``this`` of every function that has one of its own.
        returns: The returned value of every function.
        instances: What every class's instances begin with: fields with their values.
        exports: What the file exports.
        writes: Fields of ``this`` that are written: which ``this``, the field, the value.
        globals: Names without a declaration: where each is read.
        global_writes: Those that get a value, or a member of theirs does: where they do.
        calls: Calls that can be reached, in order.
    """

    edges: list[Edge] = field(default_factory=list)
    anchors: list[int] = field(default_factory=list)
    receivers: dict[int, int] = field(default_factory=dict)
    returns: dict[int, int] = field(default_factory=dict)
    instances: dict[int, int] = field(default_factory=dict)
    exports: int = 0
    writes: list[tuple[int, Label, int]] = field(default_factory=list)
    globals: dict[str, list[int]] = field(default_factory=dict)
    global_writes: dict[str, list[int]] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
