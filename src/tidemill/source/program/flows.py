"""Flows from sources to sinks through a whole program.

A search forward from every source, breadth first, so that the first way to a sink is a
shortest one. Its states are a node, the field of it that is marked, the calls that were
entered on the way, and the harms that were prevented. A way that enters a function through
one call does not leave it through another, as far as the context remembers. Everything is
bounded, and what was left out for a bound is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from tidemill.core.clock import Clock, SystemClock
from tidemill.source.program.aliases import Aliases, Context, advanced, entered
from tidemill.source.program.callgraph import CallGraph
from tidemill.source.program.endpoints import Sink, Source, sanitizers_in, sinks_in, sources_in
from tidemill.source.program.patterns import Pattern
from tidemill.source.program.values import (
    CAPTURE,
    COPY,
    DERIVE,
    ENTER,
    EXIT,
    INIT,
    LOAD,
    MADE,
    STORE,
    THROUGH,
    Label,
)

__all__ = ["Flow", "FlowLimits", "FlowReport", "Query", "Step", "flows_in"]

TEXT_BYTES = 120
STATES_BETWEEN_LOOKS = 256
ALIAS = -1
WORDS = {
    COPY: "passed on",
    LOAD: "field read",
    STORE: "field written",
    DERIVE: "computed from it",
    CAPTURE: "captured",
    INIT: "field of the instance",
    ENTER: "argument of a call",
    EXIT: "returned",
    THROUGH: "through a call that is not known",
    ALIAS: "the same object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLimits:
    """How far a search goes.

    Attributes:
        fields: Fields of a path that are told apart; deeper ones are one.
        calls: Calls that a way remembers to have entered.
        states: States of a search from one source.
        flows: Flows of a program.
        seconds: Time for all searches.
    """

    fields: int = 4
    calls: int = 3
    states: int = 50_000
    flows: int = 10_000
    seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to look for.

    Attributes:
        sources: Patterns, each with what it stands for.
        sinks: Patterns, each with the harm.
        sanitizers: Patterns of calls whose value is harmless, with the harms that they
            prevent; an empty set for all.
        through_unknown: Whether a call that nobody knows lets its arguments and what it is
            called on through to its value.
        limits: How far to go.
    """

    sources: Sequence[tuple[Pattern, str]]
    sinks: Sequence[tuple[Pattern, str]]
    sanitizers: Mapping[Pattern, frozenset[str]] = field(default_factory=dict)
    through_unknown: bool = True
    limits: FlowLimits = field(default_factory=FlowLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One place on a way.

    Attributes:
        path: The file.
        start: First byte.
        end: Byte after the last.
        text: What stands there, on one line and cut.
        why: How the value came there from the step before.
    """

    path: str
    start: int
    end: int
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A way from a source to a sink.

    Attributes:
        kind: The harm.
        source: The pattern of the source, as written.
        origin: What it stands for.
        sink: The pattern of the sink, as written.
        call: The call that is the sink.
        steps: From the source to the argument, a shortest way.
    """

    kind: str
    source: str
    origin: str
    sink: str
    call: Step
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowReport:
    """What was found.

    Attributes:
        flows: One for every pair of source and sink: source by source, short ways first.
        sources: How many sources there are.
        sinks: How many arguments are sinks.
        cut: Why something may be missing; empty where nothing is.
    """

    flows: tuple[Flow, ...]
    sources: int
    sinks: int
    cut: tuple[str, ...]


class _State(NamedTuple):
    node: int
    path: Label
    context: Context
    safe: frozenset[str]


_Origins = dict[_State, tuple[_State | None, int]]


def flows_in(graph: CallGraph, query: Query, *, clock: Clock | None = None) -> FlowReport:
    """Find the flows of a program.

    Args:
        graph: Its call graph.
        query: What to look for.
        clock: Measures the time; by default the system's.
    """
    return _Tracing(graph, query, clock or SystemClock()).report()


class _Tracing:
    def __init__(self, graph: CallGraph, query: Query, clock: Clock) -> None:
        self._program = graph.program
        self._query, self._limits = query, query.limits
        self._clock = clock
        self._ends_at = clock.monotonic() + query.limits.seconds
        self._sources = sources_in(graph, query.sources)
        self._sinks: dict[int, list[Sink]] = {}
        for sink in sinks_in(graph, query.sinks):
            self._sinks.setdefault(sink.node, []).append(sink)
        self._sanitizers = sanitizers_in(graph, query.sanitizers)
        instantiated = graph.wiring.instantiated
        self._aliases = Aliases(graph.program, instantiated, query.limits.calls)
        self._cut: dict[str, None] = {}

    def report(self) -> FlowReport:
        """Search from every source."""
        most = self._limits.flows
        flows = tuple(islice(self._all(), most + 1))
        if len(flows) > most:
            self._cut[f"more than {most:,} flows"] = None
        return FlowReport(
            flows=flows[:most],
            sources=len(self._sources),
            sinks=sum(len(sinks) for sinks in self._sinks.values()),
            cut=tuple(self._cut),
        )

    def _all(self) -> Iterator[Flow]:
        for source in self._sources if self._sinks else ():
            yield from self._from(source)
            if self._clock.monotonic() > self._ends_at:
                self._cut[f"{self._limits.seconds:g} s were over"] = None
                return

    def _from(self, source: Source) -> Iterator[Flow]:
        first = _State(source.node, (), (), frozenset())
        origins: _Origins = {first: (None, COPY)}
        queue = [first]
        reached: set[Sink] = set()
        for place, state in enumerate(queue):
            for sink in self._sinks.get(state.node, ()):
                if sink.kind not in state.safe and sink not in reached:
                    reached.add(sink)
                    yield self._flow(source, sink, state, origins)
            if len(queue) > self._limits.states:
                self._cut[f"more than {self._limits.states:,} states from one source"] = None
                return
            if place % STATES_BETWEEN_LOOKS == 0 and self._clock.monotonic() > self._ends_at:
                return
            for follower, op in self._followers(state):
                if follower not in origins:
                    origins[follower] = (state, op)
                    queue.append(follower)

    def _followers(self, state: _State) -> Iterator[tuple[_State, int]]:
        for target, op, label, call in self._program.out.get(state.node, ()):
            safe = self._safe(op, call, state.safe)
            context = entered(op, call, state.context, self._limits.calls)
            path = self._path(op, label, state.path)
            if safe is None or context is None or path is None:
                continue
            yield _State(target, path, context, safe), op
            if op == STORE:
                for node, inside, calls in self._aliases.of(target, path, context):
                    yield _State(node, inside[: self._limits.fields], calls, safe), ALIAS

    def _path(self, op: int, label: Label, path: Label) -> Label | None:
        if op == MADE or (op == DERIVE and path):
            return None
        if op == THROUGH:
            return () if self._query.through_unknown else None
        found = advanced(op, label, path)
        return None if found is None else found[: self._limits.fields]

    def _safe(self, op: int, call: int, safe: frozenset[str]) -> frozenset[str] | None:
        """Return the harms that are prevented after an edge; None where all are."""
        if op not in {ENTER, THROUGH} or call not in self._sanitizers:
            return safe
        prevented = self._sanitizers[call]
        return safe | prevented if prevented else None

    def _flow(self, source: Source, sink: Sink, state: _State, origins: _Origins) -> Flow:
        way: list[tuple[int, int]] = []
        at: _State | None = state
        while at is not None:
            before, op = origins[at]
            way.append((at.node, op))
            at = before
        call = self._step(sink.call, "sink")
        return Flow(
            kind=sink.kind,
            source=source.pattern,
            origin=source.kind,
            sink=sink.pattern,
            call=call,
            steps=tuple(self._steps(reversed(way))),
        )

    def _steps(self, way: Iterator[tuple[int, int]]) -> Iterator[Step]:
        """Yield the places of a way; nodes that were made besides have none of their own."""
        last: tuple[str, int, int] | None = None
        for node, op in way:
            place = self._program.at(node)
            if place is None or node - place[0].first >= len(place[0].syntax.kinds):
                continue
            step = self._step(node, "source" if last is None else WORDS[op])
            key = (step.path, step.start, step.end)
            if key != last:
                last = key
                yield step

    def _step(self, node: int, why: str) -> Step:
        place = self._program.at(node)
        if place is None:
            return Step(path="", start=0, end=0, text="", why=why)
        file, at = place
        start, end = file.syntax.starts[at], file.syntax.ends[at]
        text = file.syntax.text[start : min(end, start + TEXT_BYTES)].decode("utf-8", "ignore")
        return Step(path=file.path, start=start, end=end, text=" ".join(text.split()), why=why)
