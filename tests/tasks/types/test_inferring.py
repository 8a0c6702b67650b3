import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.tasks.types.table import Table
from tidemill.core.errors import InputError, MissingToolError, SettingError
from tidemill.core.settings import Settings
from tidemill.tasks.types.inferring import types_of
from tidemill.tasks.types.report import TypesReport
from tidemill.tasks.types.rules import TypeRules

Program = Callable[[Mapping[str, str]], Path]
Run = Callable[..., TypesReport]


def states(report: TypesReport) -> dict[str, tuple[str, str]]:
    return {f"{one.kind} {one.name}": (one.state, one.type) for one in report.sites}


def test_without_a_compiler_types_are_unverified(program: Program, unchecked: Run) -> None:
    folder = program({"a.ts": "export function f(a, b = 1) { const c = 2; let d; return a; }\n"})
    answers = {"a": "string", "b": "number", "c": "number", "return f": "string"}
    report = unchecked(folder, answers)
    assert states(report) == {
        "return f": ("unverified", "string"),
        "parameter a": ("unverified", "string"),
        "variable d": ("left", ""),
    }
    assert report.unchecked == "no check was wanted"
    (change,) = report.changes
    assert change.after.startswith(b"export function f(a: string, b = 1): string { const c = 2;")


@pytest.mark.claim("tidal.check.members")
def test_members_are_looked_up_without_a_compiler_too(program: Program, unchecked: Run) -> None:
    files = {
        "types.ts": (
            "export class Base { run() {} }\nexport class Child extends Base { walk() {} }\n"
            "export interface Stranger extends Elsewhere { talk(): void }\n"
        ),
        "a.ts": (
            "export function f(a, b, c, d, e) {\n"
            "  a.toFixed(); b.run(); b.walk(); c.anything(); d.fly(); e.trim(); e.toFixed();\n}\n"
        ),
    }
    report = unchecked(
        program(files),
        {
            "a": ["string", "void", "number[]", "'x'", "number"],
            "b": ["Base", "Child"],
            "c": "Stranger",
            "d": ["Base", "() => void"],
            "e": "string | number",
        },
    )
    assert {key: value for key, value in states(report).items() if "parameter" in key} == {
        "parameter a": ("unverified", "number"),
        "parameter b": ("unverified", "Child"),
        "parameter c": ("unverified", "Stranger"),
        "parameter d": ("backed-off", "Base"),
        "parameter e": ("unverified", "string | number"),
    }
    refused = next(one for one in report.sites if one.name == "d")
    assert refused.reason == "fly is invoked, which Base does not have"


def test_unknown_names_are_not_offered_unchecked(program: Program, unchecked: Run) -> None:
    report = unchecked(program({"a.ts": "export function f(a) {}\n"}), {"a": "Nowhere"})
    assert states(report)["parameter a"] == ("backed-off", "Nowhere")


@pytest.mark.parametrize(
    "hostile",
    [
        "string; rm",
        "string = (() => { throw 1 })()",
        "{",
        "string /* */",
        "string // ",
        "string\nrm()",
        "x" * 10_000_000,
        "any",
        "{}",
        "",
        "\ud800",
    ],
)
def test_what_is_no_type_is_never_written(program: Program, unchecked: Run, hostile: str) -> None:
    folder = program({"a.ts": "export function f(a) {}\n", "b.js": "export function f(a) {}\n"})
    report = unchecked(folder, {"a": hostile, "f": hostile})
    assert report.changes == ()
    assert report.offered == ()


def test_kinds_and_confidence_limit_what_is_offered(program: Program, unchecked: Run) -> None:
    folder = program({"a.ts": "export function f(a, b) {}\n"})
    answers = {"a": "string", "b": ["any", "string"], "return f": "string"}
    report = unchecked(folder, answers, kinds=frozenset({"parameter"}), min_confidence=0.85)
    assert states(report) == {"parameter a": ("unverified", "string"), "parameter b": ("left", "")}


def test_a_baseline_leaves_out_what_it_has(
    program: Program, unchecked: Run, tmp_path: Path
) -> None:
    folder = program({"a.ts": "export function f(a, b) {}\n"})
    first = unchecked(folder, {"a": "string"})
    known = tmp_path / "known.json"
    known.write_text(json.dumps(first.to_dict()))
    (folder / "a.ts").write_text("\n\nexport function f(a, b) {}\n")
    second = unchecked(folder, {"a": "string", "b": "string"}, baseline=known)
    assert [one.name for one in second.offered] == ["b"]
    assert second.known == 1
    known.write_text("[]")
    with pytest.raises(InputError, match="no report of types"):
        unchecked(folder, {}, baseline=known)


def test_edits_around_it_make_nothing_new(program: Program, unchecked: Run, tmp_path: Path) -> None:
    folder = program({"a.ts": "export function one(p) {}\nexport function two(p) {}\n"})
    known = tmp_path / "known.json"
    known.write_text(json.dumps(unchecked(folder, {"p": "string"}).to_dict()))
    before = "export function zero(p, q) {}\n"
    (folder / "a.ts").write_text(before + (folder / "a.ts").read_text())
    report = unchecked(folder, {"p": "string", "q": "number"}, baseline=known)
    assert sorted(one.name for one in report.offered) == ["p", "q"]
    assert report.known == 2


def test_what_was_refused_earlier_is_news_when_it_is_offered(
    program: Program, unchecked: Run, tmp_path: Path
) -> None:
    folder = program({"a.ts": "export function f(p) {}\n"})
    known = tmp_path / "known.json"
    first = unchecked(folder, {"p": "Later"})
    assert first.offered == ()
    known.write_text(json.dumps(first.to_dict()))
    (folder / "a.ts").write_text("interface Later {}\nexport function f(p) {}\n")
    second = unchecked(folder, {"p": "Later"}, baseline=known)
    assert [one.type for one in second.offered] == ["Later"]


def test_a_check_that_is_demanded_needs_a_compiler(program: Program) -> None:
    folder = program({"a.ts": "export function f(a) {}\n"})
    settings = Settings(typescript=folder)
    with pytest.raises(MissingToolError, match="TypeScript 5"):
        types_of([folder], source=Table({}), rules=TypeRules(check=True), settings=settings)
    report = types_of([folder], source=Table({"a": "string"}), settings=settings)
    assert "npm install --save-dev typescript@5.9" in report.unchecked
    assert report.counts["unverified"] == 1


def test_a_source_is_told_what_can_be_imported(program: Program) -> None:
    files = {
        "types.ts": "export interface Pair<A, B = A> {}\nexport default class Deep {}\n",
        "a.ts": "import { Pair } from './types';\nexport function f(a) {}\n",
    }
    source = Table({})
    types_of([program(files)], source=source, rules=TypeRules(check=False), settings=Settings())
    (question,) = source.asked
    assert [question.sites[place].name for place in question.wanted] == ["f", "a"]
    assert question.importable == {"Deep": (0, 0)}


@pytest.mark.parametrize(
    "wrong",
    [{"min_confidence": 2}, {"kinds": frozenset()}, {"kinds": frozenset({"x"})}, {"seconds": 0}],
)
def test_rules_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        TypeRules(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_what_cannot_be_read_is_told(program: Program, unchecked: Run) -> None:
    folder = program({"a.ts": "export function f(a) {}\n", "bad.ts": "x\0"})
    report = unchecked(folder, {"a": "string"})
    assert [one.path for one in report.skipped] == ["bad.ts"]
    with pytest.raises(InputError):
        unchecked(folder / "nowhere", {})


def test_a_program_without_files_has_nothing_to_say(program: Program, unchecked: Run) -> None:
    report = unchecked(program({}), {})
    assert (report.sites, report.files, report.open) == ((), 0, 0)
