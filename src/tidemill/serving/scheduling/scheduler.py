"""Queues by expert, and the rule by which a free worker gets its next batch.

A worker goes on with the expert that it has, because that costs no switch, until somebody else has
waited longer than the patience allows; then whoever has waited longest is next. So a queue
A B A A C A B becomes A A A A B B C, and nobody starves (llama-swap issue 612 asks for just that).
Nothing here knows of processes or sockets, and time is passed in.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, KeysView, Sequence
from dataclasses import dataclass

from tidemill.core.errors import BusyError
from tidemill.serving.scheduling.call import Batch, Call

__all__ = ["Limits", "Scheduler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the queues and of a batch.

    Attributes:
        calls: Waiting in all queues together.
        length: Bytes of the items that wait.
        batch_items: Items in a batch.
        batch_length: Bytes of the items in a batch; a longer call is alone.
        patience_seconds: How long a call may wait for others of the worker's present expert.
    """

    calls: int = 1_024
    length: int = 64 << 20
    batch_items: int = 64
    batch_length: int = 256 << 10
    patience_seconds: float = 0.1


class Scheduler:
    """Calls that wait, by expert.

    Args:
        limits: Bounds.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits: Limits = limits or Limits()
        self._queues: dict[str, deque[Call]] = {}
        self._waiting = 0
        self._length = 0

    def __len__(self) -> int:
        return self._waiting

    @property
    def queued(self) -> KeysView[str]:
        """The experts for which somebody waits."""
        return self._queues.keys()

    def waiting(self, expert_hash: str) -> int:
        """Return how many calls wait for an expert."""
        return len(self._queues.get(expert_hash, ()))

    def add(self, call: Call, *, retry_after_seconds: float = 1.0) -> None:
        """Put a call at the end of its expert's queue.

        Args:
            call: The call.
            retry_after_seconds: What is said to those that are turned away.

        Raises:
            BusyError: The queues are full.
        """
        limits = self.limits
        if self._waiting >= limits.calls or self._length + call.length > limits.length:
            raise BusyError(
                f"{self._waiting:,} calls are waiting, and no more may",
                retry_after_seconds=retry_after_seconds,
            )
        self._put(call)

    def again(self, calls: Sequence[Call]) -> None:
        """Put calls of one batch that came to nothing at the front of their queue.

        Each is alone from now on, so that one of them cannot spoil the others twice.
        """
        for call in reversed(calls):
            if not call.is_cancelled:
                call.is_alone = len(calls) > 1 or call.is_alone
                self._put(call, first=True)

    def cancel(self, call: Call) -> None:
        """Forget a call; one that is being computed already is only not answered."""
        call.is_cancelled = True
        queue = self._queues.get(call.expert_hash)
        if queue is not None and call in queue:
            queue.remove(call)
            self._taken(call)

    def withdrawn(self, expert_hash: str) -> list[Call]:
        """Take out and return every call that waits for an expert."""
        calls = list(self._queues.get(expert_hash, ()))
        for call in calls:
            self.cancel(call)
        return calls

    def wanted(self) -> list[str]:
        """Return the experts for which somebody waits, by the arrival of their first call."""
        return sorted(self._queues, key=lambda name: self._queues[name][0].arrived)

    def oldest(self, expert_hash: str) -> float | None:
        """Return when the first call that waits for an expert came; None where none waits."""
        queue = self._queues.get(expert_hash)
        return queue[0].arrived if queue else None

    def next_batch(
        self,
        *,
        now: float,
        is_ready: Callable[[str], bool],
        current: str | None = None,
        active: Collection[str] = (),
    ) -> Batch | None:
        """Take out what a free worker should compute next.

        Args:
            now: The time.
            is_ready: Whether an expert can be asked without being loaded first.
            current: Whom the worker asked last.
            active: Whom it can ask without making them ready.

        Returns:
            The batch; None where nobody that is ready has calls.
        """
        ready = [name for name in self.wanted() if is_ready(name)]
        if not ready:
            return None
        return self._batch(self._chosen(ready, now, current, active))

    def _chosen(
        self, ready: list[str], now: float, current: str | None, active: Collection[str]
    ) -> str:
        if now - self._queues[ready[0]][0].arrived > self.limits.patience_seconds:
            return ready[0]
        if current in ready:
            return str(current)
        return next((name for name in ready if name in active), ready[0])

    def _batch(self, expert_hash: str) -> Batch:
        """Take the oldest call, and those behind it that are alike and of about its length."""
        queue = self._queues[expert_hash]
        first = queue[0]
        chosen = list(self._alike(queue, first))
        for call in chosen:
            queue.remove(call)
            self._taken(call)
            call.attempts += 1
        return Batch(expert_hash=expert_hash, operation=first.operation, calls=tuple(chosen))

    def _alike(self, queue: deque[Call], first: Call) -> Iterator[Call]:
        items, length = 0, 0
        for call in queue:
            items += len(call.items)
            length += call.length
            if call is not first:
                if items > self.limits.batch_items or length > self.limits.batch_length:
                    return
                if call.is_alone or call.operation != first.operation or not _are_near(call, first):
                    items -= len(call.items)
                    length -= call.length
                    continue
            yield call
            if call.is_alone:
                return

    def _put(self, call: Call, *, first: bool = False) -> None:
        queue = self._queues.setdefault(call.expert_hash, deque())
        (queue.appendleft if first else queue.append)(call)
        self._waiting += 1
        self._length += call.length

    def _taken(self, call: Call) -> None:
        self._waiting -= 1
        self._length -= call.length
        if not self._queues[call.expert_hash]:
            del self._queues[call.expert_hash]


def _are_near(call: Call, other: Call) -> bool:
    """Say whether the items of two calls are of about one length."""
    mine, others = call.length / len(call.items), other.length / len(other.items)
    return max(mine, others) <= 4 * max(64.0, min(mine, others))
