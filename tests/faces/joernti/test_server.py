"""A server from its start to its end, among clients that mean well and ill."""

import asyncio
import json
import logging
import re
import select
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faces.joernti.clients import PATIENCE, ask, connected, read_rest, request, until
from tests.faces.joernti.sample import ANSWER, AS_LIST, AS_MAP, LONG, SampleInference
from tests.faces.joernti.servers import HERE, process_serving, serving
from tidemill.core.errors import SettingError
from tidemill.faces.joernti.binding import Address, Binding
from tidemill.faces.joernti.limits import Limits
from tidemill.faces.joernti.server import running, serve, serve_async

TYPES = [ANSWER.to_dict()]
USUAL = Limits(request_bytes=1 << 16, connections=4)
WAIT = request(AS_MAP | {"orders": "wait"})


@pytest.fixture
def inference() -> Iterator[SampleInference]:
    made = SampleInference()
    yield made
    made.let_go.set()


@pytest.fixture
def address(inference: SampleInference) -> Iterator[Address]:
    with serving(inference, limits=USUAL) as found:
        yield found


class TestGoodClients:
    @pytest.mark.claim("tidal.protocol")
    @pytest.mark.parametrize("program_slice", [AS_MAP, AS_LIST])
    def test_both_shapes_are_answered(
        self, address: Address, inference: SampleInference, program_slice: object
    ) -> None:
        assert ask(address, request(program_slice)) == TYPES
        assert [json.loads(text) for text in inference.asked] == [program_slice]

    @pytest.mark.claim("tidal.protocol")
    def test_the_end_may_be_split_over_two_reads(self, address: Address) -> None:
        whole = request(AS_MAP)
        with connected(address) as sock:
            sock.sendall(whole[:-1])
            assert select.select([sock], [], [], 0.1) == ([], [], [])
            sock.sendall(whole[-1:])
            assert json.loads(read_rest(sock)) == TYPES

    def test_a_client_may_end_without_the_two_returns(self, address: Address) -> None:
        with connected(address) as sock:
            sock.sendall(request(AS_MAP)[:-2])
            sock.shutdown(socket.SHUT_WR)
            assert json.loads(read_rest(sock)) == TYPES

    def test_an_empty_slice_asks_nobody(self, address: Address, inference: SampleInference) -> None:
        assert ask(address, request({"objectSlices": {}})) == []
        assert inference.asked == []

    def test_many_clients_come_at_once(self, address: Address) -> None:
        found: list[object] = []
        clients = [
            threading.Thread(target=lambda: found.append(ask(address, request(AS_LIST))))
            for _ in range(20)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)
        assert found == [TYPES] * 20

    def test_a_long_answer_arrives(self, address: Address) -> None:
        (found,) = ask(address, request(AS_MAP | {"orders": "long"}))
        assert len(found["type"]) == LONG


class TestBadClients:
    @pytest.mark.parametrize(
        ("raw", "words"),
        [
            (b"{\r\r", "no JSON"),
            (b"GET / HTTP/1.1\r\n\r\n\r\r", "no JSON"),
            (b"[]\r\r", "no objectSlices"),
            (b'{"objectSlices": 7}\r\r', "neither a map of methods nor a list"),
            (b"\xff\x00\x80\r\r", "not UTF-8"),
            (b"[" * 1_000 + b"\r\r", "deeper than 64"),
            (b"x" * (1 << 17) + b"\r\r", "more than 65,536 bytes"),
        ],
    )
    def test_what_cannot_be_answered_is_answered_with_nothing_and_logged(
        self, address: Address, caplog: pytest.LogCaptureFixture, raw: bytes, words: str
    ) -> None:
        assert ask(address, raw) == []
        assert ask(address, request(AS_MAP)) == TYPES
        (line,) = caplog.messages
        assert re.search(f"answered with nothing: .*{words}", line)

    def test_who_pauses_for_too_long_is_let_go(
        self, inference: SampleInference, caplog: pytest.LogCaptureFixture
    ) -> None:
        with serving(inference, limits=Limits(idle_seconds=0.2)) as address:
            assert ask(address, b"{") == []
        assert "nothing came for 0.2 s" in caplog.text

    def test_a_slow_drip_is_let_go(
        self, inference: SampleInference, caplog: pytest.LogCaptureFixture
    ) -> None:
        limits = Limits(request_seconds=0.4)
        with serving(inference, limits=limits) as address, connected(address) as sock:
            stopped = threading.Event()

            def drip() -> None:
                while not stopped.wait(0.05):
                    try:
                        sock.sendall(b" ")
                    except OSError:
                        return

            dripping = threading.Thread(target=drip)
            dripping.start()
            assert json.loads(read_rest(sock)) == []
            stopped.set()
            dripping.join(PATIENCE)
        assert "the request was not complete after 0.4 s" in caplog.text

    def test_who_goes_early_costs_nothing(
        self, address: Address, caplog: pytest.LogCaptureFixture
    ) -> None:
        reset = struct.pack("ii", 1, 0)
        for raw in (b"", b'{"objectSlices', request(AS_MAP | {"orders": "long"})):
            with connected(address) as sock:
                sock.sendall(raw)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        assert ask(address, request(AS_MAP)) == TYPES
        assert until(lambda: "the client has gone" in caplog.text)

    def test_who_connects_and_asks_nothing_is_no_matter_for_the_log(
        self, address: Address, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO), connected(address) as sock:
            sock.shutdown(socket.SHUT_WR)
            assert read_rest(sock) == b"[]"
        assert caplog.text == ""

    def test_who_does_not_take_the_answer_is_let_go(
        self, inference: SampleInference, caplog: pytest.LogCaptureFixture
    ) -> None:
        limits = Limits(send_seconds=0.2)
        with serving(inference, limits=limits) as address, connected(address) as sock:
            sock.sendall(request(AS_MAP | {"orders": "long"}))
            assert until(lambda: "the client did not take its answer within 0.2 s" in caplog.text)

    def test_silent_clients_keep_nobody_out_for_long(self, inference: SampleInference) -> None:
        limits = Limits(idle_seconds=0.2, linger_seconds=0.1, connections=4)
        with serving(inference, limits=limits) as address, ExitStack() as silent:
            for _ in range(12):
                silent.enter_context(connected(address))
            assert ask(address, request(AS_MAP)) == TYPES


class TestBadInference:
    def test_a_failure_is_answered_with_nothing_and_logged(
        self, address: Address, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert ask(address, request(AS_MAP | {"orders": "fail"})) == []
        assert ask(address, request(AS_MAP)) == TYPES
        assert "the inference failed" in caplog.text
        assert "no such model" in caplog.text

    def test_one_that_takes_too_long_is_not_waited_for(
        self, inference: SampleInference, caplog: pytest.LogCaptureFixture
    ) -> None:
        with serving(inference, limits=Limits(answer_seconds=0.3)) as address:
            assert ask(address, WAIT) == []
            assert "no answer after 0.3 s" in caplog.text
            # The thread is taken; who comes meanwhile gets nothing, and costs nothing.
            assert ask(address, request(AS_MAP)) == []
            assert len(inference.asked) == 1
            inference.let_go.set()
            assert until(lambda: ask(address, request(AS_MAP)) == TYPES)


class TestItsEnd:
    def test_what_was_asked_is_answered_and_who_still_asks_is_let_go(
        self, inference: SampleInference
    ) -> None:
        async def live() -> None:
            stop = asyncio.Event()
            bound: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
            serving_task = asyncio.create_task(
                serve_async(inference, HERE, stop=stop, on_bound=bound.set_result)
            )
            address = await bound
            with connected(address) as asked, connected(address) as silent:
                asked.sendall(WAIT)
                assert await asyncio.to_thread(until, lambda: len(inference.asked) == 1)
                stop.set()
                assert await asyncio.to_thread(read_rest, silent) == b""
                inference.let_go.set()
                assert json.loads(await asyncio.to_thread(read_rest, asked)) == TYPES
            await serving_task

        asyncio.run(live())

    def test_what_does_not_finish_in_time_is_left(self, inference: SampleInference) -> None:
        binding = Binding(port=0, allow_root=True, drain_seconds=0.1)
        with serving(inference, binding=binding) as address, connected(address) as sock:
            sock.sendall(WAIT)
            assert until(lambda: len(inference.asked) == 1)
        inference.let_go.set()

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_in_the_normal_way(self, number: signal.Signals) -> None:
        with process_serving() as server:
            assert ask(server.address, request(AS_MAP)) == TYPES
            server.process.send_signal(number)
            out, _ = server.process.communicate(timeout=PATIENCE)
            assert (server.process.returncode, out) == (0, "ended\n")

    def test_outside_the_main_thread_there_are_no_signals(self, inference: SampleInference) -> None:
        failed: list[BaseException] = []

        class EndedError(Exception):
            """Ends the server from within."""

        def end(_: Address) -> None:
            raise EndedError

        def run() -> None:
            try:
                serve(inference, HERE, on_bound=end)
            except EndedError as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        assert len(failed) == 1

    def test_what_may_not_be_bound_is_said_before_anything_runs(
        self, inference: SampleInference
    ) -> None:
        async def live() -> None:
            async with running(inference, Binding(host="192.0.2.1", allow_root=True)):
                pass

        with pytest.raises(SettingError, match="the protocol knows no token"):
            asyncio.run(live())
