"""The one thread in which files are looked at, a step at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tidemill.core.errors import DeadlineError

__all__ = ["Worker"]

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs steps one after the other, beside the loop that talks to the editor.

    What runs in a thread cannot be stopped: of a step that is no longer wanted the result is
    thrown away, and the next one begins when it ends.

    Args:
        seconds: How long a step is waited for, those before it included.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lsp")

    async def do(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step, and return what it returns.

        Args:
            step: What to do.
            args: For whom it is done.
            kwargs: The same by name.

        Raises:
            DeadlineError: It took too long.
            Exception: Whatever it raises.
        """
        work = asyncio.wrap_future(self._thread.submit(step, *args, **kwargs))
        try:
            done, _ = await asyncio.wait({work}, timeout=self._seconds)
        finally:
            # Takes what has not begun out of the queue, and does nothing to what is done.
            work.cancel()
        if not done:
            raise DeadlineError(f"a file was looked at for more than {self._seconds:g} s")
        return work.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
