"""Regions: functions, classes and blocks, which hold names of their own."""

from dataclasses import dataclass

from tidemill.source.dataflow.roles.part import Kinds, Part

__all__ = [
    "Block",
    "Class",
    "ExpressionBody",
    "Function",
    "RegionRole",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, method, lambda or block of code that runs later.

    ``named`` says where the name is bound: around the function, inside it (function
    expressions) or nowhere (methods). Defaults are evaluated outside in Python.
    ``captures`` holds explicit captures (or children of the kinds ``captured_in`` do);
    an ``isolated`` function sees no other names. A ``wrapped`` body has the kind of a
    function that it is not (Ruby ``-> { }``).
    Children of a kind in ``around`` are evaluated where the function stands, before it
    (decorators, computed names). Without an ``own_receiver`` it shares ``this`` or
    ``self``, and what belongs to it, with the function around. Children of a kind in
    ``inside`` come before the body and see the parameters (constructor initialisers). One
    that may be ``bodiless`` is then only declared, and has no parameters to speak of.
    Name and parameters are in the :class:`Declarator` at ``signature`` where there is one.
    """

    name: Part = None
    parameters: tuple[Part, ...] = ()
    body: Part = "body"
    named: str = "outside"
    hoisted: bool = False
    defaults_outside: bool = False
    captures: Part = None
    captured_in: Kinds = ()
    isolated: bool = False
    wrapped: bool = False
    around: Kinds = ()
    own_receiver: bool = True
    inside: Kinds = ()
    signature: Part = None
    bodiless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionBody:
    """A body that is one expression; where no function is around it, it is a unit's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class body: its own scope, invisible to the functions in it.

    An ``isolated`` one sees no names from outside.
    ``named`` says when the name is bound: ``after`` the body, ``before`` it, or only
    ``inside`` it (class expressions). Children of a kind in ``parameters`` bind in it.
    """

    name: Part = None
    body: Part = "body"
    visible: bool = False
    isolated: bool = False
    named: str = "after"
    parameters: Kinds = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A region with a scope of its own."""


RegionRole = Function | ExpressionBody | Class | Block
"""Every role of this file."""
