"""What would change, as a unified diff that ``git apply`` and ``patch`` take."""

from collections.abc import Sequence
from difflib import unified_diff

from tidemill.tasks.types.report import FileChange

__all__ = ["diff_of"]

NO_END = "\\ No newline at end of file\n"


def diff_of(changes: Sequence[FileChange]) -> str:
    """Return the changes of files, one after the other.

    Args:
        changes: Of files; their paths are written as people know them.
    """
    pieces: list[str] = []
    for change in changes:
        found = unified_diff(
            _lines(change.before),
            _lines(change.after),
            fromfile=f"a/{change.name}",
            tofile=f"b/{change.name}",
        )
        pieces += (line if line.endswith("\n") else f"{line}\n{NO_END}" for line in found)
    return "".join(pieces)


def _lines(text: bytes) -> list[str]:
    # Not `splitlines`: a carriage return alone ends no line for those who read it.
    lines = [line + b"\n" for line in text.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line.decode("utf-8", "replace") for line in lines if line]
