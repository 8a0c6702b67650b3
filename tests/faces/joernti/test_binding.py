"""Where the server listens, and that nobody from elsewhere can reach it."""

import os
import socket

import pytest

from tidemill.core.errors import SettingError
from tidemill.faces.joernti.binding import (
    DEFAULT_PORT,
    Binding,
    address_of,
    check_rights,
    listener_for,
)


def test_it_listens_where_joern_looks_unless_told_otherwise() -> None:
    assert (Binding().host, Binding().port) == ("127.0.0.1", DEFAULT_PORT)
    assert DEFAULT_PORT == 1337


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_free_port_of_loopback(host: str) -> None:
    with listener_for(Binding(host=host, port=0)) as listener:
        address = address_of(listener)
        assert address.port > 0
        with socket.create_connection((address.host, address.port), timeout=5):
            pass


@pytest.mark.claim("tidal.protocol")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"])  # noqa: S104 - refused
def test_nobody_from_elsewhere_can_reach_it(host: str) -> None:
    with pytest.raises(SettingError, match=r"the protocol knows no token|is no address"):
        listener_for(Binding(host=host, port=0))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "\0"])
def test_what_is_no_address(host: str) -> None:
    with pytest.raises(SettingError, match="is no address"):
        listener_for(Binding(host=host, port=0))


def test_a_taken_port_is_named() -> None:
    with listener_for(Binding(port=0)) as listener:
        port = address_of(listener).port
        with pytest.raises(SettingError, match=rf"cannot listen at 127\.0\.0\.1 port {port}"):
            listener_for(Binding(port=port))


@pytest.mark.parametrize("port", [-1, 1 << 16])
def test_a_port_has_sixteen_bits(port: int) -> None:
    with pytest.raises(SettingError, match="is no port"):
        Binding(port=port)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), 3_601.0])
def test_draining_is_bounded(seconds: float) -> None:
    with pytest.raises(SettingError, match=r"drain_seconds = .* is out of range"):
        Binding(drain_seconds=seconds)


def test_root_does_not_serve_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SettingError, match="does not run as root"):
        check_rights(Binding())
    check_rights(Binding(allow_root=True))
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    check_rights(Binding())
