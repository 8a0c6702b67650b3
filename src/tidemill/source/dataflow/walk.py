"""The walk over a flat tree: one work stack, one rule a role.

Rules push what is to be visited next and what is to be done after it; nothing recurses,
so that no nesting is too deep. The walk collects nodes, direct edges and reads; the
reads are resolved to edges when it is over (:mod:`.finish`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tidemill.source.dataflow.flatten import FlatTree
from tidemill.source.dataflow.grammar import CompiledGrammar, FlowTable, position_of
from tidemill.source.dataflow.roles import Assign, Comma, Role
from tidemill.source.dataflow.scopes import Scope, Scopes
from tidemill.source.dataflow.state import FlowState

__all__ = [
    "COMES_FROM",
    "COMPUTED_FROM",
    "DEFINITION",
    "LITERAL",
    "PATH",
    "VARIABLE",
    "DeferredBody",
    "Place",
    "RuleTable",
    "Value",
    "Walk",
    "path_group",
]

VARIABLE, PATH, LITERAL, DEFINITION = 0, 1, 2, 4
COMES_FROM, COMPUTED_FROM = 0, 1

Rule = Callable[["Walk", int, Any], None]
Leaf = Callable[["Walk", int], None]
Task = tuple[Any, ...]
PathKeys = tuple[bytes, ...]
Place = tuple[int, int, PathKeys]
"""A path to be written: its root, the node that uses the root (0 if none), its keys."""

_LONGEST_OPERATOR = 3
_COMMENTS = re.compile(rb"/\*.*?\*/|(?://|#)[^\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTable:
    """What to do at each kind id of one grammar.

    Attributes:
        leaves: Rules that finish on the spot.
        rules: Rules that schedule visits.
        wrappers: Kinds that are parentheses.
        definers: Kinds that may define a variable inside an expression, or leave it (1),
            and those that leave it if they call something that never returns (2).
        special_arguments: Kinds that mean more as an argument than their own uses.
        plain_roots: Kinds that are always a variable where a path begins.
        receivers: Kinds that are the receiver, also as a key (Java ``Outer.this``).
    """

    leaves: list[Leaf | None]
    rules: list[Rule | None]
    wrappers: bytearray
    definers: bytearray
    special_arguments: bytearray
    plain_roots: bytearray
    receivers: bytearray


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression was computed from.

    ``direct`` is the one source that is passed on unchanged, 0 if there is none.
    """

    sources: tuple[int, ...] = ()
    direct: int = 0

    def __add__(self, other: "Value") -> "Value":
        """Return what two expressions together were computed from."""
        if not self.sources or not other.sources:
            return self if self.sources else other
        return Value(self.sources + other.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredBody:
    """A nested function whose body is walked after its owner's."""

    index: int
    scope: Scope
    receiver: Value


def path_group(keys: PathKeys) -> bytes:
    """Return what two paths of one root must share, if one may change the other."""
    if not keys:
        return b""
    return b"[" if keys[0][:1] == b"[" else keys[0]


class Walk:
    """The state of one unit's walk.

    Attributes:
        tree: What is walked.
        state: Values of variables along control flow.
        scopes: Meaning of names.
        trail: Nodes used so far in evaluation order: the tail since a mark is what an
            expression was computed from.
        definer: A stretch of the tree without, and a place with, something that defines
            or leaves.
        last_key: The variable of the latest use.
        stop: Index after the last node of the unit.
        held_places: Places evaluated before the value that they will get; ``None`` for
            one that does not begin at a variable.
        in_value: Depth of enclosing value expressions, in which literals count.
    """

    # More attributes than a shared dictionary holds, and all of them are hot.
    __slots__ = (
        "captured",
        "carriers",
        "defaults",
        "deferred",
        "defined_early",
        "definer",
        "definitions",
        "edges",
        "goto_sites",
        "gotos",
        "grammar",
        "held_places",
        "in_value",
        "label",
        "last_key",
        "node_kinds",
        "path_definitions",
        "path_keys",
        "path_reads",
        "path_updates",
        "plain_arguments",
        "reads",
        "receivers",
        "rules",
        "scopes",
        "spans",
        "stack",
        "state",
        "stop",
        "table",
        "trail",
        "tree",
        "unit_functions",
    )

    def __init__(self, tree: FlatTree, grammar: CompiledGrammar, rules: RuleTable) -> None:
        self.tree: FlatTree = tree
        self.grammar: CompiledGrammar = grammar
        self.table: FlowTable = grammar.table
        self.rules: RuleTable = rules
        self.state: FlowState = FlowState()
        self.scopes: Scopes = Scopes(self.state.env)
        self.scopes.ordered = grammar.table.names_need_definition
        self.stack: list[Any] = []
        self.trail: list[int] = []
        self.in_value: int = 0
        self.spans: list[tuple[int, int]] = [(-1, -1)]
        self.node_kinds: list[int] = [0]
        self.edges: list[tuple[int, int, int]] = []
        self.reads: list[tuple[int, int, int, int]] = []
        self.path_keys: dict[int, dict[bytes, int]] = {}
        self.path_reads: list[tuple[int, int, int, PathKeys]] = []
        self.path_definitions: dict[int, tuple[int, PathKeys]] = {}
        self.path_updates: set[int] = set()
        self.held_places: dict[int, Place | None] = {}
        self.definitions: list[tuple[int, int]] = []
        self.deferred: list[DeferredBody] = []
        self.receivers: dict[int, Value] = {}
        self.defaults: dict[int, Value] = {}
        self.captured: list[tuple[Scope, int, int]] = []
        self.defined_early: set[int] = set()
        self.unit_functions: frozenset[int] = frozenset()
        self.carriers: dict[int, int] = {}
        self.label: bytes = b""
        self.definer: tuple[int, int, int] = (0, 0, -1)
        self.last_key: int = 0
        self.stop: int = len(tree.kinds)
        self.plain_arguments: bool = False
        self.gotos: dict[bytes, list[dict[int, int]]] = {}
        self.goto_sites: tuple[int, dict[bytes, int]] = (0, {})

    def run(self) -> None:
        """Visit everything on the stack."""
        stack, tree = self.stack, self.tree
        pop, push = stack.pop, stack.append
        kinds, end = tree.kinds, tree.end
        leaves, rules, roles = self.rules.leaves, self.rules.rules, self.grammar.roles
        while stack:
            item = pop()
            if item.__class__ is tuple:
                item[0](self, *item[1:])
                continue
            stop = pop()
            while item < stop:
                kind = kinds[item]
                leaf = leaves[kind]
                if leaf is not None:
                    leaf(self, item)
                    item = end[item]
                    continue
                rule = rules[kind]
                if rule is None:
                    item += 1
                    continue
                after = end[item]
                if after < stop:
                    push(stop)
                    push(after)
                rule(self, item, roles[kind])
                break

    def then(self, *items: "int | Task | None") -> None:
        """Schedule ``items`` in this order: node indices to visit, or tasks to run."""
        stack, end = self.stack, self.tree.end
        for item in items[::-1]:
            if item is None:
                continue
            if item.__class__ is int:
                stack += (end[item], item)
            else:
                stack.append(item)

    def then_children(self, index: int) -> None:
        """Schedule a visit of everything under ``index``, but not of its own rule."""
        self.stack += (self.tree.end[index], index + 1)

    def children(self, index: int) -> list[int]:
        """Return the kept children of a node."""
        end = self.tree.end
        child, stop = index + 1, end[index]
        found = []
        while child < stop:
            found.append(child)
            child = end[child]
        return found

    def part(self, index: int, part: Any) -> int | None:
        """Return the child that a compiled part names, or ``None``."""
        if part is None:
            return None
        if part > 0:
            fields, end = self.tree.fields, self.tree.end
            child, stop = index + 1, end[index]
            while child < stop:
                if fields[child] == part:
                    return child
                child = end[child]
            return None
        children = self.children(index)
        position = position_of(part)
        return children[position] if -len(children) <= position < len(children) else None

    def text(self, index: int) -> bytes:
        """Return a node's source text."""
        tree = self.tree
        return tree.text[tree.starts[index] : tree.stops[index]]

    def between(self, left: int, right: int) -> bytes:
        """Return the text between two nodes, without space and comments: their operator."""
        tree = self.tree
        text = tree.text[tree.stops[left] : tree.starts[right]].strip()
        return text if len(text) <= _LONGEST_OPERATOR else _COMMENTS.sub(b"", text).strip()

    def role(self, index: int) -> Role | None:
        """Return a node's role."""
        return self.grammar.roles[self.tree.kinds[index]]

    def unwrap(self, index: int) -> int:
        """Look through parentheses."""
        wrappers, kinds, end = self.rules.wrappers, self.tree.kinds, self.tree.end
        while wrappers[kinds[index]] and index + 1 < end[index]:
            index += 1
        return index

    def add_node(self, index: int, kind: int) -> int:
        """Make a data-flow node for a syntax node."""
        tree = self.tree
        self.spans.append((tree.starts[index], tree.stops[index]))
        self.node_kinds.append(kind)
        return len(self.node_kinds) - 1

    def use(self, index: int) -> int:
        """Record a use of the variable at ``index``."""
        tree, kinds = self.tree, self.node_kinds
        start, stop = tree.starts[index], tree.stops[index]
        node = len(kinds)
        self.spans.append((start, stop))
        kinds.append(VARIABLE)
        name, scopes, state = tree.text[start:stop], self.scopes, self.state
        key = scopes.current.names.get(name)
        if key is None:
            key = scopes.key(name)
        self.last_key = key
        if not state.dead:
            value = state.read(key) if state.loops else state.env[key]
            self.reads.append((node, value, key, COMES_FROM))
        self.trail.append(node)
        return node

    def define(self, index: int, key: int, value: "Value | None" = None) -> int:
        """Record a definition of ``key`` at ``index`` that gets ``value``."""
        node = self.add_node(index, DEFINITION)
        if value is not None:
            self.connect(node, value)
        self.assign(key, node)
        return node

    def assign(self, key: int, node: int) -> None:
        """Let the definition ``node`` reach from here on; it ends all paths below ``key``."""
        state = self.state
        if state.dead:
            return
        self.definitions.append((key, node))
        state.assign(key, node)
        paths = self.path_keys.get(key)
        if paths is not None:
            for path in paths.values():
                if state.loops or state.env[path]:
                    state.assign(path, 0)

    def weaken(self, key: int, node: int) -> None:
        """Let ``node`` reach from here on beside whatever reached before."""
        if self.state.dead:
            return
        self.definitions.append((key, node))
        old = self.state.read(key)
        self.state.assign(key, self.state.phi([node, old]) if old else node)

    def connect(self, target: int, value: "Value") -> None:
        """Add the edges from ``target`` to what it was computed from."""
        direct = value.direct
        for source in value.sources:
            kind = COMES_FROM if source == direct else COMPUTED_FROM
            self.edges.append((target, source, kind))

    def begin_value(self) -> int:
        """Enter a value expression; return the mark to close it with."""
        self.in_value += 1
        return len(self.trail)

    def end_value(self, mark: int, index: int | None = None) -> Value:
        """Leave a value expression that began at ``mark``.

        A bare variable, path or literal at ``index`` passes its value on unchanged: it
        is then the last node of the trail and has the very span of the expression.
        """
        self.in_value -= 1
        sources = self.trail[mark:]
        if not sources or index is None:
            return Value(tuple(sources))
        tree, last = self.tree, sources[-1]
        start, stop = self.spans[last]
        if tree.starts[index] == start and tree.stops[index] == stop:
            return Value(tuple(sources), last)
        inner = self._carrier(index)
        span = (tree.starts[inner], tree.stops[inner])
        if span == (start, stop) or inner == self.unwrap(index):
            return Value(tuple(sources), last if span == (start, stop) else 0)
        # The target of an inner assignment may have uses of its own after the value.
        return Value(tuple(sources), next((s for s in sources[::-1] if self.spans[s] == span), 0))

    def forget(self, mark: int) -> None:
        """Let nothing be computed from what was used since ``mark``."""
        del self.trail[mark:]

    def _carrier(self, index: int) -> int:
        # `a = b = v` hands on v, as `(b, v)` does: look through plain assignments, commas
        # and parentheses.
        first = index = self.unwrap(index)
        role = self.role(index)
        while isinstance(role, Comma) or (isinstance(role, Assign) and not role.augmented):
            known = self.carriers.get(index)
            if known is not None:
                index = known
                break
            right = self._passed_on(index, role)
            if right is None:
                break
            index = self.unwrap(right)
            role = self.role(index)
        if index != first:
            self.carriers[first] = index
        return index

    def _passed_on(self, index: int, role: Assign | Comma) -> int | None:
        if isinstance(role, Comma):
            return next(reversed(self.children(index)), None)
        left, right = self.part(index, role.left), self.part(index, role.right)
        if left is None or right is None or self.between(left, right) not in role.plain:
            return None
        return right
