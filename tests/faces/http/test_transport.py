"""A transport whose end is polite and bounded, on a wire that we hold."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from typing_extensions import override

from tidemill.faces.http.limits import Limits
from tidemill.faces.http.transport import PoliteTransport

LIMITS = Limits(stall_seconds=0.2, linger_seconds=0.1)


class Wire(asyncio.Transport):
    """Notes what is done to it; takes only as much as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.unsent = 0
        self.can_half_close = True
        self.resets: list[bytes] = []

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(f"write {bytes(data).decode()}")

    @override
    def write_eof(self) -> None:
        self.done.append("write_eof")
        raise OSError("the client has gone")

    @override
    def can_write_eof(self) -> bool:
        return self.can_half_close

    @override
    def close(self) -> None:
        self.done.append("close")

    @override
    def abort(self) -> None:
        self.done.append("abort")

    @override
    def is_closing(self) -> bool:
        return "close" in self.done or "abort" in self.done

    @override
    def pause_reading(self) -> None:
        self.done.append("pause")

    @override
    def resume_reading(self) -> None:
        self.done.append("resume")

    @override
    def get_write_buffer_size(self) -> int:
        return self.unsent

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)
        self.resets.append(value)


Scene = Callable[[PoliteTransport, Wire], None]


def played(scene: Scene, *, worth: bool = True, seconds: float = 1.0) -> list[str]:
    """What was done to the wire, in a scene and some time behind it."""
    wire = Wire()

    async def play() -> None:
        polite = PoliteTransport(wire, LIMITS, on_leave=lambda: worth)
        scene(polite, wire)
        give_up_at = asyncio.get_running_loop().time() + seconds
        while "abort" not in wire.done and asyncio.get_running_loop().time() < give_up_at:
            wire.unsent = max(0, wire.unsent - 1_000)
            await asyncio.sleep(0.01)
        polite.release()

    asyncio.run(play())
    return wire.done


def test_a_refused_client_is_listened_to_for_a_moment() -> None:
    assert played(lambda polite, _: polite.close(), seconds=60) == ["write_eof", "resume", "abort"]


def test_where_nothing_comes_any_more_it_is_closed_at_once() -> None:
    assert played(lambda polite, _: polite.close(), worth=False, seconds=60) == ["close", "abort"]
    assert played(lambda polite, _: polite.hang_up(), seconds=60) == ["close", "abort"]


def test_without_half_closing_too() -> None:
    def scene(polite: PoliteTransport, wire: Wire) -> None:
        wire.can_half_close = False
        polite.close()

    assert played(scene, seconds=60) == ["close", "abort"]


def test_it_leaves_once() -> None:
    def scene(polite: PoliteTransport, _: Wire) -> None:
        polite.hang_up()
        polite.close()
        polite.hang_up()
        polite.write(b"too late")
        polite.pause_reading()

    assert played(scene, seconds=60) == ["close", "abort"]


def test_a_client_that_takes_something_has_time() -> None:
    def scene(polite: PoliteTransport, wire: Wire) -> None:
        wire.unsent = 60_000
        polite.hang_up()

    # At 1,000 bytes every 10 ms this takes several periods.
    done = played(scene, seconds=60)
    assert done == ["close", "abort"]


def test_a_client_that_takes_nothing_is_dropped() -> None:
    def scene(polite: PoliteTransport, wire: Wire) -> None:
        wire.unsent = 1 << 40
        polite.watch_for_a_stall()
        # A second call does not give it more time.
        polite.watch_for_a_stall()
        wire.get_write_buffer_size = lambda: 1 << 40  # type: ignore[method-assign] # stuck

    assert played(scene, seconds=60) == ["abort"]


def test_one_that_has_taken_all_is_not() -> None:
    def scene(polite: PoliteTransport, _: Wire) -> None:
        polite.watch_for_a_stall()
        polite.stop_watching()

    assert played(scene, seconds=0.5) == []


def test_before_it_leaves_everything_passes() -> None:
    def scene(polite: PoliteTransport, _: Wire) -> None:
        polite.write(b"x")
        polite.pause_reading()
        polite.resume_reading()
        assert not polite.is_closing()
        assert polite.get_write_buffer_size() == 0
        assert polite.get_extra_info("peername", "nobody") == "nobody"

    assert played(scene, seconds=0.05) == ["write x", "pause", "resume"]


@pytest.mark.parametrize("worth", [True, False])
def test_its_end_resets_the_connection(worth: bool) -> None:
    wires: list[Wire] = []

    def scene(polite: PoliteTransport, wire: Wire) -> None:
        wires.append(wire)
        polite.close()

    played(scene, worth=worth, seconds=60)
    assert len(wires[0].resets) == 1
