"""JSON read strictly: every key once, every field known and of its kind."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from tidemill.core.errors import ExpertError

__all__ = ["Facts", "canonical_json", "json_object", "placed", "readable_json"]

LONGEST_TEXT = 1_000
LARGEST_NUMBER = 2**63 - 1


def json_object(data: bytes, *, where: str) -> dict[str, object]:
    """Read one JSON object.

    Args:
        data: UTF-8.
        where: The place, for messages.

    Raises:
        ExpertError: It is not JSON, not an object, nested too deeply, or names a key twice.
    """
    try:
        found: object = json.loads(
            data.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_constant
        )
    except RecursionError:
        raise ExpertError(f"{where}: the JSON is nested too deeply") from None
    except ValueError as error:
        raise ExpertError(f"{where}: not strict JSON: {error}") from error
    if not isinstance(found, dict):
        raise ExpertError(f"{where}: an object is wanted, and this is none")
    return found


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice[:100]!r} is there twice"
        raise ValueError(message)
    return found


def _no_constant(word: str) -> NoReturn:
    message = f"{word} is no number"
    raise ValueError(message)


def canonical_json(value: object) -> bytes:
    """Return the one way to write ``value``: sorted, compact, ASCII.

    Raises:
        ExpertError: JSON has no words for it.
    """
    return _written(value, sort_keys=True, separators=(",", ":"))


def readable_json(value: object) -> bytes:
    """Return ``value`` as people read it, in the order of its fields.

    Raises:
        ExpertError: JSON has no words for it.
    """
    return _written(value, indent=2) + b"\n"


def _written(
    value: object,
    *,
    indent: int | None = None,
    sort_keys: bool = False,
    separators: tuple[str, str] | None = None,
) -> bytes:
    try:
        text = json.dumps(
            value, indent=indent, sort_keys=sort_keys, separators=separators, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise ExpertError(f"cannot be written as JSON: {error}") from error
    return text.encode()


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say where an expert's error happened that the block does not know the place of.

    Args:
        where: The place.

    Yields:
        Nothing.

    Raises:
        ExpertError: What the block raised, with its place.
    """
    try:
        yield
    except ExpertError as error:
        raise ExpertError(f"{where}: {error.message}", hint=error.hint) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The fields of an object, handed out with their kinds checked.

    Every method raises ``ExpertError`` when the field is missing or of another kind.

    Attributes:
        fields: The object.
        where: Its place, for messages.
    """

    fields: Mapping[str, object]
    where: str

    def exactly(self, names: Iterable[str], *, optional: Iterable[str] = ()) -> "Facts":
        """Return the facts themselves if they have these fields and no others.

        Args:
            names: Fields that are there.
            optional: Fields that may be there.

        Raises:
            ExpertError: A field is missing or unknown.
        """
        wanted = set(names)
        if unknown := sorted(set(self.fields) - wanted - set(optional)):
            raise ExpertError(f"{self.where}: unknown field {unknown[0][:100]!r}")
        if missing := sorted(wanted - set(self.fields)):
            raise ExpertError(f"{self.where}: the field {missing[0]} is missing")
        return self

    def text(self, name: str) -> str:
        """Return a line of text that is not empty."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
            raise self._no(name, "a line of text")
        if not value.isprintable():
            raise self._no(name, "text without control characters")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a line of text, or None where it says null."""
        return None if self.fields.get(name, "") is None else self.text(name)

    def remark(self, name: str) -> str:
        """Return a line of text that may be empty."""
        return "" if self.fields.get(name) == "" else self.text(name)

    def whole(self, name: str, *, least: int = 0, most: int = LARGEST_NUMBER) -> int:
        """Return a whole number within bounds."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._no(name, f"a whole number from {least} to {most}")
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._no(name, "a number")
        if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
            raise self._no(name, f"a number up to {LARGEST_NUMBER}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of lines of text."""
        items = {f"{name} {number}": item for number, item in enumerate(self._items(name))}
        return tuple(Facts(fields=items, where=self.where).text(place) for place in items)

    def wholes(self, name: str, *, least: int = 0) -> tuple[int, ...]:
        """Return a list of whole numbers."""
        found: list[int] = []
        for item in self._items(name):
            # `bool` is an `int` too.
            if type(item) is not int or not least <= item <= LARGEST_NUMBER:
                raise self._no(name, f"whole numbers from {least} to {LARGEST_NUMBER}")
            found.append(item)
        return tuple(found)

    def inner(self, name: str) -> "Facts":
        """Return the object inside."""
        return self._object(self.fields.get(name), name)

    def entries(self) -> Iterator[tuple[str, "Facts"]]:
        """Yield every key with the object it stands for."""
        for name, value in self.fields.items():
            yield name, self._object(value, name)

    def objects(self, name: str) -> Iterator["Facts"]:
        """Yield the objects of a list."""
        for number, item in enumerate(self._items(name)):
            yield self._object(item, f"{name} {number}")

    def _items(self, name: str) -> list[object]:
        value = self.fields.get(name)
        if not isinstance(value, list):
            raise self._no(name, "a list")
        return value

    def _object(self, value: object, name: str) -> "Facts":
        if not isinstance(value, dict):
            raise self._no(name, "an object")
        return Facts(fields=value, where=f"{self.where}: {name[:100]}")

    def _no(self, name: str, kind: str) -> ExpertError:
        return ExpertError(f"{self.where}: {name[:100]} must be {kind}")
