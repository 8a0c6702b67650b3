"""Bytes of a file become text, or are refused with a place and a reason."""

import codecs
import re
from dataclasses import dataclass

from tidemill.core.errors import InputError

__all__ = ["SourceText", "decode", "is_minified"]

SMALL = 1 << 14
"""Bytes; below this, long lines are no sign of a minified file."""

LONG_LINES = 500

# UTF-32 first: its little-endian mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
UPPER_CONTROL = re.compile(rb"[\x80-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """The text of a file.

    Attributes:
        data: UTF-8 without byte order mark; line endings as in the file.
        encoding: What the file was written in: ``utf-8``, ``utf-16-le``,
            ``latin-1``, ``cp1252``, ...
    """

    data: bytes
    encoding: str


def decode(raw: bytes, path: str) -> SourceText:
    """Turn a file's bytes into UTF-8.

    A byte order mark decides; without one the text is UTF-8, or else a
    single-byte Western text, if all of it is printable.

    Args:
        raw: The file.
        path: The file, as the reader knows it, for the error.

    Raises:
        InputError: The file is binary, or is not what its byte order mark says.
    """
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            data = _recoded(raw[len(mark) :], encoding, path)
            break
    else:
        data, encoding = _unmarked(raw, path)
    zero = data.find(b"\0")
    if zero >= 0:
        raise _refusal("binary: it holds a NUL character", data, zero, path)
    return SourceText(data=data, encoding=encoding)


def _recoded(raw: bytes, encoding: str, path: str) -> bytes:
    """Turn bytes of a known encoding into UTF-8."""
    try:
        return raw.decode(encoding).encode("utf-8")
    except UnicodeError as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        before = raw[:place].decode(encoding, "replace").encode("utf-8", "replace")
        reason = f"its byte order mark says {encoding}, its bytes do not"
        raise _refusal(reason, before, len(before), path) from error


def _unmarked(raw: bytes, path: str) -> tuple[bytes, str]:
    """Return UTF-8 and the encoding of bytes that do not say what they are."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        control = CONTROL.search(raw)
        if control is not None:
            reason = "binary: neither UTF-8, UTF-16 nor printable latin-1"
            raise _refusal(reason, raw, control.start(), path) from error
    else:
        return raw, "utf-8"
    if UPPER_CONTROL.search(raw) is None:
        return raw.decode("latin-1").encode("utf-8"), "latin-1"
    try:
        return raw.decode("cp1252").encode("utf-8"), "cp1252"
    except UnicodeDecodeError as error:
        reason = "binary: neither UTF-8, UTF-16 nor printable latin-1"
        raise _refusal(reason, raw, error.start, path) from error


def _refusal(reason: str, data: bytes, place: int, path: str) -> InputError:
    """Return the error for the byte at ``place``."""
    line_start = data.rfind(b"\n", 0, place) + 1
    return InputError(
        f"not a text file: {reason}",
        path=path,
        line=data.count(b"\n", 0, place) + 1,
        column=len(data[line_start:place].decode("utf-8", "replace")) + 1,
        hint="exclude it in an ignore file, or save it as UTF-8",
    )


def is_minified(text: bytes) -> bool:
    """Whether the lines of a text are too long, on the mean, for code that people write.

    Args:
        text: UTF-8.
    """
    return len(text) > SMALL and len(text) > LONG_LINES * (text.count(b"\n") + 1)
