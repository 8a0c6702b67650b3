"""Rows of other people's tables: JSON lines, JSON and Parquet, each with its place."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidemill.core.errors import InputError
from tidemill.corpus.parquet import parquet_rows

__all__ = ["Row", "lines_of", "read_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        path: Its file.
        number: Its line or its place, counted from 1.
        values: Its fields.
    """

    path: str
    number: int
    values: Mapping[str, Any]

    def text(self, field: str) -> str:
        """Return a field as text; a list's items are joined by spaces.

        Raises:
            InputError: It is something else, a table for instance.
        """
        value = self.values[field]
        if isinstance(value, list):
            value = " ".join(str(item) for item in value)
        if value is None or isinstance(value, Mapping | bool):
            raise self.error(f"{field} is no text")
        return str(value)

    def error(self, message: str) -> InputError:
        """Return the error for something in this row."""
        return InputError(message, path=self.path, line=self.number)


def read_rows(path: Path) -> Iterator[Row]:
    """Read the rows of a table.

    Args:
        path: JSON lines (``.jsonl``), a list in JSON (``.json``) or Parquet
            (``.parquet``); its ending says which.

    Raises:
        InputError: It is none of these, or broken; the error names the line.
        MissingExtraError: It is Parquet, and nothing here can read that.
    """
    readers = {".jsonl": _json_lines, ".json": _json, ".parquet": _parquet}
    reader = readers.get(path.suffix)
    if reader is None:
        hint = f"Known endings: {', '.join(readers)}."
        raise InputError("no table that can be read", path=str(path), hint=hint)
    yield from reader(path)


def lines_of(path: Path) -> Iterator[str]:
    """Read the lines of a text, without their ends.

    Raises:
        InputError: A line is not UTF-8.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError("not UTF-8", path=str(path), line=number) from error


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(lines_of(path), start=1):
        if line.strip():
            yield _row(path, number, _parsed(line, path, number - 1))


def _json(path: Path) -> Iterator[Row]:
    listed = _parsed("\n".join(lines_of(path)), path, 0)
    if not isinstance(listed, list):
        raise InputError("no list of rows", path=str(path), line=1)
    for number, values in enumerate(listed, start=1):
        yield _row(path, number, values)


def _parquet(path: Path) -> Iterator[Row]:
    for number, values in enumerate(parquet_rows(path), start=1):
        yield _row(path, number, values)


def _parsed(text: str, path: Path, lines_before: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = lines_before + error.lineno
        raise InputError(
            f"not JSON: {error.msg}", path=str(path), line=line, column=error.colno
        ) from error


def _row(path: Path, number: int, values: object) -> Row:
    if not isinstance(values, dict):
        raise InputError("a row is no table of fields", path=str(path), line=number)
    return Row(path=str(path), number=number, values=values)
