import asyncio
import logging

import pytest

from tidemill.core.background import ended


def test_tasks_end_whatever_they_end_with(caplog: pytest.LogCaptureFixture) -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    async def die() -> None:
        raise ZeroDivisionError("of this")

    async def work() -> None:
        tasks = [asyncio.create_task(for_ever()), asyncio.create_task(die())]
        await asyncio.sleep(0)
        await ended(*tasks)
        assert all(task.done() for task in tasks)
        await ended()

    with caplog.at_level(logging.ERROR, "tidemill.background"):
        asyncio.run(work())
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "of this"


def test_who_waits_for_the_end_can_be_cancelled() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)
                return

    async def work() -> None:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ended(task), 0.01)
        await task

    asyncio.run(work())
