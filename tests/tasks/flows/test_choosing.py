from pathlib import Path

import pytest

from tidemill.core.errors import InputError, SettingError
from tidemill.source.program.catalogue import (
    FURTHER_SOURCES,
    SANITIZERS,
    SHORT_NAMES,
    SINKS,
    SOURCES,
)
from tidemill.tasks.flows.choosing import PatternFile, chosen, known_sets, read_pattern_file

OWN = """
[sources]
queue = ["Consumer:read", "callback subscribe(0)"]

[sinks]
audit = "log.write(0)"

[sanitizers]
scrub = ["audit", "sql"]
"""


@pytest.fixture
def own(tmp_path: Path) -> PatternFile:
    """The patterns of a file."""
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return read_pattern_file(path)


def test_sets_have_a_short_and_a_full_name_and_words_are_separated_by_commas() -> None:
    choice = chosen(["http"], ["command,sql-injection"])
    assert {kind for _, kind in choice.sources} == {"request"}
    assert {kind for _, kind in choice.sinks} == {"command-injection", "sql-injection"}
    assert all(pattern.is_foreign for pattern, _ in choice.sinks)


def test_patterns_stand_beside_sets() -> None:
    choice = chosen(["caller", "read"], ["save(0, 2),Log:write", "code"])
    assert [(pattern.text, kind) for pattern, kind in choice.sources] == [
        ("exported parameter", "caller"),
        ("read", "given"),
    ]
    assert [pattern.text for pattern, kind in choice.sinks if kind == "given"] == [
        "save(0, 2)",
        "Log:write",
    ]


def test_without_a_word_it_is_requests_to_everything() -> None:
    choice = chosen()
    assert {kind for _, kind in choice.sources} == set(SOURCES)
    assert {kind for _, kind in choice.sinks} == set(SINKS)
    assert choice.sanitizers == SANITIZERS


def test_all_is_every_set(own: PatternFile) -> None:
    choice = chosen(["all"], ["all"], own=own)
    assert {kind for _, kind in choice.sources} == {*SOURCES, *FURTHER_SOURCES, "queue"}
    assert {kind for _, kind in choice.sinks} == {*SINKS, "audit"}


def test_sets_of_a_file(own: PatternFile) -> None:
    assert {kind for _, kind in chosen(own=own).sources} == {"queue"}
    choice = chosen(["http,queue"], ["audit"], ["clean"], own=own)
    assert {kind for _, kind in choice.sources} == {"request", "queue"}
    assert [(pattern.text, pattern.is_foreign) for pattern, _ in choice.sinks] == [
        ("log.write(0)", False)
    ]
    assert choice.sanitizers["scrub"] == ("audit", "sql-injection")
    assert choice.sanitizers["clean"] == ()


def test_the_known_sets(own: PatternFile) -> None:
    sets = known_sets(own)
    assert sets["sources"]["queue"] == ("Consumer:read", "callback subscribe(0)")
    assert sets["sinks"]["audit"] == ("log.write(0)",)
    assert set(SHORT_NAMES.values()) <= {*sets["sources"], *sets["sinks"]}


@pytest.mark.parametrize(("word", "near"), [("comand", "command"), ("sql-injektion", "sql-in")])
def test_a_word_that_is_nearly_a_set_is_refused(word: str, near: str) -> None:
    with pytest.raises(SettingError, match=f"no set of patterns is called {word}") as caught:
        chosen(["http"], [word])
    assert f"did you mean {near}" in (caught.value.hint or "")
    assert [pattern.name for pattern, _ in chosen(["http"], [f"{word}(*)"]).sinks] == [word]


@pytest.mark.parametrize(
    ("sources", "sanitizers"), [(["a b c"], []), (["http"], ["a b"]), (["f(x)"], [])]
)
def test_what_is_no_pattern_is_refused(sources: list[str], sanitizers: list[str]) -> None:
    with pytest.raises(SettingError, match="not"):
        chosen(sources, ["sql"], sanitizers)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("[sources\n", "not TOML", 1),
        ('[sources]\n\nq = ["a b"]\n', "not a pattern", 3),
        ("[sources]\nq = 3\n", "is not text", 2),
        ('[sanitizers]\n"f(x)" = []\n', "not the position", 2),
        ("[source]\nq = []\n", "unknown key source", 1),
    ],
)
def test_a_file_with_something_wrong_is_refused(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_pattern_file(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_a_file_that_is_not_there_and_one_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pattern_file(tmp_path / "gone.toml")
    path = tmp_path / "long.toml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(InputError, match="longer than"):
        read_pattern_file(path)
