"""Tasks beside everything else: how they end, and that nobody dies of how they did."""

import asyncio
import logging
from typing import Any

__all__ = ["ended"]

_LOGGER = logging.getLogger("tidemill.background")


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait for their end; what one has died of is logged, and raised nowhere.

    Args:
        tasks: Running, or over already.
    """
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            _LOGGER.error("a background task has died", exc_info=task.exception())
