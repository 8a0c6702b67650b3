"""A server from its start to its end."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.faces.http.clients import (
    PATIENCE,
    ask,
    connected,
    exchange,
    head,
    read_answer,
    read_rest,
    until,
)
from tests.faces.http.sample import SampleApplication
from tests.faces.http.servers import HERE, process_serving, serving
from tidemill.core.errors import SettingError, TidemillError
from tidemill.faces.http.asgi import Receive, Scope, Send
from tidemill.faces.http.bearer import token_from
from tidemill.faces.http.binding import Address, Binding
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.server import running, serve, serve_async

HOME = "127.0.0.1"


def listens(address: Address) -> bool:
    """Whether anybody accepts connections there."""
    with socket.socket() as sock:
        return sock.connect_ex((address.host, address.port)) == 0


def asleep(address: Address) -> bool:
    return "asleep" in ask(address, "GET /facts").json["events"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_finish_and_nothing_new_begin(number: signal.Signals) -> None:
    with process_serving(drain_seconds=60) as server, connected(server.address) as sock:
        sock.sendall(head(server.address, "GET /sleep?seconds=2"))
        with connected(server.address) as idle:
            idle.sendall(head(server.address, "GET /health"))
            assert read_answer(idle).status == 200
            assert until(lambda: asleep(server.address))
            server.process.send_signal(number)
            assert until(lambda: not listens(server.address))
            assert read_rest(idle) == b""
        answer = read_answer(sock)
        assert answer.json == {"slept": True}
        assert read_rest(sock) == b""
        # The program ends in the normal way, after the application has.
        out, _ = server.process.communicate(timeout=PATIENCE)
        assert server.process.returncode == 0
        assert json.loads(out) == ["startup", "asleep", "shutdown"]


def test_what_does_not_finish_in_time_is_told_so() -> None:
    with process_serving(drain_seconds=1) as server, connected(server.address) as sock:
        sock.sendall(head(server.address, "GET /sleep?seconds=600"))
        assert until(lambda: asleep(server.address))
        server.process.terminate()
        answer = read_answer(sock)
        assert (answer.status, answer.code) == (503, "stopping")
        out, _ = server.process.communicate(timeout=PATIENCE)
        assert server.process.returncode == 0
        assert json.loads(out) == ["startup", "asleep", "cancelled", "shutdown"]


def test_half_open_clients_do_not_hold_the_end_up() -> None:
    with (
        process_serving({"header_seconds": 600}, drain_seconds=600) as server,
        connected(server.address) as silent,
        connected(server.address) as half,
    ):
        half.sendall(b"GET / HTTP/1.1\r\n")
        assert ask(server.address, "GET /health").status == 200
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        assert read_rest(silent) + read_rest(half) == b""


def test_a_second_interrupt_waits_for_nobody() -> None:
    with process_serving(drain_seconds=600) as server, connected(server.address) as sock:
        sock.sendall(head(server.address, "GET /sleep?seconds=600"))
        assert until(lambda: asleep(server.address))
        server.process.send_signal(signal.SIGINT)
        assert until(lambda: not listens(server.address))
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0


def test_handlers_of_signals_are_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    bound: list[Address] = []

    def stop(address: Address) -> None:
        bound.append(address)
        os.kill(os.getpid(), signal.SIGTERM)

    serve(SampleApplication(), HERE, on_bound=stop)
    asyncio.run(serve_async(SampleApplication(), HERE, on_bound=stop))
    assert all(address.port > 0 for address in bound)
    assert len(bound) == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_it_runs_inside_other_code() -> None:
    sample = SampleApplication()

    async def ask_once() -> int:
        async with running(sample, HERE) as address:
            answer = await asyncio.to_thread(ask, address, "GET /health")
            assert listens(address)
        assert not listens(address)
        return answer.status

    assert asyncio.run(ask_once()) == 200
    assert sample.events == ["startup", "shutdown"]


def test_the_version_of_nothing_is_told() -> None:
    with serving(SampleApplication()) as address:
        for line in ("GET /health", "GET /nothing", "GET /boom", "GET *"):
            answer = ask(address, line)
            assert answer.headers["server"] == "tidemill"
            assert "uvicorn" not in str(answer.headers).lower()


def test_nobody_names_its_own_address() -> None:
    with serving(SampleApplication()) as address:
        fields = ("X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "Forwarded: for=x")
        facts = ask(address, "GET /facts", *fields).json
    assert facts["client"][0] == "127.0.0.1"
    assert facts["scheme"] == "http"


def test_a_head_request_has_no_body_whatever_goes_wrong() -> None:
    with serving(SampleApplication()) as address:
        for line in ("HEAD /health", "HEAD /nothing", "HEAD /boom", "HEAD http://x/"):
            answer = ask(address, line)
            assert answer.body == b""
            assert answer.status in {200, 400, 404, 500}
        assert ask(address, "HEAD /health", host="evil.example").status == 421
        assert ask(address, "GET /health").status == 200


def test_over_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serving(SampleApplication(), binding=Binding(host="::1", port=0, allow_root=True)) as at:
        assert ask(at, "GET /health").status == 200
        assert ask(at, "GET /health", host=f"localhost:{at.port}").status == 200
        assert ask(at, "GET /health", host=f"127.0.0.1:{at.port}").status == 200
        assert ask(at, "GET /health", host=f"[::2]:{at.port}").status == 421


def test_strange_hosts_and_pages_are_refused_before_their_bodies_are_read() -> None:
    sample = SampleApplication()
    with serving(sample) as address:
        for name in ("evil.example", f"evil.example:{address.port}", "127.0.0.1", "localhost:1"):
            answer = ask(address, "GET /health", host=name)
            assert (answer.status, answer.code) == (421, "unknown_host")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            raw = head(
                address, f"{method} /count", "Origin: http://evil.example", "Content-Length: 9999"
            )
            answer = exchange(address, raw)
            assert (answer.status, answer.code) == (403, "foreign_origin")
        own = f"Origin: {address.url}"
        assert ask(address, "POST /count", own, body=b"x").json == {"bytes": 1}
    assert sample.paths == ["/count"]


def test_what_others_can_reach_asks_for_the_token(tmp_path: Path) -> None:
    token = token_from(tmp_path / "token")
    everywhere = Binding(
        host="0.0.0.0",  # noqa: S104 - with a token
        port=0,
        token=token,
        allow_root=True,
        hosts=("build.lan",),
    )
    with serving(SampleApplication(), binding=everywhere) as bound:
        address = Address(host=HOME, port=bound.port)
        shown = f"Authorization: Bearer {token.secret}"
        assert ask(address, "GET /health").status == 200
        assert ask(address, "GET /facts").code == "invalid_token"
        assert ask(address, "GET /facts", shown[:-1]).code == "invalid_token"
        assert ask(address, f"GET /facts?token={token.secret}").code == "invalid_token"
        assert ask(address, "GET /facts", shown).status == 200
        assert ask(address, "GET /facts", shown, host=f"build.lan:{bound.port}").status == 200
        assert ask(address, "GET /facts", shown, host=f"0.0.0.0:{bound.port}").status == 421


@pytest.mark.parametrize(
    ("binding", "why"),
    [
        (Binding(host="0.0.0.0", port=0, allow_root=True), "no token"),  # noqa: S104 - refused
        (Binding(host="999.1.2.3", port=0, allow_root=True), "is no address"),
        (Binding(port=0, allow_root=True, hosts=("a b",)), "is no host name"),
    ],
)
def test_a_binding_that_is_not_allowed_starts_nothing(binding: Binding, why: str) -> None:
    sample = SampleApplication()
    with pytest.raises(SettingError, match=why):
        serve(sample, binding)
    with pytest.raises(SettingError, match=why), serving(sample, binding=binding):
        pass
    assert not sample.events


def test_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SettingError, match="does not run as root"):
        asyncio.run(serve_async(SampleApplication(), Binding(port=0)))


def test_an_application_that_does_not_start_is_an_error() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no store"})

    with pytest.raises(TidemillError, match="did not start"):
        serve(broken, HERE)


def test_one_that_knows_no_lifespan_is_served() -> None:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        await SampleApplication()(scope, receive, send)

    with serving(plain) as address:
        assert ask(address, "GET /health").status == 200


def test_the_limits_are_those_that_are_told() -> None:
    with serving(SampleApplication(), limits=Limits(body_bytes=3, request_seconds=0.3)) as address:
        assert ask(address, "POST /count", body=b"123").status == 200
        assert ask(address, "POST /count", body=b"1234").status == 413
        assert ask(address, "GET /sleep?seconds=600").code == "deadline_exceeded"
