"""What the gateway knows of a node: what it said last, and what it was sent since."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tidemill.core.errors import InputError
from tidemill.serving.placement import NodeView

__all__ = ["CallSeconds", "NodeKnowledge", "NodeReport", "read_report"]

MOST_SILENCES = 2
FIRST_CALL_SECONDS = 1e-2
_WEIGHT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """What a node says of itself.

    Attributes:
        facts: Its tiers, experts, workers and queues, as ``GET /v1/experts`` has them.
        resident: Experts in its memory.
        waiting: Calls in its queues.
        workers: That compute.
        load_seconds: What the last loads took, by expert, for those in its memory.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    resident: frozenset[str] = frozenset()
    waiting: int = 0
    workers: int = 1
    load_seconds: Mapping[str, float] = field(default_factory=dict)


def read_report(body: bytes) -> NodeReport:
    """Read a node's answer to ``GET /v1/experts``.

    Args:
        body: The answer.

    Raises:
        InputError: It is none.
    """
    try:
        facts = json.loads(body)
        there = [one for one in facts["experts"] if one["tier"] != "disk"]
        return NodeReport(
            facts=facts,
            resident=frozenset(str(one["name"]) for one in there),
            waiting=int(facts["waiting"]),
            workers=sum(one["state"] in {"idle", "busy"} for one in facts["workers"]),
            load_seconds={
                str(one["name"]): float(one["load_ms"]) / 1e3
                for one in there
                if one["load_ms"] is not None
            },
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("a node does not say what it has", hint="Is it a Tidemill?") from error


class NodeKnowledge:
    """What is known of one node. For the thread of an event loop.

    A call that is under way makes its expert count as resident: whoever comes next need not
    wait for another load.

    Args:
        name: The node's.
    """

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.report: NodeReport = NodeReport()
        self.is_refused: bool = False
        self.silent_seconds: float = 0.0
        """For how long it was waited for in vain, since it was last heard of."""
        self._under_way: Counter[str] = Counter()
        self._others = 0
        self._silences = MOST_SILENCES

    @property
    def is_there(self) -> bool:
        """Whether it answers; a single answer that is late is no sign that it does not."""
        return self._silences < MOST_SILENCES

    @property
    def under_way(self) -> int:
        """Requests that it was sent and has not answered."""
        return self._under_way.total()

    def note_begun(self) -> None:
        """Forget a server that is gone: a new one is made."""
        self.report = NodeReport()
        self._others = 0
        self.note_alive()
        self._silences = MOST_SILENCES

    def note_report(self, report: NodeReport) -> None:
        """Take what it says of itself."""
        self.report = report
        self._others = max(0, report.waiting - self.under_way)
        self.note_alive()

    def note_alive(self) -> None:
        """Note that it answered, if only that it has no time."""
        self.silent_seconds = 0.0
        self._silences, self.is_refused = 0, False

    def note_silence(self, seconds: float, *, is_refused: bool = False) -> None:
        """Note that it did not answer in time; or that nobody listens there any more.

        Args:
            seconds: For how long it was waited for. They are added up instead of looking at a
                clock: while we stood still ourselves nobody was silent.
            is_refused: Whether the system said that nobody listens.
        """
        self.silent_seconds += seconds
        self._silences += 1
        if is_refused:
            self._silences, self.is_refused = MOST_SILENCES, True

    def note_broken(self) -> None:
        """Note that it left a request unanswered: it counts again when it says something."""
        self._silences = MOST_SILENCES

    @contextmanager
    def asked(self, expert: str) -> Iterator[None]:
        """Count a request as under way while the block runs.

        Args:
            expert: Whom it asks; empty where the node decides.
        """
        self._under_way[expert] += 1
        try:
            yield
        finally:
            self._under_way[expert] -= 1
            if not self._under_way[expert]:
                del self._under_way[expert]

    def view(self, load_seconds: Mapping[str, float]) -> NodeView:
        """Return it as placement sees it.

        Args:
            load_seconds: What loads took, by expert, wherever they were measured.
        """
        return NodeView(
            name=self.name,
            is_there=self.is_there,
            resident=self.report.resident | (self._under_way.keys() - {""}),
            waiting=self.under_way + self._others,
            workers=self.report.workers,
            load_seconds=load_seconds,
        )


class CallSeconds:
    """What a call takes a worker on the average, the last ones counting most.

    Answers are timed from outside, waiting included. Of a call that found others before it, only
    its own share counts: with ``n`` calls at ``w`` workers an answer takes ``n / w`` calls.
    """

    def __init__(self) -> None:
        self.average: float = FIRST_CALL_SECONDS

    def add(self, seconds: float, *, ahead: int, workers: int) -> None:
        """Count an answer.

        Args:
            seconds: What it took.
            ahead: Calls that its node had under way when it was sent.
            workers: Of its node.
        """
        share = seconds / max(1.0, (ahead + 1) / max(1, workers))
        self.average += _WEIGHT * (share - self.average)
