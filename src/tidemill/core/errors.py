"""The one tree of errors, ordered by who can mend them.

Every message says what happened, where, and what to do. A face prints
``str(error)`` for people and ``error.to_dict()`` for programs, and exits with
``error.exit_code``.

    TidemillError            exit 3
    ├── InputError           exit 3   the person who gave the input
    │   └── ParseTimeoutError
    ├── SettingError         exit 2   the person who wrote the setting or flag
    ├── ExpertError          exit 3   the person who made the expert
    ├── StoreError           exit 3   the person who owns the store's folder
    ├── CapacityError        exit 4   more room, time or patience
    │   ├── BusyError
    │   ├── DeadlineError
    │   └── LockedError
    ├── MissingExtraError    exit 5   one pip line
    └── MissingToolError     exit 5   a program of somebody else's
"""

from typing_extensions import override

__all__ = [
    "BusyError",
    "CapacityError",
    "DeadlineError",
    "ExpertError",
    "InputError",
    "LockedError",
    "MissingExtraError",
    "MissingToolError",
    "ParseTimeoutError",
    "SettingError",
    "StoreError",
    "TidemillError",
]


class TidemillError(Exception):
    """Something Tidemill can name.

    Args:
        message: What happened and where, in one sentence.
        hint: What the reader can do about it, in one sentence.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @override
    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, object]:
        """Return the error as JSON-ready facts: kind, message, hint, exit code."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class InputError(TidemillError):
    """A file, text or row that cannot be used, with its place.

    Args:
        message: What is wrong.
        path: The file, as the reader knows it.
        line: Line, counted from 1.
        column: Column, counted from 1.
        source_line: The text of that line; shown with a caret.
        hint: What to do.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        source_line: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column
        self.source_line = source_line

    @property
    def place(self) -> str:
        """The place as ``file:line:column``, as far as it is known."""
        parts = (self.path, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)

    @override
    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        lines = [head]
        if self.source_line is not None and self.column is not None:
            lines += [f"  {self.source_line}", "  " + " " * (self.column - 1) + "^"]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)

    @override
    def to_dict(self) -> dict[str, object]:
        """Return the error as JSON-ready facts, with its place."""
        place = {"path": self.path, "line": self.line, "column": self.column}
        return super().to_dict() | place


class ParseTimeoutError(InputError):
    """A text that took longer to parse than the setting ``parse_seconds`` allows."""


class SettingError(TidemillError):
    """A setting, flag or environment variable that is unknown or out of range."""

    exit_code = 2


class ExpertError(TidemillError):
    """An expert package that is damaged, unknown or not allowed."""


class StoreError(TidemillError):
    """A store that cannot be read or written: version, permission, damage."""


class CapacityError(TidemillError):
    """Not enough disk, memory or time for what was asked."""

    exit_code = 4


class BusyError(CapacityError):
    """Too much is waiting already; the same will be taken a little later.

    Args:
        message: What is full.
        retry_after_seconds: When it is worth asking again.
    """

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message, hint=f"Ask again in {retry_after_seconds:.0f} s.")
        self.retry_after_seconds = retry_after_seconds


class DeadlineError(CapacityError):
    """What was asked for took longer than whoever asked was willing to wait."""


class LockedError(CapacityError):
    """Another process holds the lock of this kind of job."""


class MissingExtraError(TidemillError):
    """A feature whose optional dependency is not installed.

    Args:
        feature: What was asked for.
        extra: The extra that brings it.
    """

    exit_code = 5

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra [{extra}], which is not installed",
            hint=f"pip install 'tidemill[{extra}]'",
        )
        self.extra = extra


class MissingToolError(TidemillError):
    """A program of somebody else's that a feature needs, and that is not here.

    Args:
        feature: What was asked for.
        tool: The program, as a reader knows it.
        hint: How to get it.
    """

    exit_code = 5

    def __init__(self, feature: str, *, tool: str, hint: str) -> None:
        super().__init__(f"{feature} needs {tool}", hint=hint)
        self.tool = tool
