"""One thing asked of one expert, and several of them that are computed together."""

from dataclasses import dataclass

__all__ = ["Batch", "Call"]


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """Some items for one operation of one expert.

    Attributes:
        expert_hash: Who is asked.
        operation: What for.
        items: What is asked about.
        length: Bytes of the items, by which calls of about one length are put together.
        arrived: When it came, by the scheduler's clock.
        attempts: How often it was begun.
        is_alone: Whether it is computed without others: one of its last batch was trouble.
        is_cancelled: Whether nobody waits any more.
    """

    expert_hash: str
    operation: str
    items: tuple[object, ...]
    length: int
    arrived: float
    attempts: int = 0
    is_alone: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Calls that one worker computes together.

    Attributes:
        expert_hash: Who is asked.
        operation: What for.
        calls: In the order of their arrival.
    """

    expert_hash: str
    operation: str
    calls: tuple[Call, ...]

    @property
    def items(self) -> tuple[object, ...]:
        """The items of all calls, one after the other."""
        return tuple(item for call in self.calls for item in call.items)
