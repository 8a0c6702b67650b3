import threading
from pathlib import Path
from traceback import walk_tb

import pytest

from tests.serving.faulty import faulty_expert
from tests.serving.nodes import ask, running, within
from tidemill.core.errors import CapacityError, DeadlineError, ExpertError
from tidemill.serving.memory.host import Loading
from tidemill.serving.memory.reading import read_blocks
from tidemill.serving.node import Node

pytestmark = pytest.mark.timeout(240)

KB = 1 << 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two experts of 64 KiB."""
    for number in range(2):
        faulty_expert(tmp_path / "experts", f"search-{number}", seed=number)
    return tmp_path / "experts"


def test_what_never_fits_is_refused_before_anybody_waits(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1, spares=0, host_bytes=32 * KB) as node:
            with pytest.raises(CapacityError, match=r"search-0 takes .* and the host tier has"):
                await node.load("search-0", seconds=3_600)
            with pytest.raises(CapacityError, match="search-0 takes"):
                await node.pin("search-0")

    within(60, work)


def test_what_pinned_experts_leave_no_room_for_is_refused(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1, spares=0, host_bytes=100 * KB) as node:
            await node.pin("search-0")
            with pytest.raises(CapacityError, match=r"search-1 takes .* and pinned experts leave"):
                await node.load("search-1", seconds=3_600)

    within(60, work)


def test_a_disk_that_takes_too_long_is_a_deadline(folder: Path) -> None:
    gate = threading.Event()

    def reader(loading: Loading) -> int:
        gate.wait()
        return read_blocks(loading.package, loading.missing, loading.places)

    async def work() -> None:
        async with running(folder, workers=1, spares=0, reader=reader) as node:
            with pytest.raises(DeadlineError, match=r"search-0 was not loaded within 0\.2 s"):
                await node.load("search-0", seconds=0.2)
            gate.set()
            await node.load("search-0")
            assert len(node.host.residents) == 1

    try:
        within(60, work)
    finally:
        gate.set()


def test_an_expert_that_is_left_alone_keeps_nothing_of_those_who_ask(folder: Path) -> None:
    def reader(_: Loading) -> int:
        raise ExpertError("it is damaged")

    async def depth(node: Node) -> int:
        with pytest.raises(ExpertError, match="it is damaged") as caught:
            await ask(node, "search-0")
        return len(list(walk_tb(caught.value.__traceback__)))

    async def work() -> None:
        async with running(
            folder, workers=1, spares=0, reader=reader, rest_seconds=3_600.0
        ) as node:
            await depth(node)
            depths = {await depth(node) for _ in range(5)}
            assert len(depths) == 1

    within(60, work)
