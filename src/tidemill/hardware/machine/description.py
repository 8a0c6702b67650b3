"""A machine's file: read, checked for what it says, and changed for a what-if."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.files import bytes_and_facts
from tidemill.hardware.machine.constant import STATUSES, Constant, Status, Value

__all__ = ["MachineDescription", "builtin_machines", "read_machine"]

LARGEST_BYTES = 1 << 20
LARGEST_VALUE = 1e18
LONGEST_SHOWN = 40
BUILT_IN = Path(__file__).parents[1] / "machines"
HEAD = ("kind", "name", "about")
ENTRY = "{ value = 32, status = 'assumed', source = 'why' }"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDescription:
    """What a machine's file says.

    Attributes:
        kind: Which model computes with it, such as ``sat``.
        name: Of the machine.
        about: What it is, in a sentence.
        path: The file.
        constants: By section and key, ``array.rows``.
        changes: Keys whose values are not those of the file.
    """

    kind: str
    name: str
    about: str
    path: str
    constants: Mapping[str, Constant] = field(repr=False)
    changes: tuple[str, ...] = ()

    def changed(
        self, changes: Mapping[str, Value], *, status: Status = "assumed"
    ) -> "MachineDescription":
        """Return the machine with other values.

        Args:
            changes: New values by section and key.
            status: Of the new values: ``assumed`` by whoever asked, or ``fitted``.

        Raises:
            SettingError: There is no such constant, it has another number of values, or one is out
                of range.
        """
        constants = dict(self.constants)
        for key, value in changes.items():
            if key not in constants:
                raise SettingError(
                    f"{self.name} has no constant {key[:60]!r}", hint=_nearest(key, constants)
                )
            old = constants[key]
            if isinstance(old.value, tuple) != isinstance(value, tuple):
                raise SettingError(
                    f"{key} is {old.value}",
                    hint="Change that in a copy of the machine's file.",
                )
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(_is_number(one, int | float) for one in numbers):
                raise SettingError(
                    f"{key} is out of range", hint=f"It is a number from 0 to {LARGEST_VALUE:.0e}."
                )
            constants[key] = replace(
                old, value=value, status=status, source=f"asked for, instead of {old.value}"
            )
        keys = tuple(dict.fromkeys((*self.changes, *changes)))
        return replace(self, constants=constants, changes=keys)

    def error(self, key: str, message: str, hint: str) -> InputError:
        """Return an error about a constant, for whoever computes with the machine."""
        return InputError(f"{key}: {message}", path=self.path, hint=hint)


def builtin_machines() -> tuple[str, ...]:
    """Return the names of the machines that come along."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.toml")))


def read_machine(name: str | Path) -> MachineDescription:
    """Read a machine.

    Args:
        name: One that comes along, or a TOML file.

    Raises:
        InputError: There is none, or it is not a machine's file; with the place in it.
    """
    built_in = BUILT_IN / f"{name}.toml"
    path = built_in if str(name) in builtin_machines() else Path(name)
    # Messages name what people can see: a machine that comes along is known by its name.
    shown = str(name)
    return _described(_parsed(_text(path, shown), shown), shown)


def _text(path: Path, shown: str) -> str:
    try:
        _, data, _ = bytes_and_facts(str(path), LARGEST_BYTES)
    except (OSError, ValueError, InputError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no regular file"
        raise InputError(
            f"there is no machine {shown[:200]!r}: {reason}",
            hint=f"Give a TOML file, or one that comes along: {', '.join(builtin_machines())}",
        ) from error
    if len(data) > LARGEST_BYTES:
        raise InputError(
            "no machine's file", path=shown, hint=f"It has at most {LARGEST_BYTES:,} bytes."
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8", path=shown, line=line, hint="Write TOML in UTF-8.") from error


def _parsed(text: str, shown: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python
        raise InputError(
            f"no TOML: {error}", path=shown, hint="See docs/how/hardware.md."
        ) from error


def _described(document: Mapping[str, object], shown: str) -> MachineDescription:
    head = {}
    for key in HEAD:
        value = document.get(key)
        if not isinstance(value, str) or not value:
            raise InputError(
                f"{key} is missing or no text", path=shown, hint='Write kind = "sat", for example.'
            )
        head[key] = value
    constants: dict[str, Constant] = {}
    for section, entries in document.items():
        if section in HEAD:
            continue
        if not isinstance(entries, Mapping):
            raise InputError(
                f"unknown key {section!r}", path=shown, hint=f"Sections hold entries {ENTRY}."
            )
        for key, entry in entries.items():
            constants[f"{section}.{key}"] = _constant(f"{section}.{key}", entry, shown)
    return MachineDescription(
        path=shown,
        constants=constants,
        kind=head["kind"],
        name=head["name"],
        about=head["about"],
    )


def _constant(key: str, entry: object, shown: str) -> Constant:
    if not isinstance(entry, Mapping):
        raise InputError(f"{key} is no entry", path=shown, hint=f"Write {key} = {ENTRY}.")
    strangers = sorted(set(entry) - {"value", "unit", "status", "source"})
    if strangers:
        raise InputError(f"{key}: unknown key {strangers[0]!r}", path=shown, hint=f"Like {ENTRY}.")
    status = _status(key, entry.get("status"), shown)
    source, unit = entry.get("source"), entry.get("unit", "")
    if not isinstance(source, str) or not source or not isinstance(unit, str):
        raise InputError(
            f"{key}: source is missing or no text",
            path=shown,
            hint="Every constant says where it is from.",
        )
    value = _value(key, entry.get("value"), shown)
    return Constant(value=value, unit=unit, status=status, source=source)


def _status(key: str, given: object, shown: str) -> Status:
    for status in STATUSES:
        if given == status:
            return status
    raise InputError(
        f"{key}: status is {_shown(given)}", path=shown, hint=f"It is one of {', '.join(STATUSES)}."
    )


def _value(key: str, given: object, shown: str) -> Value:
    if isinstance(given, list) and given and all(_is_number(one, int) for one in given):
        return tuple(given)
    if _is_number(given, int | float):
        return given  # type: ignore[return-value]
    raise InputError(
        f"{key}: value is {_shown(given)}",
        path=shown,
        hint=f"It is a number from 0 to {LARGEST_VALUE:.0e}, or a list of whole ones.",
    )


def _shown(given: object) -> str:
    try:
        return repr(given)[:LONGEST_SHOWN]
    except ValueError:
        # TOML's 0x may say more than Python writes in decimals.
        return "too long a number"


def _is_number(given: object, kind: type | object) -> bool:
    is_kind = isinstance(given, kind) and not isinstance(given, bool)  # type: ignore[arg-type]
    return is_kind and 0 <= given <= LARGEST_VALUE  # type: ignore[operator]


def _nearest(key: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"Is {near[0]} meant?" if near else f"Known: {', '.join(known)}"
