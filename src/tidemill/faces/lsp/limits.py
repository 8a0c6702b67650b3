"""What one editor may take: bytes, documents, seconds. All of it bounded."""

from dataclasses import dataclass

from tidemill.core.bounds import between, check_bounds, count

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server allows an editor.

    Beyond any of them the log says so, and the rest goes on.

    Attributes:
        message_bytes: Of a message, its header not counted; a longer one is thrown away.
        document_bytes: Of a file; a longer one gets no types.
        changes: Of a file in one message; after more of them it gets no types until it is opened
            again.
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

    message_bytes: int = count(32 << 20, 1 << 10, 1 << 30)
    document_bytes: int = count(1 << 20, 1 << 10, 1 << 26)
    changes: int = count(100_000, 1, 10_000_000)
    documents: int = count(256, 1, 10_000)
    sites: int = count(2_000, 1, 100_000)
    asked_at_once: int = count(96, 1, 10_000)
    answers: int = count(20_000, 1, 1_000_000)
    analyses: int = count(32, 1, 1_000)
    wait_seconds: float = between(10.0, 0.0, 600.0)
    step_seconds: float = between(120.0, 0.05, 3_600.0)
    compilers: int = count(3, 1, 16)
    compiler_seconds: float = between(20.0, 0.05, 600.0)
    settling_seconds: float = between(4.0, 0.0, 600.0)
    neighbours: int = count(1_000, 0, 100_000)
    send_seconds: float = between(30.0, 0.05, 3_600.0)
    connections: int = count(4, 1, 100)

    def __post_init__(self) -> None:
        check_bounds(self)
