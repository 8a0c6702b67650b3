"""What a node is asked, and what it says: the values, and how they came about."""

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Answer", "Hop", "Request", "Tier", "Why"]

Tier = Literal["active", "host", "disk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an expert was asked.

    Attributes:
        reason: In words.
        runner_up: Who would have been asked otherwise; empty where nobody else was considered.
        confidence: Of a learned router; None where a tag or a rule decided.
    """

    reason: str
    runner_up: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something asked of the experts.

    Attributes:
        operation: What is wanted; see `tidemill.serving.operations`.
        items: About what.
        experts: Who is asked, one after the other. The word ``*`` stands for whom the one before
            it named; where one answers with texts, those are what the next is asked about.
        why: Why the first one is asked.
        seconds: How long somebody waits.
    """

    operation: str
    items: tuple[Any, ...]
    experts: tuple[str, ...]
    why: Why = field(default_factory=lambda: Why(reason="asked for by name"))
    seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """How one expert on the way answered.

    Attributes:
        expert: Its name.
        expert_hash: What it was, exactly.
        operation: What it was asked.
        why: Why it was asked.
        tier: Where it was when it was asked for.
        queue_seconds: Waiting that was for others.
        load_seconds: Waiting that was for its bytes, or for it to be made ready.
        compute_seconds: The computation, shared with the other calls of its batch.
        batch: Items that were computed together.
        worker: Which worker it was.
        attempts: How often it was begun: 2 where a worker was lost on the way.
    """

    expert: str
    expert_hash: str
    operation: str
    why: Why
    tier: Tier
    queue_seconds: float
    load_seconds: float
    compute_seconds: float
    batch: int
    worker: int
    attempts: int

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON, with times in milliseconds."""
        return {
            "expert": self.expert,
            "expert_hash": self.expert_hash,
            "operation": self.operation,
            "why": self.why.reason,
            "runner_up": self.why.runner_up or None,
            "confidence": self.why.confidence,
            "tier": self.tier,
            "queue_ms": round(self.queue_seconds * 1e3, 3),
            "load_ms": round(self.load_seconds * 1e3, 3),
            "compute_ms": round(self.compute_seconds * 1e3, 3),
            "batch": self.batch,
            "worker": self.worker,
            "attempts": self.attempts,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What came of a request.

    Attributes:
        values: One an item, of the last expert.
        hops: Every expert on the way.
    """

    values: list[Any]
    hops: tuple[Hop, ...]
