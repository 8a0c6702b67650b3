import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tasks.sarif_rules import complaints
from tests.tasks.types.table import Table
from tidemill.faces.cli import types as verb
from tidemill.tasks.types.source import TypeSource

Run = Callable[..., tuple[int, str, str]]

CODE = "export function greet(name, times) {\n  return name.toUpperCase() + times;\n}\n"
TOTALS = (
    "3 places: 0 declared, 0 known to the compiler, {verified} verified, {unverified} unverified,"
    " {derived} derived, 0 backed off, 0 left"
)
ANSWERS = {"name": ["number", "string"], "times": "number", "return greet": "string"}


@pytest.fixture
def code(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tree with a file of TypeScript, and a table instead of an expert."""
    (tree / "greet.ts").write_text(CODE)

    def source(*_: object) -> TypeSource:
        return Table(ANSWERS)

    monkeypatch.setattr(verb, "_source", source)
    return tree


def test_a_table_without_a_check(tidemill: Run, code: Path) -> None:
    assert code.is_dir()
    code_of_exit, out, err = tidemill("types", "--no-check")
    assert code_of_exit == 1
    assert out.splitlines() == [
        "greet.ts:1:17  return     greet  string  0.90  unverified",
        "greet.ts:1:23  parameter  name   string  0.80  unverified",
        "greet.ts:1:29  parameter  times  number  0.90  unverified",
        "",
        "3 types offered for 3 open places in 1 file",
        TOTALS.format(verified=0, unverified=3, derived=0),
    ]
    assert err == "unverified: no check was wanted\n"
    assert "and 2 more: --limit 3" in tidemill("types", "--no-check", "--limit", "1")[1]


@pytest.mark.claim("tidal.check.compiler")
def test_a_check(
    tidemill: Run, code: Path, typescript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEMILL_TYPESCRIPT", str(typescript))
    (code / "tsconfig.json").write_text('{"compilerOptions": {"strict": true, "types": []}}')
    exit_code, out, err = tidemill("types", "--check")
    assert (exit_code, err) == (1, "")
    assert out.splitlines() == [
        "greet.ts:1:23  parameter  name   string  0.80  verified",
        "greet.ts:1:29  parameter  times  number  0.90  verified",
        "",
        "2 types offered for 3 open places in 1 file",
        TOTALS.format(verified=2, unverified=0, derived=1),
        "files that check: 0 before, 1 with the types, of 1; new errors: 0",
    ]


def test_as_json_and_a_baseline(tidemill: Run, code: Path) -> None:
    facts = json.loads(tidemill("types", "--no-check", "--json")[1])
    assert facts["totals"]["unverified"] == 3
    assert facts["sites"][1]["type"] == "string"
    (code / "known.json").write_text(json.dumps(facts))
    exit_code, out, _ = tidemill("types", "--no-check", "--baseline", "known.json")
    assert exit_code == 0
    assert "0 types offered for 3 open places in 1 file, 3 known and left out" in out


def test_sarif_goes_to_a_file(tidemill: Run, code: Path) -> None:
    exit_code, _, err = tidemill("types", "--no-check", "--sarif", "types.sarif")
    assert (exit_code, err.splitlines()[0]) == (1, "wrote types.sarif")
    log = json.loads((code / "types.sarif").read_text())
    assert complaints(log) == []
    assert len(log["runs"][0]["results"]) == 3


def test_a_diff_is_applied_and_undone(tidemill: Run, code: Path) -> None:
    exit_code, out, _ = tidemill("types", "--no-check", "--kinds", "parameter", "--diff")
    assert exit_code == 1
    assert "+export function greet(name: string, times: number) {\n" in out
    err = tidemill("types", "--no-check", "--apply")[2]
    assert "1 file typed\nto take it back: tidemill types --undo\n" in err
    typed = (code / "greet.ts").read_text()
    assert typed.startswith("export function greet(name: string, times: number): string {")
    assert tidemill("types", "--no-check")[0] == 0
    (code / "greet.ts").write_text("mine")
    exit_code, _, err = tidemill("types", "--undo")
    assert exit_code == 3
    assert "left alone: greet.ts: it has changed since" in err
    (code / "greet.ts").write_text(typed)
    assert tidemill("types", "--undo") == (0, "", "1 file restored\n")
    assert (code / "greet.ts").read_text() == CODE


def test_a_file_that_cannot_be_read_alone_is_an_error(tidemill: Run, code: Path) -> None:
    (code / "min.js").write_text("var f=function(a){return a};" * 1000)
    exit_code, _, err = tidemill("types", "min.js", "--no-check")
    assert exit_code == 3
    assert "skipped min.js: minified: its lines are too long" in err
    assert tidemill("types", "min.js", "greet.ts", "--no-check")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code_of_exit"),
    [
        (("nowhere",), 3),
        (("--kinds", "parameter,colour"), 2),
        (("--kinds", ","), 2),
        (("--min-confidence", "2"), 2),
        (("--json", "--diff"), 2),
        (("--baseline", "greet.ts", "--diff"), 2),
        (("--baseline", "greet.ts", "--apply"), 2),
        (("--seconds", "inf"), 2),
        (("--seconds", "nan"), 2),
        (("--seconds", "0"), 2),
        (("--undo",), 3),
        (("--baseline", "greet.ts", "--no-check"), 3),
    ],
)
def test_errors_have_their_codes(
    tidemill: Run, code: Path, arguments: tuple[str, ...], code_of_exit: int
) -> None:
    assert code.is_dir()
    said = tidemill("types", *arguments)
    assert said[0] == code_of_exit
    assert "Traceback" not in said[2]


def test_a_check_that_cannot_be_made(
    tidemill: Run, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEMILL_TYPESCRIPT", str(code))
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    exit_code, _, err = tidemill("types", "--check")
    assert exit_code == 5
    assert "npm install --save-dev typescript@5.9" in err
    exit_code, out, err = tidemill("types")
    assert exit_code == 1
    assert "unverified: asking for types needs TypeScript 5" in err
    assert "3 unverified" in out


def test_what_could_not_be_read_is_told(tidemill: Run, code: Path) -> None:
    (code / "broken.ts").write_text("function ( { = ;\n")
    assert (
        "skipped broken.ts: broken: line 1 cannot be parsed" in tidemill("types", "--no-check")[2]
    )
