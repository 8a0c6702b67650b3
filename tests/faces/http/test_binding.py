"""Where a server may listen."""

import os
import resource
import socket
from contextlib import closing

import pytest

from tidemill.core.errors import SettingError
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.binding import (
    Address,
    Binding,
    address_of,
    allow_files,
    check_rights,
    listener_for,
)
from tidemill.faces.http.limits import Limits

TOKEN = BearerToken(secret="s3cret-" * 6)
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - that it is refused is the point


def test_loopback_and_a_free_port() -> None:
    with closing(listener_for(Binding(port=0))) as listener:
        address = address_of(listener)
    assert address.host == "127.0.0.1"
    assert address.port > 0
    assert address.url == f"http://127.0.0.1:{address.port}"
    assert Address(host="::1", port=80).url == "http://[::1]:80"


def test_small_answers_are_sent_at_once() -> None:
    with closing(listener_for(Binding(port=0))) as listener:
        # What asyncio looks at before it turns off the waiting for larger packets.
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("host", [ALL_ADDRESSES, "::", "192.0.2.7", "fd00::7"])
def test_what_others_can_reach_needs_a_token(host: str) -> None:
    with pytest.raises(SettingError, match=r"others can reach .*, and no token is set") as caught:
        listener_for(Binding(host=host, port=0))
    assert "Listen at 127.0.0.1, or set a token." in str(caught.value)


def test_with_a_token_it_may_be_reached() -> None:
    with closing(listener_for(Binding(host=ALL_ADDRESSES, port=0, token=TOKEN))) as listener:
        assert address_of(listener).host == ALL_ADDRESSES


def test_a_name_counts_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SettingError, match="others can reach localhost"):
        listener_for(Binding(host="localhost", port=0))


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with closing(listener_for(Binding(port=0))) as listener:
        listener.listen()
        port = address_of(listener).port
        with pytest.raises(SettingError, match=f"cannot listen at 127.0.0.1 port {port}"):
            listener_for(Binding(port=port))


def test_an_address_of_another_machine_is_a_clear_error() -> None:
    with pytest.raises(SettingError, match=r"cannot listen at 192\.0\.2\.7"):
        listener_for(Binding(host="192.0.2.7", port=0, token=TOKEN))


@pytest.mark.parametrize("host", ["", "999.1.2.3", "a b", "a\0b", "x" * 300, "ä" * 70])
def test_what_is_no_address_is_a_clear_error(host: str) -> None:
    with pytest.raises(SettingError, match="is no address"):
        listener_for(Binding(host=host, port=0))


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_has_a_range(port: int) -> None:
    with pytest.raises(SettingError, match="is no port"):
        Binding(port=port)


@pytest.mark.parametrize("seconds", [-1, 3601])
def test_draining_has_a_range(seconds: int) -> None:
    with pytest.raises(SettingError, match="drain_seconds"):
        Binding(drain_seconds=seconds)


def test_root_is_refused_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SettingError, match="does not run as root"):
        check_rights(Binding())
    check_rights(Binding(allow_root=True))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    check_rights(Binding())


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The allowance of open files, soft and hard, as it is changed."""
    allowed = [(1_024, 4_096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: allowed[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: allowed.append(pair))
    return allowed


def test_open_files_are_allowed_as_far_as_they_are_needed(files: list[tuple[int, int]]) -> None:
    allow_files(Limits(connections=300))
    assert len(files) == 1
    allow_files(Limits(connections=1_000))
    assert files[-1] == (2_256, 4_096)


def test_more_connections_than_files_are_a_clear_error(files: list[tuple[int, int]]) -> None:
    with pytest.raises(SettingError, match="need 20256 open files, and 4096 are allowed"):
        allow_files(Limits(connections=10_000))
    assert len(files) == 1


def test_without_a_limit_nothing_is_changed(files: list[tuple[int, int]]) -> None:
    files.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    allow_files(Limits(connections=100_000))
    assert len(files) == 2
