"""The registries' clients, stood in for by programs of our own on the path."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.test_fetch import PACKAGE
from tidemill.core.errors import CapacityError, InputError
from tidemill.corpus import registries
from tidemill.corpus.registries import ask, prepare, source_parts

SOURCES = """\
# a comment
Types: deb
URIs: http://mirror.invalid/debian
Suites: stable
Components: main
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is all there is on the path, but for the system's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        ("npm", ["pack", "--silent", "--ignore-scripts", "fruit@1.0"]),
        ("apt", ["download", "fruit=1.0"]),
        ("apt-source", ["--download-only", "--tar-only", "source", "fruit=1.0"]),
    ],
)
def test_each_client_is_asked_in_its_own_words(
    programs: Path, tmp_path: Path, registry: str, words: list[str]
) -> None:
    for name in ("npm", "apt-get"):
        program(programs, name, 'printf "%s\\n" "$@" > asked')
    package = replace(PACKAGE, registry=registry)  # type: ignore[arg-type]  # one of the four
    ask(package, tmp_path, tmp_path / "state")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[-len(words) :] == words
    if registry == "apt-source":
        assert f"Dir::State::lists={tmp_path / 'state' / 'lists'}" in asked
        assert "Dir::Etc::sourcelist=/dev/null" in asked


def test_pip_is_asked_for_wheels_alone(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(programs, "python", 'printf "%s\\n" "$@" > asked')
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    ask(PACKAGE, tmp_path, tmp_path / "state")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:2] == ["-m", "pip"]
    assert {"download", "--no-deps", "--only-binary", ":all:", "fruit==1.0"} <= set(asked)


def test_a_client_that_fails_is_quoted(programs: Path, tmp_path: Path) -> None:
    program(programs, "npm", "echo 'no such package: fruit' >&2; exit 4")
    with pytest.raises(
        InputError, match=r"fruit 1\.0 could not be fetched: no such package: fruit"
    ):
        ask(replace(PACKAGE, registry="npm"), tmp_path, tmp_path)
    program(programs, "npm", "exit 4")
    with pytest.raises(InputError, match="npm ended with code 4"):
        ask(replace(PACKAGE, registry="npm"), tmp_path, tmp_path)


def test_a_client_that_is_not_here_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"npm:fruit 1\.0 needs npm, which is not here"):
        ask(replace(PACKAGE, registry="npm"), tmp_path, tmp_path)


def test_a_client_that_hangs_is_stopped(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(programs, "npm", "sleep 600")
    monkeypatch.setattr(registries, "SECONDS", 0.1)
    with pytest.raises(CapacityError, match=r"took longer than 0\.1 s"):
        ask(replace(PACKAGE, registry="npm"), tmp_path, tmp_path)


def test_the_machines_lists_become_lists_of_sources(tmp_path: Path) -> None:
    inner = tmp_path / "sources.list.d"
    inner.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.invalid x main\n# deb http://b y\n")
    (inner / "debian.sources").write_text(SOURCES)
    (inner / "old.list.save").write_text("deb http://c.invalid z main\n")
    parts = source_parts(tmp_path)
    assert parts == {
        "sources.list": "deb-src http://a.invalid x main\n# deb http://b y\n",
        "debian.sources": SOURCES.replace("Types: deb", "Types: deb-src"),
    }


def test_lists_are_fetched_for_source_packages_alone(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, state = tmp_path / "apt", tmp_path / "state"
    home.mkdir()
    (home / "sources.list").write_text("deb http://a.invalid x main\n")
    monkeypatch.setattr(registries, "APT_HOME", home)
    program(programs, "apt-get", "touch lists/a_Sources.lz4")
    prepare([PACKAGE], state)
    assert not state.exists()
    prepare([replace(PACKAGE, registry="apt-source")], state)
    assert (state / "parts" / "sources.list").read_text() == "deb-src http://a.invalid x main\n"
    assert (home / "sources.list").read_text() == "deb http://a.invalid x main\n"
    (state / "lists" / "a_Sources.lz4").unlink()
    program(programs, "apt-get", "exit 100")
    with pytest.raises(InputError, match="apt lists no source packages"):
        prepare([replace(PACKAGE, registry="apt-source")], state)
