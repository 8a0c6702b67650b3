"""What one editor may take: bytes, documents, seconds. All of it bounded."""

from dataclasses import dataclass, field, fields

from tidemill.core.errors import SettingError

__all__ = ["Limits"]


def _between(default: float, low: float, high: float) -> float:
    bounds: float = field(default=default, metadata={"low": low, "high": high})
    return bounds


def _count(default: int, low: int, high: int) -> int:
    bounds: int = field(default=default, metadata={"low": low, "high": high})
    return bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server allows an editor.

    Beyond any of them the log says so, and the rest goes on.

    Attributes:
        message_bytes: Of a message, its header not counted; a longer one is thrown away.
        document_bytes: Of a file; a longer one gets no types.
        documents: Open at once; further ones get no types.
        sites: Places of a file that types are asked for, in their order.
        asked_at_once: Places in one question, after which others have their turn.
        answers: Remembered for places that stay as they are while a file changes.
        analyses: Of texts that are remembered for undoing and opening again.
        wait_seconds: How long a request waits for an analysis that is under way.
        step_seconds: After which a step of an analysis is no longer waited for.
        compilers: Projects whose compiler runs, the last used ones.
        compiler_seconds: For one answer of a compiler.
        settling_seconds: For finding out which types of a file hold together.
        neighbours: Files of a project that are read for the types that they export.
        send_seconds: For an editor to go on reading what it is sent.
        connections: At once, over TCP.

    Raises:
        SettingError: A value is out of its range.
    """

    message_bytes: int = _count(32 << 20, 1 << 10, 1 << 30)
    document_bytes: int = _count(1 << 20, 1 << 10, 1 << 26)
    documents: int = _count(256, 1, 10_000)
    sites: int = _count(2_000, 1, 100_000)
    asked_at_once: int = _count(96, 1, 10_000)
    answers: int = _count(20_000, 1, 1_000_000)
    analyses: int = _count(32, 1, 1_000)
    wait_seconds: float = _between(10.0, 0.0, 600.0)
    step_seconds: float = _between(120.0, 0.05, 3_600.0)
    compilers: int = _count(3, 1, 16)
    compiler_seconds: float = _between(20.0, 0.05, 600.0)
    settling_seconds: float = _between(4.0, 0.0, 600.0)
    neighbours: int = _count(1_000, 0, 100_000)
    send_seconds: float = _between(30.0, 0.05, 3_600.0)
    connections: int = _count(4, 1, 100)

    def __post_init__(self) -> None:
        for item in fields(self):
            low, high = item.metadata["low"], item.metadata["high"]
            value = getattr(self, item.name)
            # Written so that NaN, which is in no order, is out of range too.
            if not low <= value <= high:
                raise SettingError(
                    f"{item.name} = {value} is out of range",
                    hint=f"Choose between {low} and {high}.",
                )
