import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.types.table import Table
from tidemill.core.errors import InputError
from tidemill.core.files import write_atomically
from tidemill.core.settings import Settings
from tidemill.tasks.types import changing
from tidemill.tasks.types.changing import Changed, apply_changes, undo_changes
from tidemill.tasks.types.diff import diff_of
from tidemill.tasks.types.inferring import types_of
from tidemill.tasks.types.report import TypesReport
from tidemill.tasks.types.rules import TypeRules

Program = Callable[[Mapping[str, str]], Path]
Run = Callable[..., TypesReport]

TEXT = "export function größe(a) {}\r\n"
TYPED = "export function größe(a: string) {}\r\n"


@pytest.fixture
def found(program: Program, unchecked: Run) -> TypesReport:
    files = {"a.ts": TEXT, "b.ts": TEXT, "same.ts": "export const x = 1;\n"}
    return unchecked(program(files), {"a": "string"})


def applied(found: TypesReport, folder: Path) -> Changed:
    return apply_changes(found.changes, settings=Settings(), cwd=folder)


def undone(folder: Path) -> Changed:
    return undo_changes(settings=Settings(), cwd=folder)


def test_what_is_applied_can_be_undone(found: TypesReport) -> None:
    folder = found.changes[0].path.parent
    (folder / "a.ts").chmod(0o640)
    changed = applied(found, folder)
    assert (changed.files, changed.refused) == (("a.ts", "b.ts"), ())
    assert (folder / "a.ts").read_bytes() == TYPED.encode()
    assert (folder / "a.ts").stat().st_mode & 0o777 == 0o640
    assert changed.record is not None
    assert changed.record.stat().st_mode & 0o777 == 0o600
    assert changed.record.parent.parent.name == ".tidemill"
    assert undone(folder).files == ("a.ts", "b.ts")
    assert (folder / "a.ts").read_bytes() == TEXT.encode()
    assert (folder / "a.ts").stat().st_mode & 0o777 == 0o640
    with pytest.raises(InputError, match="nothing to undo"):
        undone(folder)


def test_files_that_changed_since_are_left_alone(found: TypesReport) -> None:
    folder = found.changes[0].path.parent
    (folder / "a.ts").write_text("other")
    changed = applied(found, folder)
    assert [one.reason for one in changed.refused] == ["it has changed since it was read"]
    (folder / "b.ts").write_text("mine")
    back = undone(folder)
    assert (back.files, [one.path for one in back.refused]) == ((), ["b.ts"])
    assert (folder / "b.ts").read_text() == "mine"
    (folder / "b.ts").write_bytes(TYPED.encode())
    assert undone(folder).files == ("b.ts",)


def test_files_that_are_read_only_are_left_alone(found: TypesReport) -> None:
    folder = found.changes[0].path.parent
    (folder / "a.ts").chmod(0o444)
    changed = applied(found, folder)
    assert [(one.path, one.reason) for one in changed.refused] == [("a.ts", "it is read-only")]
    assert (folder / "a.ts").read_bytes() == TEXT.encode()
    assert changed.files == ("b.ts",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_file_keeps_its_encoding(program: Program, unchecked: Run, encoding: str) -> None:
    folder = program({})
    (folder / "a.ts").write_bytes(TEXT.encode(encoding))
    applied(unchecked(folder, {"a": "string"}), folder)
    raw = (folder / "a.ts").read_bytes()
    assert raw == TYPED.encode(encoding)


def test_what_an_encoding_cannot_say_is_not_written(program: Program, unchecked: Run) -> None:
    folder = program({"b.ts": "export interface 数 {}\n"})
    (folder / "a.ts").write_bytes(TEXT.encode("latin-1"))
    changed = applied(unchecked(folder, {"a": "数"}), folder)
    assert "latin-1, has no place" in changed.refused[0].reason
    assert (folder / "a.ts").read_bytes() == TEXT.encode("latin-1")


def test_undoing_goes_back_step_by_step(program: Program, unchecked: Run) -> None:
    folder = program({"a.ts": "export function f(a, b) {}\n"})
    for answers in ({"a": "string"}, {"b": "number"}):
        applied(unchecked(folder, answers), folder)
    assert (folder / "a.ts").read_text() == "export function f(a: string, b: number) {}\n"
    undone(folder)
    assert (folder / "a.ts").read_text() == "export function f(a: string, b) {}\n"
    undone(folder)
    assert (folder / "a.ts").read_text() == "export function f(a, b) {}\n"


def test_what_cannot_be_undone_does_not_stand_before_older_changes(
    program: Program, unchecked: Run
) -> None:
    folder = program({"a.ts": TEXT})
    applied(unchecked(folder, {"a": "string"}), folder)
    (folder / "b.ts").write_text(TEXT)
    applied(unchecked(folder, {"a": "string"}), folder)
    (folder / "b.ts").unlink()
    back = undone(folder)
    assert back.files == ("a.ts",)
    assert [one.path for one in back.refused] == ["b.ts"]


def test_what_somebody_writes_meanwhile_stays(
    found: TypesReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = found.changes[0].path.parent

    def write(path: Path, data: bytes, **facts: Any) -> None:
        write_atomically(path, data, **facts)
        if path.name == "a.ts":
            (folder / "b.ts").write_text("mine")

    monkeypatch.setattr(changing, "write_atomically", write)
    changed = applied(found, folder)
    assert changed.files == ("a.ts",)
    assert [one.reason for one in changed.refused] == ["it has changed since it was read"]
    assert (folder / "b.ts").read_text() == "mine"


def test_links_stay_and_what_they_lead_to_is_written(program: Program) -> None:
    folder = program({"real.ts": TEXT, "pkg/own.ts": TEXT})
    (folder / "pkg/link.ts").symlink_to("../real.ts")
    report = types_of(
        [folder / "pkg"],
        source=Table({"a": "string"}),
        rules=TypeRules(check=False),
        settings=Settings(follow_symlinks=True),
        cwd=folder,
    )
    applied(report, folder)
    assert (folder / "pkg/link.ts").is_symlink()
    assert (folder / "real.ts").read_bytes() == TYPED.encode()


@pytest.mark.parametrize("damage", ["", "[]", json.dumps({"format": 1, "files": [{}]})])
def test_a_damaged_record_is_told(found: TypesReport, damage: str) -> None:
    folder = found.changes[0].path.parent
    changed = applied(found, folder)
    assert changed.record is not None
    changed.record.write_text(damage)
    with pytest.raises(InputError, match="is damaged"):
        undone(folder)


def test_a_diff_is_one_that_git_takes(program: Program, unchecked: Run) -> None:
    folder = program({"a.ts": TEXT, "b.ts": "export function f(a) {}"})
    found = unchecked(folder, {"a": "string"})
    text = diff_of(found.changes)
    assert text.startswith("--- a/a.ts\n+++ b/a.ts\n@@ ")
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(command, cwd=folder, input=text.encode(), env=environment, check=True)
    assert (folder / "a.ts").read_bytes() == TYPED.encode()
    assert (folder / "b.ts").read_bytes() == b"export function f(a: string) {}"
