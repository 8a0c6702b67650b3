import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typing_extensions import override

from tidemill.core.errors import InputError, LockedError, SettingError
from tidemill.faces.cli.output import (
    Ink,
    columns,
    ink_for,
    json_text,
    plain,
    printable,
    report_error,
)


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_only_where_it_is_seen_and_wanted(
    stream: io.StringIO, environ: dict[str, str], colour: bool
) -> None:
    assert ink_for(stream, environ).colour is colour


def test_without_colour_words_stay_as_they_are() -> None:
    ink = Ink(colour=False)
    for paint in (ink.bold, ink.dim, ink.good, ink.warning, ink.bad, ink.place, ink.found):
        assert paint("words") == "words"
    assert Ink(colour=True).bad("x") == "\x1b[31mx\x1b[0m"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("src/a b.py", "src/a b.py"),
        ("größe/日本.py", "größe/日本.py"),
        ("a\nb\x1b[2J\t", "a\\nb\\x1b[2J\\t"),
        ("bad\udcff", "bad\\udcff"),
        ("left\u202eright", "left\\u202eright"),
    ],
)
def test_names_cannot_move_the_cursor(words: str, shown: str) -> None:
    assert printable(words) == shown


def test_columns_align() -> None:
    assert columns([("a", "1"), ("long", "22")], right=frozenset({1})) == ["a      1", "long  22"]
    assert columns([]) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    path: Path
    seen: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: Inner

    def to_dict(self) -> dict[str, object]:
        return {"own": self.inner}


def test_values_become_json() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    inner = Inner(path=Path("a"), seen=(moment,))
    assert plain(inner) == {"path": "a", "seen": ["2026-01-02T00:00:00+00:00"]}
    assert plain({"x": Outer(inner=inner)}) == {"x": {"own": plain(inner)}}
    assert json.loads(json_text({"bad": "\udcff", "wide": "日"})) == {"bad": "\udcff", "wide": "日"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingError("no such setting", hint="Did you mean x?"), 2),
        (InputError("bad", path="a\n.py", line=3), 3),
        (LockedError("held"), 4),
    ],
)
def test_errors_are_told_for_people_and_for_programs(
    error: InputError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_error(error, as_json=False) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert report_error(error, as_json=True) == code
    told = capsys.readouterr()
    assert told.err == ""
    assert json.loads(told.out)["exit_code"] == code


def test_what_json_has_no_term_for_is_not_passed_off_as_text() -> None:
    with pytest.raises(TypeError):
        json_text({"raw": b"bytes"})
