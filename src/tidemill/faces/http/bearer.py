"""The secret of a server that others can reach, and the private file that keeps it."""

import hmac
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.core.errors import SettingError
from tidemill.core.files import (
    PRIVATE_FILE,
    make_private_directory,
    named_failures,
    write_atomically,
)

__all__ = ["BearerToken", "token_from"]

_SHORTEST = 32
_LONGEST = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerToken:
    """A secret that its holder shows as ``Authorization: Bearer <secret>``.

    Attributes:
        secret: 32 to 512 visible ASCII characters; never printed, not even in errors.

    Raises:
        SettingError: The secret is too short, too long, or not of visible ASCII.
    """

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        visible = self.secret.isascii() and self.secret.isprintable() and " " not in self.secret
        if not visible or not _SHORTEST <= len(self.secret) <= _LONGEST:
            raise SettingError(
                "the token is no good secret",
                hint=f"It has {_SHORTEST} to {_LONGEST} visible ASCII characters; "
                "remove its file, and a new one is made.",
            )

    def matches(self, shown: bytes) -> bool:
        """Whether what was shown is the secret; takes as long wherever the two differ."""
        return hmac.compare_digest(self.secret.encode("ascii"), shown)


def token_from(path: Path) -> BearerToken:
    """Read the token of a file that nobody else can read; make both when they are absent.

    Args:
        path: The file; its folder is made private when absent.

    Raises:
        SettingError: Others could read it or put another in its place: it is no regular file,
            belongs to somebody else, or its permissions let a group or everybody in; or it
            holds no token.
        StoreError: It cannot be read or made.
        CapacityError: The disk is full.
    """
    if not os.path.lexists(path):
        _make(path)
    with named_failures(path, doing="read"):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            _check_private(os.fstat(descriptor), path)
            text = os.read(descriptor, _LONGEST + 2)
        finally:
            os.close(descriptor)
    return BearerToken(secret=text.decode("latin-1").rstrip("\r\n"))


def _make(path: Path) -> None:
    make_private_directory(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_atomically(draft, secrets.token_urlsafe(32).encode() + b"\n", mode=PRIVATE_FILE)
    with named_failures(path, doing="write"):
        try:
            # A link, unlike a rename, leaves the file of another server that was faster.
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()


def _check_private(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SettingError(f"{path} is no regular file", hint="Name a file for the token.")
    if facts.st_uid != os.geteuid():
        raise SettingError(
            f"the token file {path} belongs to somebody else",
            hint="Own it, or name another file.",
        )
    if stat.S_IMODE(facts.st_mode) & 0o077:
        raise SettingError(
            f"others can read the token file {path}",
            hint=f"Its token is known: remove the file for a new one, or chmod 600 {path}.",
        )
