import json
import os
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tidemill.core.errors import InputError
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.formats.reading import read_slices
from tidemill.tasks import slicing
from tidemill.tasks.slicing import slices_of, written

APP = "const app = make();\napp.get('/');\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with code in several languages, some of it not to be sliced."""
    root = tmp_path / "project"
    (root / "lib").mkdir(parents=True)
    (root / "app.js").write_text(APP)
    (root / "lib" / "box.ts").write_text("class Box { add(a: string) { a.trim(); } }\n")
    (root / "lib" / "run.py").write_text("def run(job):\n    job.go()\n")
    (root / "lib" / "go.go").write_text("package p\n")
    (root / "node_modules").mkdir()
    (root / "node_modules" / "x.js").write_text(APP)
    (root / ".gitignore").write_text("built.js\n")
    (root / "built.js").write_text(APP)
    return root


def test_files_of_a_folder_are_sliced_and_ignored_ones_are_not(
    project: Path, settings: Settings
) -> None:
    report = slices_of([project], settings=settings, cwd=project)
    assert [method.full_name for method in report.program.methods] == [
        "app.js::program",
        "lib/box.ts::program:Box:add",
        "lib/run.py::program:run",
    ]
    assert sorted(report.texts) == ["app.js", "lib/box.ts", "lib/run.py"]
    assert [found.name for found in report.program.user_types] == ["lib/box.ts::program:Box"]
    assert (report.skipped, report.damaged) == ((), ())


def test_paths_outside_the_working_folder_are_whole(project: Path, settings: Settings) -> None:
    report = slices_of([project / "app.js"], settings=settings, cwd=project / "lib")
    assert list(report.texts) == [f"{project}/app.js"]


def test_what_is_wrong_with_one_file_does_not_concern_the_others(
    project: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "binary.js").write_bytes(b"x = 1\0")
    (project / "broken.ts").write_text("function f(a) { a.go(); }\nfunction ( { = ;\n")
    (project / "link.js").symlink_to(project / "app.js")
    (project / "large.js").write_text("//" + "x" * settings.max_file_bytes)
    os.mkfifo(project / "pipe.js")
    whole = usage_slices

    def failing(tree: Any, *, path: str, rules: SliceRules) -> Any:
        if path == "app.js":
            raise ZeroDivisionError("told so")
        return whole(tree, path=path, rules=rules)

    monkeypatch.setattr(slicing, "usage_slices", failing)
    report = slices_of([project], settings=settings, cwd=project)
    reasons = {entry.path: entry.reason for entry in report.skipped}
    assert set(reasons) == {"app.js", "binary.js", "large.js", "pipe.js"}
    assert reasons["app.js"] == "failed: ZeroDivisionError: told so"
    assert "NUL" in reasons["binary.js"]
    assert reasons["large.js"].startswith("large: ")
    assert reasons["pipe.js"] == "special: a FIFO"
    assert report.damaged == ("broken.ts",)
    assert "broken.ts::program:f" in {method.full_name for method in report.program.methods}


def test_a_file_that_takes_too_long_is_skipped(project: Path) -> None:
    (project / "app.js").write_text("x = [" + "[1]," * 100_000 + "]")
    settings = Settings(workers=1, parse_seconds=1e-6)
    report = slices_of([project / "app.js"], settings=settings, cwd=project)
    assert report.skipped[0].reason.startswith("slow: ")


def test_the_program_of_a_hash_bang_line(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "tool").write_text(f"#!/usr/bin/env node\n{APP}")
    (tmp_path / "notes").write_text("words\n")
    assert list(slices_of([tmp_path], settings=settings, cwd=tmp_path).texts) == ["tool"]


@pytest.mark.claim("tidal.slices.formats")
@pytest.mark.parametrize("form", ["joern", "paper", "atom"])
def test_a_report_is_written_in_every_form(project: Path, settings: Settings, form: Any) -> None:
    rules = SliceRules(with_source=True)
    report = slices_of([project], rules=rules, settings=settings, cwd=project)
    document: Any = written(report, form)
    assert len(document["objectSlices"]) == 3
    names = [method.full_name for method in report.program.methods]
    data = json.dumps(document).encode()
    assert [method.full_name for method in read_slices(data).methods] == names
    assert read_slices(data).methods[0].source == APP


def test_facts_have_bytes_lines_and_columns(project: Path, settings: Settings) -> None:
    report = slices_of([project / "app.js"], settings=settings, cwd=project)
    facts: Any = report.to_dict()
    target = facts["methods"][0].slices[0].target
    assert (target.span.start, target.at.line, target.at.column) == (6, 1, 7)
    assert facts["files"] == 1


def test_progress_is_told(project: Path, settings: Settings) -> None:
    told: list[tuple[int, int | None]] = []

    class Listener(Silence):
        @override
        def advance(self, done: int, total: int | None, note: str) -> None:
            told.append((done, total))
            assert note

    slices_of([project], settings=settings, progress=Listener(), cwd=project)
    assert told[-1][0] == told[-1][1] == len(told)


@pytest.mark.parametrize(
    ("paths", "message"), [([], "nothing to slice"), (["none"], "no such file or folder")]
)
def test_paths_that_lead_nowhere(
    tmp_path: Path, settings: Settings, paths: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        slices_of(paths, settings=settings, cwd=tmp_path)
