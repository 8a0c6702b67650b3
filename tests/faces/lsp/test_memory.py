"""A thousand edits: nothing is kept that grows with them."""

import asyncio
import gc

import pytest

from tests.faces.lsp.harness import URI, Scene, scene
from tests.faces.lsp.sample import long_file
from tidemill.faces.lsp.documents import Change
from tidemill.faces.lsp.limits import Limits

LIMITS = Limits(answers=300, analyses=8)
MOST_OBJECTS = 5_000
"""So many more of them may be alive than before; a text that was looked at makes thousands."""


def objects() -> int:
    """How many objects are alive."""
    gc.collect()
    return len(gc.get_objects())


async def edited(own: Scene, first: int, times: int) -> None:
    """Type and take back a line a time, and let some of the texts be looked at."""
    for number in range(first, first + times):
        line = f"const k{number % 97} = text;" if number % 2 else ""
        change = Change(start=(2, 0), end=(2, 0 if number % 2 else 99), text=line)
        own.workspace.change(URI, [change], number)
        if not number % 25:
            await own.settled()


@pytest.mark.slow
def test_a_thousand_edits_leave_as_much_behind_as_a_hundred() -> None:
    async def live() -> None:
        async with scene(limits=LIMITS) as own:
            own.open(long_file(20))
            await edited(own, 1, 200)
            await own.settled()
            before = objects()
            await edited(own, 201, 1_000)
            await own.settled()
            assert len(own.desk.analyst.answers) <= LIMITS.answers
            assert len(own.listener.methods) < 100
            assert objects() - before < MOST_OBJECTS

    asyncio.run(live())
