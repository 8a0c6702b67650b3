"""Every setting in one place, and where each of its values comes from.

Precedence: defaults < the user's file < the project's file < the environment < flags.
The project's file is ``tidemill.toml`` in the working folder or the nearest one above it;
the user's is ``tidemill/config.toml`` under ``$XDG_CONFIG_HOME`` (``~/.config``).
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from typing_extensions import override

from tidemill.core.errors import SettingError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

ENVIRONMENT_PREFIX = "TIDEMILL_"
PROJECT_FILE = "tidemill.toml"

SIZE_ENDING = "_bytes"
"""How the names of settings end that may be written as 512M or 1GiB."""


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _share_of_memory() -> int:
    """Return a quarter of the machine's memory, at most 4 GiB."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(whole // 4, 4 << 30)


def _about(text: str, **bounds: float) -> dict[str, object]:
    return {"about": text, "bounds": bounds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The schema: a value of each setting, its default, what it means and its range."""

    store: Path | None = field(
        default=None,
        metadata=_about(
            "folder of the store; else the nearest .tidemill, or one at the first indexed path"
        ),
    )
    data: Path | None = field(
        default=None, metadata=_about("folder of benchmark data for the long benches")
    )
    workers: int = field(
        default_factory=_processors,
        metadata=_about("processes at work; the default is one a processor", ge=1, le=1024),
    )
    cluster: str = field(
        default="none",
        metadata=_about("who shares batch work: none, local, auto, or host:port of a Ray cluster"),
    )
    experts: Path | None = field(
        default=None,
        metadata=_about("folder of your experts; else tidemill/experts among your data files"),
    )
    runs: Path | None = field(
        default=None,
        metadata=_about("folder of training runs; else tidemill/runs among your state files"),
    )
    max_file_bytes: int = field(
        default=1_000_000, metadata=_about("larger files are listed, not read", ge=1, le=2**30)
    )
    parse_seconds: float = field(
        default=2.0, metadata=_about("a parse that takes longer is given up", gt=0, le=600)
    )
    max_unit_bytes: int = field(
        default=200_000, metadata=_about("longer functions get no graph", ge=1, le=2**30)
    )
    piece_lines: int = field(
        default=40, metadata=_about("lines in a piece of other text", ge=1, le=10_000)
    )
    search_limit: int = field(default=10, metadata=_about("results a search shows", ge=1, le=1_000))
    search_experts: str = field(
        default="search-terms,search-tokens",
        metadata=_about("experts that searches ask, with commas; the word none: words alone"),
    )
    clone_experts: str = field(
        default="clones-c-terms,clones-c,clones-java",
        metadata=_about("experts that know which functions do the same; or the word none"),
    )
    type_expert: str = field(
        default="types-ts", metadata=_about("the expert that is asked for types")
    )
    host_bytes: int = field(
        default_factory=_share_of_memory,
        metadata=_about("memory for experts as they are packed, as 512M", ge=1 << 16, le=2**42),
    )
    active_bytes: int = field(
        default_factory=_share_of_memory,
        metadata=_about("memory for experts as kernels read them, as 1G", ge=1 << 16, le=2**42),
    )
    cache_policy: str = field(
        default="adaptive-lrfu", metadata=_about("which expert leaves when room is needed")
    )
    follow_symlinks: bool = field(
        default=False, metadata=_about("walk into linked folders, each once")
    )
    typescript: Path | None = field(
        default=None,
        metadata=_about("folder of a TypeScript 5 compiler; else the nearest node_modules has it"),
    )
    native: Literal["auto", "off"] = field(
        default="auto", metadata=_about("use the compiled parts where they are built")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value comes from.

    Attributes:
        layer: The kind of place.
        place: The place itself: ``file:line``, a variable, a flag; empty for a default.
    """

    layer: Literal["default", "file", "environment", "flag"]
    place: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.layer} {self.place}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSettings:
    """The settings in force.

    Attributes:
        settings: The values.
        origins: Where each value comes from, by the setting's name.
    """

    settings: Settings
    origins: Mapping[str, Origin]

    def rows(self) -> tuple[tuple[str, object, str, str], ...]:
        """Return name, value, origin and meaning of every setting, in their order."""
        return tuple(
            (
                item.name,
                getattr(self.settings, item.name),
                str(self.origins[item.name]),
                str(item.metadata["about"]),
            )
            for item in fields(Settings)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value as somebody wrote it; paths count from ``home``."""

    value: object
    origin: Origin
    home: Path


def resolve(
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ResolvedSettings:
    """Read every layer and say what holds.

    Args:
        overrides: Values of flags by setting name; None means that the flag was not given.
        environ: The environment; by default the process's own.
        cwd: The working folder; by default the process's own.

    Returns:
        The values and their origins.

    Raises:
        SettingError: An unknown setting, a value of the wrong kind or out of range, or a
            file that is not TOML; the message names file and line, variable or flag. Or
            the working folder is gone.
    """
    environ = os.environ if environ is None else environ
    cwd = _working_folder() if cwd is None else cwd
    given = (
        _from_files(environ, cwd)
        | _from_environment(environ, cwd)
        | _from_flags(overrides or {}, cwd)
    )
    values = {name: _checked(name, item) for name, item in given.items()}
    origins = {
        item.name: given[item.name].origin if item.name in given else Origin(layer="default")
        for item in fields(Settings)
    }
    return ResolvedSettings(settings=_settings(values), origins=origins)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingError(
            f"the working folder cannot be used: {error.strerror}",
            hint="change to one that is there: cd",
        ) from error


def _settings(values: Mapping[str, object]) -> Settings:
    make: Callable[..., Settings] = Settings
    return make(**values)


def _from_flags(overrides: Mapping[str, object], cwd: Path) -> dict[str, _Given]:
    given = {}
    for name, value in overrides.items():
        flag = "--" + name.replace("_", "-")
        _known(name, flag, [item.name for item in fields(Settings)])
        if value is not None:
            given[name] = _Given(value=value, origin=Origin(layer="flag", place=flag), home=cwd)
    return given


def _from_environment(environ: Mapping[str, str], cwd: Path) -> dict[str, _Given]:
    names = {ENVIRONMENT_PREFIX + item.name.upper(): item.name for item in fields(Settings)}
    given = {}
    for variable in sorted(name for name in environ if name.startswith(ENVIRONMENT_PREFIX)):
        if not environ[variable]:
            continue  # an empty variable is how a shell unsets one
        _known(variable, "environment", list(names))
        origin = Origin(layer="environment", place=variable)
        given[names[variable]] = _Given(value=environ[variable], origin=origin, home=cwd)
    return given


def _from_files(environ: Mapping[str, str], cwd: Path) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for path in (_user_file(environ), _project_file(cwd)):
        if path is not None and path.is_file():
            given |= _from_file(path)
    return given


def _user_file(environ: Mapping[str, str]) -> Path | None:
    if environ.get("XDG_CONFIG_HOME"):
        return Path(environ["XDG_CONFIG_HOME"], "tidemill", "config.toml")
    if environ.get("HOME"):
        return Path(environ["HOME"], ".config", "tidemill", "config.toml")
    return None


def _project_file(cwd: Path) -> Path | None:
    for folder in (cwd, *cwd.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
    return None


def _from_file(path: Path) -> dict[str, _Given]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not TOML: {error}", hint="Mend the file.") from error
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}") from error
    given = {}
    for name, value in table.items():
        place = f"{path}:{_line_of(name, text)}"
        _known(name, place, [item.name for item in fields(Settings)])
        origin = Origin(layer="file", place=place)
        given[name] = _Given(value=value, origin=origin, home=path.parent)
    return given


def _line_of(name: str, text: str) -> int:
    found = re.search(rf"^\s*(\[+\s*)?[\"']?{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _known(name: str, place: str, names: list[str]) -> None:
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(names)
    raise SettingError(f"{place}: unknown setting {name}", hint=hint)


def _checked(name: str, given: _Given) -> object:
    """Bring a value into its type and range, and a path to its home."""
    from pydantic import ValidationError

    about, schema = _schema(name)
    try:
        # pydantic would take true for 1.
        is_word = isinstance(given.value, bool) and type(_default(name)) in {int, float}
        value = schema.validate_python(str(given.value) if is_word else given.value)
        if name.endswith(SIZE_ENDING):
            value = int(str(value))
    except ValidationError as error:
        reason = error.errors()[-1]["msg"]
        raise SettingError(
            f"{given.origin.place}: {name} = {given.value!r}: {reason}", hint=f"{name}: {about}"
        ) from error
    return _homed(name, value, given) if isinstance(value, Path) else value


def _homed(name: str, path: Path, given: _Given) -> Path:
    """Let a relative path count from where it was written, and ``~`` be a home."""
    if given.value == "":
        raise SettingError(
            f"{given.origin.place}: {name} is empty", hint="name a folder, or leave the setting out"
        )
    try:
        return given.home / path.expanduser()
    except RuntimeError as error:
        raise SettingError(
            f"{given.origin.place}: {name} = {given.value!r}: {error}",
            hint="write the folder out in full",
        ) from error


def _default(name: str) -> object:
    return getattr(Settings(), name)


@cache
def _schema(name: str) -> "tuple[str, TypeAdapter[object]]":
    """Return what a setting means and the check of its values."""
    from pydantic import ByteSize, Field, TypeAdapter

    meaning = next(item.metadata for item in fields(Settings) if item.name == name)
    plain = ByteSize if name.endswith(SIZE_ENDING) else get_type_hints(Settings)[name]
    kind: Any = Annotated[plain, Field(**meaning["bounds"])]
    return meaning["about"], TypeAdapter(kind)
