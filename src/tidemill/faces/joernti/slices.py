"""Requests: program slices in the shapes that Joern and atom give them.

The paper's artifact sends methods as a map from full name to source and slices; today's Joern
writes them as a list, and so does atom. All are looked at closely enough that an inference is
never handed anything else, and all are measured before a parser sees them: Python's own would
build gigabytes from 64 MB of ``[],``.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from tidemill.core.errors import InputError
from tidemill.faces.joernti.limits import Limits

__all__ = ["SliceRequest", "read_request"]

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRequest:
    """A program slice that is one.

    Attributes:
        text: The JSON text, as it came.
        objects: Objects in it whose types are asked for.
    """

    text: str
    objects: int


def read_request(raw: bytes, limits: Limits) -> SliceRequest:
    """Look at a request.

    Args:
        raw: UTF-8 that should be JSON of a program slice.
        limits: How deep it may be, and of how many values.

    Raises:
        InputError: It is not UTF-8 or no JSON, too deep or of too many values, or in none
            of the shapes.
    """
    _measure(raw, limits)
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InputError(f"the request is not UTF-8: byte {error.start} fits nowhere") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"the request is no JSON: {error.msg.lower()}", line=error.lineno, column=error.colno
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError("the request holds a number or a depth beyond all reading") from error
    return SliceRequest(text=text, objects=_objects_in(value))


def _measure(raw: bytes, limits: Limits) -> None:
    """Refuse what is too deep or too much, before a parser sees it."""
    outside = _STRING.sub(b"", raw)
    if sum(outside.count(mark) for mark in (b",", b"[", b"{")) >= limits.json_values:
        raise InputError(f"the request has more than {limits.json_values:,} values")
    brackets = outside.translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(limits.json_depth):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            # Nothing left, or brackets that do not match: the parser will say where.
            break
        brackets = inner
    if brackets.count(b"[") > limits.json_depth or b"[]" in brackets:
        raise InputError(f"the request nests arrays and objects deeper than {limits.json_depth}")


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"{name} is no number of JSON")


def _objects_in(value: object) -> int:
    """Count the objects of a program slice, and refuse what is none."""
    if not isinstance(value, dict) or "objectSlices" not in value:
        raise InputError("the request has no objectSlices at its top")
    methods = value["objectSlices"]
    if isinstance(methods, dict):
        return _counted(methods.values())
    if isinstance(methods, list):
        for place, method in enumerate(methods):
            if not isinstance(method, dict) or not isinstance(method.get("fullName"), str):
                raise InputError(f"method {place} of objectSlices has no fullName")
        return _counted(methods)
    raise InputError("objectSlices is neither a map of methods nor a list of them")


def _counted(methods: Iterable[Any]) -> int:
    count = 0
    for place, method in enumerate(methods):
        # The oldest slices of the paper's form are lists alone, and atom has a word of its own.
        facts = method if isinstance(method, dict) else {"slices": method}
        slices = facts.get("slices", facts.get("usages"))
        if not isinstance(slices, list):
            raise InputError(f"method {place} of objectSlices has no list of slices")
        for number, entry in enumerate(slices):
            target = entry.get("targetObj") if isinstance(entry, dict) else None
            if not isinstance(target, dict) or not isinstance(target.get("name"), str):
                raise InputError(f"slice {number} of method {place} names no targetObj")
        count += len(slices)
    return count
