"""What people set in their editor, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from tidemill.source.annotations.site import KINDS, SiteKind

__all__ = ["SECTION", "Configuration", "configured"]

SECTION = "tidemill"
"""Name of our part among an editor's settings."""

MOST_ALTERNATIVES = 8
LONGEST_DEBOUNCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What an editor may set.

    Attributes:
        minimum_confidence: Least confidence of a type that is shown, 0 to 1.
        kinds: Of which places types are shown.
        debounce_milliseconds: Pause in typing after which a file is looked at.
        alternatives: Types that are named besides the first.
        diagnostics: Whether places without a type are marked.
    """

    minimum_confidence: float = 0.2
    kinds: tuple[SiteKind, ...] = KINDS
    debounce_milliseconds: int = 250
    alternatives: int = 3
    diagnostics: bool = False


NAMES = {
    "".join(word.capitalize() if number else word for number, word in enumerate(words)): item.name
    for item in fields(Configuration)
    for words in [item.name.split("_")]
}
"""Our names by those in an editor's settings: ``minimumConfidence``."""


def configured(before: Configuration, given: object) -> tuple[Configuration, list[str]]:
    """Return a configuration with what an editor says, and what is wrong with that.

    What is wrong changes nothing.

    Args:
        before: What holds.
        given: Anything; should be an object of settings, perhaps below the name `SECTION`.
    """
    if given is None:
        return before, []
    if not isinstance(given, Mapping):
        return before, ["the settings of tidemill are no object; they stay as they were"]
    inner = given.get(SECTION)
    rows = inner if isinstance(inner, Mapping) else given
    wrong: list[str] = []
    for key, value in rows.items():
        if key not in NAMES:
            wrong.append(_unknown(str(key)))
            continue
        reason, taken = _checked(NAMES[key], value)
        if reason:
            wrong.append(f"{key} = {_short(value)}: {reason}")
        else:
            before = replace(before, **{NAMES[key]: taken})
    return before, wrong


def _unknown(key: str) -> str:
    near = get_close_matches(key, NAMES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(NAMES)}"
    return f"unknown setting {_short(key)}: {hint}"


def _checked(name: str, value: object) -> tuple[str, Any]:
    """Return why a value cannot be, or nothing, and the value as we keep it."""
    match name:
        case "minimum_confidence":
            return _number(value, 1.0)
        case "debounce_milliseconds":
            return _whole(value, LONGEST_DEBOUNCE)
        case "alternatives":
            return _whole(value, MOST_ALTERNATIVES)
        case "kinds":
            return _some_kinds(value)
        case _:
            return "" if isinstance(value, bool) else "give true or false", value


def _number(value: object, most: float) -> tuple[str, Any]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Written so that NaN, which is in no order, is out of range too.
    if not isinstance(value, int | float) or not is_number or not 0 <= value <= most:
        return f"give a number between 0 and {most:g}", value
    return "", float(value)


def _whole(value: object, most: int) -> tuple[str, Any]:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, int) or not is_whole or not 0 <= value <= most:
        return f"give a whole number between 0 and {most:,}", value
    return "", value


def _some_kinds(value: object) -> tuple[str, Any]:
    if not isinstance(value, list) or not all(kind in KINDS for kind in value):
        return f"give a list of {', '.join(KINDS)}", value
    return "", tuple(kind for kind in KINDS if kind in value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
