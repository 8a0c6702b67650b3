import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.serving.faulty import faulty_expert
from tests.serving.nodes import ask, open_descriptors, running, until, within
from tests.serving.packages import TEXTS, convolution_expert, encoder_expert, static_expert
from tests.serving.test_embedder import code_texts
from tidemill.core.errors import (
    BusyError,
    CapacityError,
    DeadlineError,
    ExpertError,
    InputError,
    TidemillError,
)
from tidemill.experts.package import open_expert
from tidemill.serving.answer import Request
from tidemill.serving.embedder import open_embedder
from tidemill.serving.memory.host import Loading
from tidemill.serving.memory.reading import read_blocks
from tidemill.serving.node import Node
from tidemill.serving.scheduling.scheduler import Limits

pytestmark = pytest.mark.timeout(240)

KB = 1 << 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four experts of 64 KiB."""
    for number in range(4):
        faulty_expert(tmp_path / "experts", f"search-{number}", seed=number)
    return tmp_path / "experts"


def test_every_kind_of_expert_answers_as_it_does_alone(tmp_path: Path) -> None:
    kinds = {"search-terms": static_expert, "search-code": encoder_expert}
    alone = {}
    for name, make in kinds.items():
        make(tmp_path / name, name)
        alone[name] = open_embedder(open_expert(tmp_path / name)).queries(TEXTS)
    code = open_embedder(convolution_expert(tmp_path / "clones-c")).code(code_texts())

    async def work() -> None:
        async with running(tmp_path) as node:
            for name, vectors in alone.items():
                request = Request(operation="queries", items=TEXTS, experts=(name,))
                answer = await node.ask(request)
                assert np.array(answer.values) == pytest.approx(vectors, abs=1e-6)
                assert answer.hops[0].tier == "disk"
                again = await node.ask(request)
                assert again.hops[0].tier == "active"
            request = Request(operation="code", items=tuple(code_texts()), experts=("clones-c",))
            answer = await node.ask(request)
            assert np.array(answer.values) == pytest.approx(code, abs=1e-6)

    within(120, work)


@pytest.mark.claim("coe.tiers")
def test_two_experts_take_turns_where_there_is_room_for_one(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, host_bytes=64 * KB) as node:
            for turn in range(60):
                name = f"search-{turn % 2}"
                answer = await ask(node, name)
                assert answer.values[0].startswith(name)
            assert set(node.telemetry.calls) == {"disk"}
            answers = await asyncio.gather(*(ask(node, f"search-{n % 2}") for n in range(200)))
            for number, answer in enumerate(answers):
                assert answer.values[0].startswith(f"search-{number % 2} ")
            assert node.host.used_bytes <= 64 * KB
            assert node.host.counters.evictions < 200

    within(120, work)


def test_many_who_ask_at_once_make_one_load(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            answers = await asyncio.gather(*(ask(node, "search-0") for _ in range(50)))
            assert node.host.counters.loads == 1
            assert {answer.hops[0].worker for answer in answers} <= {1, 2, 3}
            assert max(answer.hops[0].batch for answer in answers) > 1

    within(120, work)


def test_whoever_is_free_and_has_the_expert_is_asked(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            await until(lambda: len(node.crew.members) == 2)
            slow = asyncio.create_task(ask(node, "search-0", "sleep 1"))
            await until(lambda: any(member.batch for member in node.crew.members))
            other = (await ask(node, "search-1")).hops[0].worker
            first = (await slow).hops[0].worker
            assert first != other
            for name, worker in (("search-1", other), ("search-0", first)) * 3:
                (hop,) = (await ask(node, name)).hops
                assert (hop.worker, hop.load_seconds) == (worker, 0.0)

    within(120, work)


@pytest.mark.claim("coe.scheduler")
def test_what_waits_drives_out_nobody_before_it_could_be_computed(tmp_path: Path) -> None:
    for number in range(16):
        faulty_expert(tmp_path / "experts", f"search-{number}", seed=number)
    names = iter([f"search-{turn % 16}" for turn in range(480)])

    async def work() -> None:
        limits = Limits(patience_seconds=60)
        async with running(tmp_path / "experts", host_bytes=8 * 64 * KB, limits=limits) as node:

            async def client() -> None:
                for name in names:
                    await ask(node, name, "sleep 0.002")

            await asyncio.gather(*(client() for _ in range(8)))
            # As many wait as there is room for: all of them would drive out all the others.
            assert node.host.counters.loads < 0.8 * 480

    within(120, work)


def test_one_hot_expert_is_asked_by_all_workers(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, limits=Limits(batch_items=1)) as node:
            await until(lambda: len(node.crew.members) == 2)
            jobs = [ask(node, "search-0", "sleep 0.05") for _ in range(8)]
            answers = await asyncio.gather(*jobs)
            assert len({answer.hops[0].worker for answer in answers}) == 2
            assert node.host.counters.loads == 1

    within(120, work)


@pytest.mark.claim("coe.faults")
def test_nothing_fails_when_a_worker_is_killed_under_load(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            await until(lambda: sum(member.is_ready for member in node.crew.all) == 3)
            victim = node.crew.members[0]
            jobs = [
                asyncio.create_task(ask(node, f"search-{n % 4}", f"sleep 0.0{n % 9}"))
                for n in range(200)
            ]
            await until(lambda: victim.batch is not None)
            os.kill(victim.worker.pid, signal.SIGKILL)
            answers = await asyncio.gather(*jobs)
            assert len(answers) == 200
            assert max(answer.hops[0].attempts for answer in answers) == 2
            assert node.telemetry.lost_workers == 1
            assert len(node.crew.members) == 2
            assert victim not in node.crew.members

    within(120, work)


@pytest.mark.claim("coe.faults")
def test_a_worker_that_hangs_is_replaced_and_its_calls_are_made_again(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            await until(lambda: sum(member.is_ready for member in node.crew.all) == 3)
            await ask(node, "search-0")
            victim = next(one for one in node.crew.members if one.served)
            os.kill(victim.worker.pid, signal.SIGSTOP)
            answers = await asyncio.gather(
                *(ask(node, f"search-{n % 4}", "sleep 0.02") for n in range(20))
            )
            assert len(answers) == 20
            await until(lambda: victim not in node.crew.all)
            assert node.telemetry.lost_workers == 1

    within(120, work)


def test_a_worker_that_is_slow_to_start_drives_nobody_out(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            slow = node.crew.all[0]
            os.kill(slow.worker.pid, signal.SIGSTOP)
            await until(lambda: len(node.crew.members) == 2)
            first = node.crew.members
            await ask(node, "search-0")
            os.kill(slow.worker.pid, signal.SIGCONT)
            await until(lambda: slow.is_ready)
            assert node.crew.members == first
            assert (await ask(node, "search-0")).hops[0].tier == "active"

    within(120, work)


def test_no_worker_is_taken_for_hung_because_its_node_stood_still(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            await until(lambda: len(node.crew.members) == 2)
            for _ in range(2):
                time.sleep(node.crew.plan.silence_seconds * 1.2)  # noqa: ASYNC251  the loop stands still
                await asyncio.sleep(0.2)
            assert node.crew.restarts == 0

    within(120, work)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash", "has ended 3 workers"),
        ("memory 99999999999", "ran out of memory"),
        ("raise", "as it was told"),
    ],
)
def test_an_expert_that_fails_at_load_says_why_and_the_others_go_on(
    folder: Path, name: str, said: str
) -> None:
    faulty_expert(folder, "search-bad", at_load=name)

    async def work() -> None:
        async with running(folder, rest_seconds=60.0) as node:
            await until(lambda: len(node.crew.members) == 2)
            told = [str(await refused(node, "search-bad")) for _ in range(2)]
            assert said in told[-1]
            assert (await ask(node, "search-1")).values
            with pytest.raises(TidemillError, match=said):
                await ask(node, "search-bad")

    within(200, work)


async def refused(node: Node, expert: str) -> TidemillError:
    with pytest.raises(TidemillError) as caught:
        await ask(node, expert)
    return caught.value


def test_a_call_that_crashes_its_worker_takes_nobody_with_it(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1, spares=2) as node:
            hold = asyncio.create_task(ask(node, "search-0", "sleep 0.3"))
            await until(lambda: node.crew.members[0].batch is not None)
            jobs = [ask(node, "search-0", "crash" if n == 3 else "echo") for n in range(8)]
            found = await asyncio.gather(*jobs, return_exceptions=True)
            await hold
            failed = [number for number, one in enumerate(found) if isinstance(one, Exception)]
            assert failed == [3]
            assert isinstance(found[3], CapacityError)
            assert "SIGSEGV" in str(found[3])

    within(200, work)


def test_an_expert_that_does_not_fit_is_refused_and_the_others_go_on(folder: Path) -> None:
    faulty_expert(folder, "search-large", numbers=1 << 18)

    async def work() -> None:
        async with running(folder, host_bytes=256 * KB) as node:
            with pytest.raises(CapacityError, match="host tier has 262,144"):
                await ask(node, "search-large")
            assert (await ask(node, "search-0")).values

    within(120, work)


def test_an_expert_that_is_damaged_is_refused_and_the_others_go_on(folder: Path) -> None:
    path = folder / "search-1" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    async def work() -> None:
        async with running(folder) as node:
            with pytest.raises(ExpertError, match="another hash"):
                await ask(node, "search-1")
            assert (await ask(node, "search-0")).values
            assert "search-1" in node.catalog.troubles

    within(120, work)


def test_a_load_that_never_ends_is_given_up_and_the_others_go_on(folder: Path) -> None:
    gate = threading.Event()

    def reader(loading: Loading) -> int:
        if loading.package.name == "search-1":
            gate.wait()
        return read_blocks(loading.package, loading.missing, loading.places)

    async def work() -> None:
        async with running(folder, reader=reader, load_seconds=0.3, rest_seconds=0.1) as node:
            with pytest.raises(CapacityError, match=r"took longer than 0\.3 s"):
                await ask(node, "search-1")
            assert (await ask(node, "search-0")).values
            used = node.host.used_bytes
            with pytest.raises(CapacityError, match="took longer"):
                await ask(node, "search-1")
            gate.set()
            await until(lambda: node.host.used_bytes < used)
            await asyncio.sleep(0.2)
            assert (await ask(node, "search-1")).values

    try:
        within(120, work)
    finally:
        gate.set()


def test_who_waits_too_long_is_told_and_who_goes_away_costs_nothing(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1) as node:
            blocker = asyncio.create_task(ask(node, "search-0", "sleep 20"))
            await until(lambda: node.crew.members[0].batch is not None)
            with pytest.raises(DeadlineError, match="did not answer within"):
                await ask(node, "search-1", seconds=0.1)
            gone = asyncio.create_task(ask(node, "search-1"))
            await until(lambda: len(node.scheduler) == 1)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            assert len(node.scheduler) == 0
            assert node.telemetry.calls.total() == 3
            assert node.telemetry.items == 0
            blocker.cancel()

    within(120, work)


def test_full_queues_turn_away(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, workers=1, limits=Limits(calls=4, batch_items=1)) as node:
            jobs = [ask(node, "search-0", "sleep 0.1") for _ in range(12)]
            found = await asyncio.gather(*jobs, return_exceptions=True)
            busy = [one for one in found if isinstance(one, BusyError)]
            assert 5 <= len(busy) <= 8
            assert all(one.retry_after_seconds >= 1 for one in busy)

    within(120, work)


def test_an_expert_is_replaced_without_a_failed_request(folder: Path, tmp_path: Path) -> None:
    new = faulty_expert(tmp_path / "new", "search-0", seed=99)

    async def work() -> None:
        async with running(folder) as node:
            hashes: set[str] = set()
            is_over = False

            async def client() -> None:
                while not is_over:
                    answer = await ask(node, "search-0", "sleep 0.005")
                    hashes.add(answer.hops[0].expert_hash)

            clients = [asyncio.create_task(client()) for _ in range(6)]
            await until(lambda: len(hashes) == 1)
            (folder / "search-0").rename(tmp_path / "old")
            new.folder.rename(folder / "search-0")
            await until(lambda: len(hashes) == 2)
            await until(lambda: len(node.host.residents) == 1)
            is_over = True
            await asyncio.gather(*clients)
            assert set(node.host.residents) == {new.expert_hash}

    within(120, work)


def test_pinned_experts_stay_and_may_be_let_go(folder: Path) -> None:
    async def work() -> None:
        async with running(folder, host_bytes=128 * KB) as node:
            await node.pin("search-0")
            for number in (1, 2, 3):
                await ask(node, f"search-{number}")
            assert (await ask(node, "search-0")).hops[0].tier == "host"
            with pytest.raises(InputError, match="is pinned"):
                await node.evict("search-0")
            await node.pin("search-0", pinned=False)
            await node.evict("search-0")
            assert (await ask(node, "search-0")).hops[0].tier == "disk"

    within(120, work)


def test_draining_answers_what_was_asked_and_takes_no_more(folder: Path) -> None:
    async def work() -> None:
        async with running(folder) as node:
            jobs = [asyncio.create_task(ask(node, "search-0", "sleep 0.2")) for _ in range(4)]
            await until(lambda: any(member.batch for member in node.crew.members))
            draining = asyncio.create_task(node.drain(seconds=30))
            await asyncio.sleep(0)
            with pytest.raises(CapacityError, match="shutting down"):
                await ask(node, "search-1")
            assert await draining
            assert len(await asyncio.gather(*jobs)) == 4

    within(120, work)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request(operation="queries", items=(), experts=("search-0",)), "nothing is asked"),
        (Request(operation="queries", items=("a",), experts=()), "0 experts"),
        (Request(operation="queries", items=("a",), experts=("search-0",) * 9), "9 experts"),
        (Request(operation="queries", items=("a",), experts=("*",)), "begins with an expert"),
        (Request(operation="queries", items=("a",), experts=("search-00",)), "no expert search-00"),
        (Request(operation="queries", items=("a",), experts=("../x",)), "name of an expert"),
        (Request(operation="steal", items=("a",), experts=("search-0",)), "no operation 'steal'"),
    ],
)
def test_requests_that_cannot_be_are_refused(folder: Path, request_: Request, said: str) -> None:
    async def work() -> None:
        async with running(folder, workers=1, spares=0) as node:
            with pytest.raises((InputError, ExpertError), match=said):
                await node.ask(request_)

    within(60, work)


def test_a_node_leaves_nothing_behind(folder: Path) -> None:
    async def work() -> list[int]:
        async with running(folder) as node:
            await ask(node, "search-0")
            return [member.worker.pid for member in node.crew.all]

    within(60, work)
    before = open_descriptors()
    pids = within(60, work)
    assert open_descriptors() == before
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
