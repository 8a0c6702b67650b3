"""Where the server listens: on this machine alone, for the protocol knows no token."""

import os
import socket
from dataclasses import dataclass
from typing import Any

from tidemill.core.errors import SettingError
from tidemill.core.loopback import is_loopback

__all__ = ["DEFAULT_PORT", "Address", "Binding", "address_of", "check_rights", "listener_for"]

DEFAULT_PORT = 1337
"""Where Joern's pass looks for the server."""

_BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where the server listens.

    Attributes:
        host: Name or address of loopback; of a name, the first address.
        port: 0 takes a free one.
        drain_seconds: How long what runs may take to finish when the server stops.
        allow_root: Whether it may run with all rights.

    Raises:
        SettingError: The port or the seconds are out of range.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    drain_seconds: float = 10.0
    allow_root: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port < 1 << 16:
            raise SettingError(f"{self.port} is no port", hint="Choose between 0 and 65535.")
        if not 0.0 <= self.drain_seconds <= 3_600.0:
            raise SettingError(
                f"drain_seconds = {self.drain_seconds} is out of range",
                hint="Choose between 0 and 3600.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is reached.

    Attributes:
        host: IP address in digits.
        port: The port in use.
    """

    host: str
    port: int


def check_rights(binding: Binding) -> None:
    """Refuse to serve with all rights, unless that is wanted.

    Raises:
        SettingError: We are root, and nobody allowed it.
    """
    if os.geteuid() == 0 and not binding.allow_root:
        raise SettingError(
            "a server that others of this machine may reach does not run as root",
            hint="Start it as another user, or allow root expressly.",
        )


def listener_for(binding: Binding) -> socket.socket:
    """Return a socket that listens; who connects waits until it is accepted.

    Raises:
        SettingError: The address is none, is not loopback, or is taken.
    """
    family, place = _resolved(binding)
    if not is_loopback(str(place[0])):
        raise SettingError(
            f"others can reach {binding.host}, and the protocol knows no token",
            hint="Listen at 127.0.0.1, and let others come through a tunnel.",
        )
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingError(
            f"cannot listen at {binding.host} port {binding.port}: {error.strerror}",
            hint="Choose another port, or 0 for a free one.",
        ) from error
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> Address:
    """Return where a bound socket is reached."""
    host, port = listener.getsockname()[:2]
    return Address(host=str(host), port=int(port))


def _resolved(binding: Binding) -> tuple[socket.AddressFamily, Any]:
    """Return the first address of a host, as its family writes it."""
    try:
        found = socket.getaddrinfo(binding.host, binding.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{binding.host!r} is no address", hint="Name a host or an address of this machine."
        ) from error
    family, _, _, _, place = found[0]
    return family, place
