"""JSON from strangers: one text, of one meaning, of bounded cost.

Python's own parser reads what is left, but only after the text was measured: by itself it would
take seconds for 8 MB of ``[],``, stop at a depth that depends on the caller's stack, keep the
last of two equal keys, and read ``NaN``. Measuring works on whole texts at the speed of
``bytes``.
"""

import json
import math
from typing import NoReturn

from tidemill.core.errors import InputError
from tidemill.faces.http.limits import Limits

__all__ = ["parse_json"]

_LARGEST = 2**63
_LONGEST_NUMBER = 40
_OUTSIDE = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def parse_json(raw: bytes, limits: Limits) -> object:
    """Read a JSON text that a stranger sent.

    Args:
        raw: The text, in UTF-8.
        limits: How deep it may be, and of how many values.

    Returns:
        Dicts, lists, strings, ints between -2**63 and 2**63 - 1, finite floats, bools, None.

    Raises:
        InputError: It is no JSON, or not in UTF-8; it is too deep, or of too many values; an
            object has two equal keys; a number is not finite or too large; a string holds half
            a character.
    """
    _measure(raw, limits)
    try:
        value = _decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"the body is not UTF-8: byte {error.start} fits nowhere", hint="Send UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"the body is no JSON: {error.msg.lower()}", line=error.lineno, column=error.colno
        ) from error
    except RecursionError as error:
        raise _too_deep(limits) from error
    _check_text(raw, value)
    return value


def _decode(text: str) -> object:
    value: object = json.loads(
        text,
        object_pairs_hook=_object,
        parse_int=_integer,
        parse_float=_number,
        parse_constant=_constant,
    )
    return value


def _measure(raw: bytes, limits: Limits) -> None:
    """Refuse what is too deep or too much, before a parser sees it."""
    # A backslash stands only in strings; without them every quote begins or ends one.
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Every value has at most a key and itself in quotes.
    if plain.count(b'"') > 4 * limits.json_values:
        raise _too_many(limits)
    outside = b"".join(plain.split(b'"')[::2])
    values = 1 + sum(outside.count(mark) for mark in (b",", b"[", b"{"))
    if values > limits.json_values:
        raise _too_many(limits)
    brackets = outside.translate(_ONE_KIND, _OUTSIDE)
    for _ in range(limits.json_depth):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            # Nothing left, or brackets that do not match: the parser will say where.
            break
        brackets = inner
    if brackets.count(b"[") > limits.json_depth or b"[]" in brackets:
        raise _too_deep(limits)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError(
            "an object in the body has the same key twice",
            hint="Send every key once: readers differ in which of the two they take.",
        )
    return found


def _integer(digits: str) -> int:
    # Reading many digits takes the square of their number.
    value = int(digits) if len(digits) <= _LONGEST_NUMBER else _LARGEST
    if not -_LARGEST <= value < _LARGEST:
        raise InputError(
            "a number in the body does not fit into 64 bits",
            hint="Send whole numbers between -2**63 and 2**63 - 1.",
        )
    return value


def _number(digits: str) -> float:
    value = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if math.isinf(value):
        raise InputError(
            "a number in the body is too large, or of too many digits",
            hint=f"Send finite numbers of at most {_LONGEST_NUMBER} characters.",
        )
    return value


def _constant(name: str) -> NoReturn:
    raise InputError(f"{name} is no number of JSON", hint="Send a finite number, or null.")


def _check_text(raw: bytes, value: object) -> None:
    r"""Refuse half characters (``"\ud800"``), which nothing could write out again."""
    if b"\\ud" not in raw and b"\\uD" not in raw:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "a string in the body holds half a surrogate pair",
            hint=r"Send both halves, as in \ud83d\ude00, or the character itself.",
        ) from error


def _too_deep(limits: Limits) -> InputError:
    return InputError(
        f"the body nests arrays and objects deeper than {limits.json_depth}",
        hint="Send a flatter structure.",
    )


def _too_many(limits: Limits) -> InputError:
    return InputError(
        f"the body has more than {limits.json_values:,} values",
        hint="Send several smaller requests.",
    )
