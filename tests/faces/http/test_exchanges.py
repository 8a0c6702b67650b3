"""One exchange: its deadline, and what happens when nobody waits for it."""

import asyncio
import threading

import pytest
from typing_extensions import override

from tests.faces.http.asgi_calls import WHOLE, Client, call, scope_of
from tests.faces.http.sample import SampleApplication, answer
from tidemill.faces.http.asgi import Message, Receive, Scope, Send
from tidemill.faces.http.exchanges import ExchangeGuard
from tidemill.faces.http.limits import Limits

GONE: Message = {"type": "http.disconnect"}
SHORT = Limits(request_seconds=0.2)
LONG = Limits(request_seconds=60)


def sleeping(seconds: float) -> Scope:
    scope = scope_of("GET", "/sleep")
    scope["query_string"] = f"seconds={seconds}".encode()
    return scope


def test_what_is_quick_is_answered() -> None:
    assert call(ExchangeGuard(SampleApplication(), SHORT), sleeping(0)).answer.status == 200


def test_what_takes_too_long_is_cancelled_and_says_so() -> None:
    sample = SampleApplication()
    client = call(ExchangeGuard(sample, SHORT), sleeping(600))
    assert (client.answer.status, client.answer.code) == (504, "deadline_exceeded")
    assert sample.events == ["asleep", "cancelled"]


def test_work_in_a_thread_does_not_hold_the_answer_back() -> None:
    release = threading.Event()
    answered: list[bool] = []

    async def threaded(_scope: Scope, _receive: Receive, _send: Send) -> None:
        work = asyncio.get_running_loop().run_in_executor(None, release.wait, 60)
        # As anyio waits for a thread: whatever is cancelled, to its end.
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                continue

    class Witness(Client):
        @override
        async def send(self, message: Message) -> None:
            await super().send(message)
            answered.append(not release.is_set())
            release.set()

    client = Witness()
    asyncio.run(ExchangeGuard(threaded, SHORT)(scope_of("GET", "/"), client.receive, client.send))
    assert client.answer.status == 504
    assert answered[0]


def test_a_client_that_goes_ends_the_work() -> None:
    sample = SampleApplication()
    client = call(ExchangeGuard(sample, LONG), sleeping(600), WHOLE, 0.05, GONE)
    assert sample.events == ["asleep", "cancelled"]
    assert not client.got


def test_an_application_that_listens_learns_of_it() -> None:
    sample = SampleApplication()
    call(ExchangeGuard(sample, LONG), scope_of("GET", "/hang"), WHOLE, 0.05, GONE)
    assert sample.events == ["hanging", "gone"]


def test_a_body_is_handed_over_before_anybody_listens_for_the_end() -> None:
    sample = SampleApplication()
    scope = scope_of("POST", "/count", (b"transfer-encoding", b"chunked"))
    half: Message = {"type": "http.request", "body": b"123", "more_body": True}
    client = call(ExchangeGuard(sample, LONG), scope, half, 0.01, half, WHOLE)
    assert client.answer.json == {"bytes": 6}


def test_a_client_that_goes_in_the_middle_of_its_body() -> None:
    sample = SampleApplication()
    scope = scope_of("POST", "/count", (b"content-length", b"10"))
    half: Message = {"type": "http.request", "body": b"123", "more_body": True}
    client = call(ExchangeGuard(sample, LONG), scope, half, GONE)
    assert sample.events == ["gone while reading"]
    assert not client.got


def test_what_is_done_behind_the_answer_is_not_cut_off_by_the_client() -> None:
    done: list[str] = []

    async def diligent(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, {})
        await asyncio.sleep(0.2)
        done.append("behind the answer")

    # A server reports a client that has its answer as one that has gone.
    client = call(ExchangeGuard(diligent, LONG), scope_of("GET", "/"), WHOLE, 0.05, GONE)
    assert client.answer.status == 200
    assert done == ["behind the answer"]


def test_but_by_the_deadline() -> None:
    done: list[str] = []

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, {})
        await asyncio.sleep(600)
        done.append("never")

    client = call(ExchangeGuard(endless, SHORT), scope_of("GET", "/"), WHOLE, GONE)
    assert client.answer.status == 200
    assert not done


def test_an_error_of_the_application_passes() -> None:
    with pytest.raises(ZeroDivisionError):
        call(ExchangeGuard(SampleApplication(), LONG), scope_of("GET", "/boom"))


def test_a_server_that_stops_tells_those_who_wait() -> None:
    sample = SampleApplication()
    client = Client()

    async def stop_in_the_middle() -> None:
        guard = ExchangeGuard(sample, LONG)
        exchange = asyncio.ensure_future(guard(sleeping(600), client.receive, client.send))
        await asyncio.sleep(0.05)
        exchange.cancel()
        await exchange

    asyncio.run(stop_in_the_middle())
    assert (client.answer.status, client.answer.code) == (503, "stopping")
    assert sample.events == ["asleep", "cancelled"]
