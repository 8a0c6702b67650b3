"""Where a server listens, and whether it may."""

import os
import resource
import socket
from dataclasses import dataclass
from typing import Any

from tidemill.core.errors import SettingError
from tidemill.core.loopback import is_loopback
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.limits import Limits

__all__ = ["Address", "Binding", "address_of", "allow_files", "check_rights", "listener_for"]

_SPARE_FILES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a server listens, and who may ask it.

    Attributes:
        host: Name or address; of a name, the first address.
        port: 0 takes a free one.
        token: What clients must show; needed where more than this machine can ask.
        hosts: Names besides loopback's that clients may call the server.
        origins: Pages of other servers that may ask.
        drain_seconds: How long what runs may take to finish when the server stops.
        allow_root: Whether it may run with all rights.

    Raises:
        SettingError: The port or the seconds are out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    token: BearerToken | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    drain_seconds: int = 10
    allow_root: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port < 1 << 16:
            raise SettingError(f"{self.port} is no port", hint="Choose between 0 and 65535.")
        if not 0 <= self.drain_seconds <= 3_600:
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

    @property
    def url(self) -> str:
        """The address as a browser takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def check_rights(binding: Binding) -> None:
    """Refuse to serve with all rights, unless that is wanted.

    Raises:
        SettingError: We are root, and nobody allowed it.
    """
    if os.geteuid() == 0 and not binding.allow_root:
        raise SettingError(
            "a server that strangers may reach does not run as root",
            hint="Start it as another user, or allow root expressly.",
        )


def allow_files(limits: Limits) -> None:
    """Let this process open as many files as its connections need.

    With fewer, those who come when all are taken could not even be told so.

    Raises:
        SettingError: The system does not allow as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Those who are refused take some moments to leave.
    needed = 2 * limits.connections + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or needed <= soft:
        return
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise SettingError(
            f"{limits.connections} connections need {needed} open files, and {hard} are allowed",
            hint="Have the limit raised (ulimit -Hn), or choose fewer connections.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def listener_for(binding: Binding) -> socket.socket:
    """Return a socket that is bound, but answers nobody yet.

    Raises:
        SettingError: The address is none, is not ours, is taken, or needs a token.
    """
    family, place = _resolved(binding)
    if binding.token is None and not is_loopback(str(place[0])):
        raise SettingError(
            f"others can reach {binding.host}, and no token is set",
            hint="Listen at 127.0.0.1, or set a token.",
        )
    # With the protocol named, asyncio sends small answers at once instead of 40 ms later.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        listener.close()
        raise SettingError(
            f"cannot listen at {binding.host} port {binding.port}: {error.strerror}",
            hint="Choose another port, or 0 for a free one.",
        ) from error
    return listener


def address_of(listener: socket.socket) -> Address:
    """Return where a bound socket is reached."""
    host, port = listener.getsockname()[:2]
    return Address(host=str(host), port=int(port))


def _resolved(binding: Binding) -> tuple[socket.AddressFamily, Any]:
    """Return the first address of a host, as its family writes it."""
    try:
        found = socket.getaddrinfo(
            binding.host, binding.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{binding.host!r} is no address", hint="Name a host or an address of this machine."
        ) from error
    family, _, _, _, place = found[0]
    return family, place
