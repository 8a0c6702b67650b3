"""Experts on their way from disk to the host tier: one load each, several at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tidemill.core.clock import Clock
from tidemill.core.errors import CapacityError, TidemillError
from tidemill.core.executor import typed_error
from tidemill.experts.package import ExpertPackage
from tidemill.serving.memory.host import HostTier, Loading
from tidemill.serving.memory.reading import read_blocks

__all__ = ["Loader", "Reader"]

Reader = Callable[[Loading], int]
"""Reads what is missing of an expert into its places; returns how many bytes that were."""


def read_loading(loading: Loading) -> int:
    """Read an expert's missing blocks from its folder."""
    return read_blocks(loading.package, loading.missing, loading.places)


class Loader:
    """Loads experts. For the thread of its event loop.

    Args:
        host: Where they go.
        clock: Says what a load took.
        at_once: How many are read at the same time.
        seconds: How long one load may take.
        reader: Reads one.
    """

    def __init__(
        self,
        host: HostTier,
        clock: Clock,
        *,
        at_once: int = 2,
        seconds: float = 60.0,
        reader: Reader = read_loading,
    ) -> None:
        self._host = host
        self._clock = clock
        self._at_once = at_once
        self._seconds = seconds
        self._reader = reader
        # A read that never ends keeps its thread, so there are some more than are used.
        self._threads = ThreadPoolExecutor(at_once + 6, thread_name_prefix="tidemill-load")
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def loading(self) -> frozenset[str]:
        """Experts that are on their way, by hash."""
        return frozenset(self._tasks)

    def start(
        self,
        package: ExpertPackage,
        may_leave: Callable[[str], bool],
        then: Callable[[str, TidemillError | None], None],
    ) -> bool:
        """Begin to load an expert, if there is room and a free reader.

        Args:
            package: One that is neither there nor on its way.
            may_leave: Which of the idle experts may go for it.
            then: Told how it ended, with the expert's hash.

        Returns:
            Whether it has begun.

        Raises:
            CapacityError: There never will be room.
        """
        if len(self._tasks) >= self._at_once:
            return False
        loading = self._host.begin(package, may_leave)
        if loading is None:
            return False
        key = package.expert_hash
        task = asyncio.get_running_loop().create_task(self._load(loading, then))
        self._tasks[key] = task
        return True

    async def _load(
        self, loading: Loading, then: Callable[[str, TidemillError | None], None]
    ) -> None:
        key = loading.package.expert_hash
        error: TidemillError | None = None
        began = self._clock.monotonic()
        work = self._threads.submit(self._reader, loading)
        future = asyncio.wrap_future(work)
        try:
            read = await asyncio.wait_for(asyncio.shield(future), self._seconds)
        except TimeoutError:
            error = CapacityError(
                f"loading the expert {loading.package.name} took longer than {self._seconds:g} s",
                hint="Look at the disk that it is on.",
            )
            # Its room is given back when the reader lets go of it, and not before.
            future.add_done_callback(lambda late: self._let_go(late, loading))
        except Exception as raised:  # noqa: BLE001  whatever reading raises is how it ended
            error = typed_error(raised)
            self._host.abandon(loading)
        else:
            seconds = self._clock.monotonic() - began
            self._host.finish(loading, read_bytes=read, seconds=seconds)
        del self._tasks[key]
        then(key, error)

    def _let_go(self, late: "asyncio.Future[int]", loading: Loading) -> None:
        late.exception()  # it is known to have failed
        self._host.abandon(loading)

    def close(self) -> None:
        """Forget what is on its way."""
        for task in self._tasks.values():
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
