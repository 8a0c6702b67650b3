"""Who is asked for types, and the one thread in which that is done."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from tidemill.core.errors import DeadlineError
from tidemill.faces.joernti.answers import NOTHING, InferredType, written
from tidemill.faces.joernti.limits import Limits
from tidemill.faces.joernti.slices import read_request

__all__ = ["InferenceThread", "SliceInference"]


class SliceInference(Protocol):
    """What infers the types of a program slice."""

    def infer(self, program_slice: str) -> Iterable[InferredType]:
        """Return types for objects of a program slice.

        Args:
            program_slice: JSON text with ``objectSlices``, a map of methods or a list of them,
                and at least one object in it.

        Raises:
            TidemillError: It cannot; the log says why, and the client gets nothing.
        """
        ...


class InferenceThread:
    """Reads requests and answers them, one after the other, beside the loop of the server.

    What runs in a thread cannot be cancelled: a request whose time is up has its answer, and
    the next one begins when the work for it ends. So does the process, if it is to end.

    Args:
        inference: Who is asked.
        limits: How long an answer may take.
    """

    def __init__(self, inference: SliceInference, limits: Limits) -> None:
        self._inference = inference
        self._limits = limits
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joernti")

    async def answer(self, raw: bytes) -> bytes:
        """Return the answer to a request, as it is sent.

        Args:
            raw: What the client sent, without its end.

        Raises:
            InputError: It is no program slice.
            DeadlineError: The answer took too long.
            Exception: Whatever the inference raises.
        """
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._thread, self._work, raw)
        try:
            done, _ = await asyncio.wait({work}, timeout=self._limits.answer_seconds)
        finally:
            # Does nothing to work that is done, and takes what has not begun out of the queue.
            work.cancel()
        if not done:
            raise DeadlineError(f"no answer after {self._limits.answer_seconds:g} s")
        return work.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _work(self, raw: bytes) -> bytes:
        request = read_request(raw, self._limits)
        if not request.objects:
            return NOTHING
        return written(self._inference.infer(request.text))
