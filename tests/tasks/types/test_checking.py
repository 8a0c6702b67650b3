import subprocess
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from tests.tasks.types.table import Table
from tidemill.core.clock import SystemClock
from tidemill.core.settings import Settings
from tidemill.source.typescript.compiler import find_compiler
from tidemill.source.typescript.service import CompilerService
from tidemill.tasks.types.checking import OUT_OF_TIME
from tidemill.tasks.types.inferring import types_of
from tidemill.tasks.types.report import TypesReport

Program = Callable[[Mapping[str, str]], Path]
Run = Callable[..., TypesReport]

POINT = (
    "export interface Point { x: number; dist(): number }\n"
    "export default class Shape { area = 1 }\n"
    "class Hidden {}\n"
    "export type { Hidden as Shown };\n"
)
MAIN = """\
import { other } from './other.js';
export function norm(p, scale) { return p.dist() * scale.toFixed(2).length; }
export function area(s, t?) { return s.area + (t ? 1 : 0); }
function greet(name, n) { return name.toUpperCase() + n; }
export const total = (xs) => { let sum = 0; for (const x of xs) sum += x; return sum; };
export function use() { return greet('a', 1) + total([1, 2]); }
export class Box { value; constructor(v) { this.value = v; } get() { return this.value; } }
export async function load(...names) { return JSON.parse(names.join(other)); }
export function* count(n) { let m: number = n; while (m > 0) yield JSON.parse(String(m--)); }
"""
ANSWERS = {
    "p": ["string", "Point"],
    "scale": ["Missing", "number"],
    "s": "Shape",
    "t": ["any", "Shown"],
    "name": ["number", "string"],
    "n": "number",
    "xs": ["string[]", "number[]"],
    "value": "number",
    "v": ["string", "number"],
    "names": "string",
    "return load": "Point",
    "return count": "number",
}


def states(report: TypesReport) -> dict[str, tuple[str, str]]:
    return {f"{one.kind} {one.name}": (one.state, one.type) for one in report.sites}


def errors(folder: Path, typescript: Path) -> list[str]:
    """What the compiler's own command says of a folder."""
    compiler = find_compiler(folder, typescript)
    tsc = str(compiler.module / "bin" / "tsc")
    command = [str(compiler.node), tsc, "-p", str(folder), "--noEmit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "error TS" in line]


@pytest.mark.claim("tidal.check.compiler", "tidal.check.members")
def test_wrong_types_step_back_and_right_ones_stand(
    program: Program, checked: Run, typescript: Path
) -> None:
    other = "export const other = ',';\n"
    folder = program({"lib/point.ts": POINT, "main.ts": MAIN, "other.ts": other})
    report = checked(folder, ANSWERS)
    assert states(report) == {
        "parameter p": ("verified", "Point"),
        "parameter scale": ("verified", "number"),
        "parameter s": ("verified", "Shape"),
        "parameter t": ("verified", "Shown"),
        "return area": ("derived", "number"),
        "parameter name": ("verified", "string"),
        "parameter n": ("verified", "number"),
        "return greet": ("derived", "string"),
        "variable total": ("derived", "(xs: number[]) => number"),
        "parameter xs": ("verified", "number[]"),
        "return use": ("derived", "string"),
        "field value": ("verified", "number"),
        "parameter v": ("verified", "number"),
        "return get": ("derived", "number"),
        "parameter names": ("verified", "string[]"),
        "return load": ("verified", "Promise<Point>"),
        "return count": ("verified", "Generator<number>"),
    }
    assert report.new_objections == ()
    assert report.checking_after == report.files == 3
    assert (folder / "main.ts").read_text() == MAIN
    for change in report.changes:
        change.path.write_bytes(change.after)
    assert errors(folder, typescript) == []
    written = (folder / "main.ts").read_text().splitlines()
    assert written[1:3] == [
        "import type Shape from './lib/point.js';",
        "import type { Point, Shown } from './lib/point.js';",
    ]


@pytest.mark.claim("tidal.check.compiler")
def test_a_bad_file_costs_no_other_one(program: Program, checked: Run) -> None:
    files = {f"a{n}.ts": f"export function f{n}(a) {{ return a.length; }}\n" for n in range(6)}
    files["bad.ts"] = "import { f0 } from './a0';\nexport const g = (b) => b.q.w + f0(1);\n"
    files["broken.ts"] = "export function h(a { return ;\n"
    folder = program(files)
    report = checked(folder, {"a": "string", "b": ["Date", "string"]})
    found = {f"{one.path} {one.name}": one for one in report.sites if one.kind == "parameter"}
    assert all(found[f"a{n}.ts a"].state == "verified" for n in range(1, 6))
    assert found["bad.ts b"].state == "backed-off"
    assert found["bad.ts b"].reason == "TS2339: Property 'q' does not exist on type 'Date'."
    assert [(one.path, one.reason) for one in report.skipped] == [
        ("broken.ts", "broken: line 1 cannot be parsed")
    ]
    assert report.new_objections == ()


@pytest.mark.claim("tidal.check.compiler")
def test_a_type_is_refused_however_it_words_an_error_that_was_there_before(
    program: Program, checked: Run
) -> None:
    text = "".join(f"export interface T{n} {{ n{n}?: number }}\n" for n in range(4))
    text += "export function f(options = {}) { return options.lost; }\n"
    report = checked(program({"a.ts": text}), {"options": [f"T{n}" for n in range(4)]})
    site = next(one for one in report.sites if one.name == "options")
    assert site.state != "verified"
    assert report.new_objections == ()


@pytest.mark.claim("tidal.check.compiler")
def test_what_the_compiler_says_once_for_several_files_is_not_new_in_another(
    program: Program, checked: Run
) -> None:
    rest = "/** @param {string[]} [names] */\nexport function f(...names) { return [...names]; }\n"
    up = "export function up(name) { return name.trim(); }\n"
    folder = program({"a.js": rest, "b.js": rest + up})
    report = checked(folder, {"name": "string"})
    assert states(report)["parameter name"] == ("verified", "string")


def test_progress_goes_on_to_the_end(program: Program, typescript: Path) -> None:
    told: list[tuple[int, int | None]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            if note == "checked":
                told.append((done, total))

    folder = program({"a.ts": "export function f(a, b) { return a.length + b; }\n"})
    types_of(
        [folder],
        source=Table({"a": ["number", "string"], "b": "number"}),
        settings=Settings(typescript=typescript),
        progress=Listener(),
        cwd=folder,
    )
    assert told == sorted(told)
    assert told[-1] == (2, 2)


def test_without_options_of_its_own_a_program_knows_the_types_that_are_installed(
    program: Program, checked: Run
) -> None:
    node = "declare module 'tides' { export function now(): number; }\n"
    text = "const tides = require('tides');\nfunction f(x) { return x + tides.now(); }\n"
    folder = program({"node_modules/@types/node/index.d.ts": node, "a.js": text})
    (folder / "tsconfig.json").unlink()
    report = checked(folder, {"tides": "string", "x": "number"})
    assert states(report)["parameter x"] == ("verified", "number")
    assert "variable tides" not in states(report)


@pytest.mark.claim("tidal.check.members")
def test_a_type_without_an_invoked_member_is_refused(program: Program, checked: Run) -> None:
    text = "/** Of a script: nothing else would object. */\nfunction f(a, b) { b?.go();"
    text += " return typeof a === 'string' ? a.trim() : a; }\n"
    config = '{"compilerOptions": {"strict": false, "target": "es2022", "types": []}}'
    folder = program({"a.js": text, "tsconfig.json": config})
    report = checked(folder, {"a": ["number", "number | string"], "b": ["Map<string, string>"]})
    assert states(report)["parameter a"] == ("verified", "number | string")
    lacking = next(one for one in report.sites if one.name == "b")
    assert lacking.state == "backed-off"
    assert lacking.reason == "go is invoked, which Map<string, string> does not have"


def test_comments_of_javascript_are_checked(
    program: Program, checked: Run, typescript: Path
) -> None:
    files = {
        "point.ts": POINT,
        "a.js": (
            "/** Says it. */\nexport function f(p, ...more) { return p.dist() + more.length; }\n"
            "export const g = [1].map(x => x + f(null));\n"
            "export class A {\n  v;\n  set(w) { this.v = w; }\n}\n"
            "export const h = (k, cb) => cb(k);\nlet later;\nexport function i() { later = 1; }\n"
        ),
    }
    folder = program(files)
    answers = {"p": ["string", "Point"], "more": "string[]", "w": "string", "k": "number"}
    report = checked(folder, {**answers, "v": "string", "cb": "(x: number) => void"})
    found = states(report)
    assert found["parameter p"] == ("backed-off", "string")
    assert found["parameter more"] == ("verified", "string[]")
    assert found["parameter k"] == ("verified", "number")
    assert found["parameter cb"] == ("verified", "(x: number) => void")
    assert report.new_objections == ()
    (change,) = report.changes
    with CompilerService(find_compiler(folder, typescript), folder, []) as service:
        service.update({"a.js": change.after})
        text = change.after
        assert service.members("a.js", [text.index(b"cb(k)")]) != [None]
    assert b" * @param {...string} more\n" in change.after
    assert b" * @param {(x: number) => void} cb\n" in change.after


def test_a_file_that_refuses_to_be_checked_is_unverified(program: Program, checked: Run) -> None:
    text = "// @ts-nocheck\nexport function f(a, b) { a.getTime(); b.getTime(); }\n"
    report = checked(program({"a.ts": text}), {"a": ["Nope", "Date"], "b": "number"})
    assert states(report)["parameter a"] == ("unverified", "Date")
    assert states(report)["parameter b"] == ("backed-off", "number")
    (change,) = report.changes
    assert change.after == text.replace("(a,", "(a: Date,").encode()


def test_what_compiler_and_author_know_is_never_asked(program: Program, checked: Run) -> None:
    text = "export function f(a: any, b = 1, c?: string) { const d = b; let e; e = d; return e; }\n"
    folder = program({"a.ts": text})
    report = checked(folder, {"a": "string", "b": "string", "return f": "string"})
    assert report.offered == ()
    assert report.counts["declared"] == 2


class Rushing:
    """A clock on which an hour passes whenever somebody looks."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        self._seconds += 3600
        return self._seconds


def test_what_there_is_no_time_for_is_not_offered(program: Program, typescript: Path) -> None:
    folder = program({"a.ts": "export function f(a) { return a; }\n"})
    report = types_of(
        [folder],
        source=Table({"a": "string"}),
        settings=Settings(typescript=typescript),
        clock=Rushing(),
        cwd=folder,
    )
    assert report.offered == ()
    assert {one.reason for one in report.sites if one.name == "a"} == {OUT_OF_TIME}
