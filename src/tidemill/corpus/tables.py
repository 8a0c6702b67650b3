"""Tables of TOML, read with their kinds checked and nothing overlooked."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from tidemill.core.errors import InputError

__all__ = ["Table", "one_of", "parsed"]

Kind = TypeVar("Kind")
Word = TypeVar("Word", bound=str)

PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
WORDS: Mapping[type, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false",
    list: "a list", dict: "a table",
}  # fmt: skip


def parsed(text: str, path: str) -> "Table":
    """Parse a text of TOML.

    Args:
        text: All of it.
        path: Where it stands, for errors.

    Raises:
        InputError: It is no TOML; the error names the line.
    """
    try:
        return Table(tomllib.loads(text), text, path)
    except tomllib.TOMLDecodeError as error:
        found = PLACE.search(str(error))
        line, column = (int(found[1]), int(found[2])) if found else (None, None)
        raise InputError(
            f"not TOML: {PLACE.sub('', str(error))}", path=path, line=line, column=column
        ) from error


class Table:
    """One table; every key is asked for once, and `finish` refuses those that nobody asked for.

    Args:
        values: The table.
        text: The text that it stands in, for line numbers.
        path: Where that text is.
        anchor: Words in whose line, or after it, the table stands.
    """

    def __init__(self, values: Mapping[str, Any], text: str, path: str, anchor: str = "") -> None:
        self._values = values
        self._text = text
        self._path = path
        self._anchor = anchor
        self._asked: list[str] = []

    def __bool__(self) -> bool:
        """Whether anything stands in it."""
        return bool(self._values)

    def needed(self, key: str, kind: type[Kind]) -> Kind:
        """Return the value of a key that must be there.

        Raises:
            InputError: It is missing, or of another kind.
        """
        if key not in self._values:
            self._asked.append(key)
            raise self.error(f"{key} is missing", self._anchor)
        return self._of_kind(key, self._values[key], kind)

    def optional(self, key: str, default: Kind) -> Kind:
        """Return the value of a key, or the default, whose kind it must have."""
        self._asked.append(key)
        if key not in self._values:
            return default
        return self._of_kind(key, self._values[key], type(default))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when the key is not there."""
        listed: list[object] = self.optional(key, [])
        return tuple(self._of_kind(key, item, str) for item in listed)

    def counts(self, key: str) -> dict[str, int]:
        """Return a table of whole numbers; empty when the key is not there."""
        values: dict[str, Any] = self.optional(key, {})
        return {name: self._of_kind(name, value, int) for name, value in values.items()}

    def words(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return a table of texts or lists of texts; empty when the key is not there."""
        values: dict[str, Any] = self.optional(key, {})
        found = {}
        for name, value in values.items():
            listed = value if isinstance(value, list) else [value]
            found[name] = tuple(self._of_kind(name, item, str) for item in listed)
        return found

    def inner(self, key: str) -> "Table":
        """Return a table inside this one; an empty one when the key is not there."""
        return Table(self.optional(key, {}), self._text, self._path, f"[{key}]")

    def rows(self, key: str, anchor: str) -> list["Table"]:
        """Return a list of tables.

        Args:
            key: Where it is; not there means none.
            anchor: The key of each row that names it, for line numbers.
        """
        rows: list[Any] = self.optional(key, [])
        found = [self._of_kind(key, row, dict) for row in rows]
        places = [f'"{row[anchor]}"' if anchor in row else f"[{key}]" for row in found]
        return [
            Table(row, self._text, self._path, place)
            for row, place in zip(found, places, strict=True)
        ]

    def finish(self) -> None:
        """Refuse keys that nobody asked for.

        Raises:
            InputError: There is one.
        """
        for key in self._values:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, n=1)
                known = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(self._asked)}"
                raise self.error(f"unknown key {key}", key, hint=known)

    def error(self, message: str, words: str = "", *, hint: str | None = None) -> InputError:
        """Return the error for something in this table.

        Args:
            message: What is wrong.
            words: What stands in the line; by default what the table is anchored at.
            hint: What to do.
        """
        return InputError(message, path=self._path, line=self._line_of(words), hint=hint)

    def _line_of(self, words: str) -> int:
        start = max(self._text.find(self._anchor), 0)
        if words and words != self._anchor:
            later = self._text.find(words, start)
            start = later if later >= 0 else start
        return self._text.count("\n", 0, start) + 1

    def _of_kind(self, key: str, value: object, kind: type[Kind]) -> Kind:
        self._asked.append(key)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        # To Python true is a number, to a reader of TOML it is none.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(f"{key} = {value!r} is not {WORDS[kind]}", key)
        return value


def one_of(table: Table, key: str, value: str, known: Sequence[Word]) -> Word:
    """Return a value that must be one of a few.

    Raises:
        InputError: It is none of them.
    """
    for word in known:
        if word == value:
            return word
    near = get_close_matches(value, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}"
    raise table.error(f"{key} = {value!r} is not known", value, hint=hint)
