"""JSON from elsewhere, read with the path of whatever is wrong."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidemill.core.errors import InputError

__all__ = ["Fields", "document"]

LARGEST_BYTES = 512 * 1_048_576
LARGEST_NUMBER = 2**31 - 1
HINT = "slices are written by: tidemill slices, joern-slice usages, atom usages"


def document(data: bytes, *, path: str) -> "Fields":
    """Read a JSON object.

    Args:
        data: UTF-8.
        path: The file, as the reader knows it, for errors.

    Raises:
        InputError: It is too large, no JSON, nested too deeply or no object.
    """
    if len(data) > LARGEST_BYTES:
        raise InputError(f"larger than {LARGEST_BYTES:,} bytes", path=path)
    try:
        found: object = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise InputError("the JSON is nested too deeply", path=path) from None
    except ValueError as error:
        raise InputError(f"it is not JSON: {error}", path=path, hint=HINT) from error
    if not isinstance(found, dict):
        raise InputError("$ must be an object", path=path, hint=HINT)
    return Fields(values=found, where="$", path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of an object, handed out with their kinds checked.

    Fields that nobody asks for are let be: other programs add some in every release.
    Every method raises ``InputError`` with the JSON path of what is missing or wrong.

    Attributes:
        values: The object.
        where: Its JSON path.
        path: The file.
    """

    values: Mapping[str, object]
    where: str
    path: str

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def text_or(self, name: str, default: str = "") -> str:
        """Return a text, or something else where there is none."""
        return default if self.values.get(name) is None else self.text(name)

    def whole_or_none(self, name: str, *, least: int = 0) -> int | None:
        """Return a whole number from ``least`` on, if there is one."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number")
        if not least <= value <= LARGEST_NUMBER:
            raise self.wrong(name, f"a whole number from {least} to {LARGEST_NUMBER}")
        return value

    def number_or_text(self, name: str) -> int | str | None:
        """Return a whole number from -1 on, or a text, if there is one."""
        value = self.values.get(name)
        return value if isinstance(value, str) else self.whole_or_none(name, least=-1)

    def flag(self, name: str) -> bool:
        """Return whether something is so; what is not said is not."""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        items = self.items(name)
        for number, item in enumerate(items):
            if not isinstance(item, str):
                raise self.wrong(f"{name}[{number}]", "a text")
        return tuple(str(item) for item in items)

    def items(self, name: str) -> list[object]:
        """Return a list."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def objects(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list."""
        for number, item in enumerate(self.items(name)):
            yield self.inside(item, f"{name}[{number}]")

    def inner(self, name: str) -> "Fields":
        """Return the object inside."""
        return self.inside(self.values.get(name), name)

    def inner_or_none(self, name: str) -> "Fields | None":
        """Return the object inside, if there is one."""
        return None if self.values.get(name) is None else self.inner(name)

    def inside(self, value: object, name: str) -> "Fields":
        """Return a value as an object, which is what it must be."""
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Fields(values=value, where=f"{self.where}.{name}", path=self.path)

    def wrong(self, name: str, kind: str) -> InputError:
        """Return the error for a field that is missing or of another kind."""
        place = f"{self.where}.{name}"[-300:]
        problem = "must be" if name in self.values or "[" in name else "is missing; it must be"
        return InputError(f"{place} {problem} {kind}", path=self.path, hint=HINT)
