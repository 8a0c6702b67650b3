import codecs
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import CapacityError, TidemillError
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.spans import Span
from tidemill.source.typescript.compiler import Compiler, find_compiler
from tidemill.source.typescript.service import LENIENT, CompilerService, Suspect

FILES = {
    "src/point.ts": b"export interface Point { x: number }\n",
    "src/main.ts": (
        "import { Point } from './point';\n"
        "const größe = '数😀';\n"
        "export function norm(p: Point, scale = 2, ...more: string[]) { return p.x * scale; }\n"
        "const points = [1, 2].map(x => ({ x }));\n"
        "class Box { value; size = 1; constructor() { this.value = größe; } }\n"
    ).encode(),
}


@pytest.fixture
def compiler(typescript: Path, tmp_path: Path) -> Compiler:
    return find_compiler(tmp_path, typescript)


@pytest.fixture
def service(compiler: Compiler) -> Iterator[CompilerService]:
    with CompilerService(compiler, Path("/nowhere"), []) as service:
        service.update(FILES)
        yield service


def sites(text: bytes) -> tuple[TypeSite, ...]:
    return sites_of(parse(text, LANGUAGES["typescript"]))


def types(service: CompilerService, text: bytes) -> dict[str, str | None]:
    found = sites(text)
    answers = service.types("src/main.ts", found)
    return {f"{s.kind} {s.name}": answer for s, answer in zip(found, answers, strict=True)}


def test_types_are_asked_by_place_across_files_and_beyond_ascii(service: CompilerService) -> None:
    assert types(service, FILES["src/main.ts"]) == {
        "variable größe": "string",
        "return norm": "number",
        "parameter p": "Point",
        "parameter scale": "number",
        "parameter more": "string[]",
        "variable points": "{ x: number; }[]",
        "parameter x": "number",
        "return ": "{ x: number; }",
        "field value": "string",
        "field size": "number",
    }


def test_a_changed_file_is_read_anew(service: CompilerService) -> None:
    text = FILES["src/main.ts"]
    bare = stripped(text, sites(text))
    service.update({"src/main.ts": bare})
    found = types(service, bare)
    assert (found["parameter p"], found["return norm"]) == ("any", "number")
    assert found["parameter more"] == "any[]"


def test_members_of_a_value(service: CompilerService) -> None:
    text = FILES["src/main.ts"]
    place = text.index(b"p.x")
    assert service.members("src/main.ts", [place]) == [frozenset({"x"})]
    service.update({"src/main.ts": stripped(text, sites(text))})
    assert service.members("src/main.ts", [place]) == [None]


def test_diagnostics_have_their_place_in_bytes(service: CompilerService) -> None:
    text = FILES["src/main.ts"] + b"norm('no point');\nlet broken = ;\n"
    service.update({"src/main.ts": text})
    assert service.diagnostics(["src/point.ts"]) == []
    found = {one.code: one.span.of(text) for one in service.diagnostics(["src/main.ts"])}
    assert found[2345] == b"'no point'"
    assert 1109 in found
    only = service.diagnostics(["src/main.ts"], ["syntactic"])
    assert [one.code for one in only] == [1109]


def test_what_the_compiler_refuses_is_an_error_and_the_service_lives(
    service: CompilerService,
) -> None:
    service._texts["src/other.ts"] = b""  # noqa: SLF001  as if it had been read
    with pytest.raises(TidemillError, match=r"refused to types: src/other\.ts is not part"):
        service.types("src/other.ts", [])
    assert service.types("src/point.ts", []) == []


def test_an_unknown_option_is_refused(compiler: Compiler) -> None:
    with pytest.raises(TidemillError, match="target"):
        CompilerService(compiler, Path("/nowhere"), [], options={**LENIENT, "target": "es1"})


def test_a_compiler_that_takes_too_long_is_stopped(compiler: Compiler) -> None:
    with CompilerService(compiler, Path("/nowhere"), []) as service:
        service._seconds = 0.1  # noqa: SLF001
        service._process.send_signal(signal.SIGSTOP)  # noqa: SLF001  so it never answers
        with pytest.raises(CapacityError, match="took longer than"):
            service.update(FILES)


def test_a_compiler_that_died_is_an_error(compiler: Compiler) -> None:
    with CompilerService(compiler, Path("/nowhere"), []) as service:
        service._process.kill()  # noqa: SLF001
        service._process.wait()  # noqa: SLF001
        with pytest.raises(CapacityError, match="ended when it was to update"):
            service.update(FILES)


def test_members_of_a_union_are_those_of_its_parts(service: CompilerService) -> None:
    text = b"declare const a: string | Date | undefined; a; declare const b: Record<string, 1>; b;"
    service.update({"src/main.ts": text})
    (union, record) = service.members("src/main.ts", [text.index(b"a;"), text.index(b"b;")])
    assert union is not None
    assert {"trim", "getTime"} <= union
    assert record is None


def test_a_project_knows_its_files_and_who_hangs_on_them(service: CompilerService) -> None:
    service.update({"src/other.ts": b"import './main';\n", "src/alone.ts": b"export {};\n"})
    everything = ["src/alone.ts", "src/main.ts", "src/other.ts", "src/point.ts"]
    assert sorted(service.sources()) == everything
    assert sorted(service.dependents(["src/point.ts"])) == everything[1:]
    assert service.dependents(["src/alone.ts"]) == ["src/alone.ts"]
    service.update({"src/global.ts": b"interface Anywhere {}\n"})
    assert sorted(service.dependents(["src/global.ts"])) == sorted([*everything, "src/global.ts"])


def names(text: bytes, suspects: tuple[Suspect, ...]) -> list[str]:
    """What stands at the places of suspects, up to the end of the word."""
    found = []
    for one in suspects:
        word = re.match(rb"\w+|\(\w+", text[one.start :])
        found.append(f"{one.kind} {word[0].decode() if word else ''}")
    return found


@pytest.mark.parametrize(
    ("code", "place", "near"),
    [
        ("function f(a: string) { return a.x; }", "x;", ["name a", "return f"]),
        ("function f(a: string) {} const v = 1; f(v);", "v);", ["name v", "name a"]),
        ("const g = (p: 1): 2 => p;", "p;", ["name p", "return (p"]),
        ("function f(): string { return 1; }", "return 1", ["return f"]),
        ("let h: string = ''; const i = h; i.x;", "x;", ["name i", "name h"]),
        ("let k: string[] = []; k.map(e => e.x);", "x);", ["name e", "name k"]),
        ("class A { b: 1 = 2; }", "b:", ["name b"]),
        ("let o: { q: 1 } = { q: 2 };", "q: 2", ["name o"]),
        ("let l: 1[] = []; for (const m of l) m.x;", "x;", ["name m", "name l"]),
    ],
)
def test_suspects_are_what_an_objection_hangs_on(
    service: CompilerService, code: str, place: str, near: list[str]
) -> None:
    text = code.encode()
    service.update({"src/main.ts": text})
    start = text.rindex(place.encode())
    end = start + (len("return") if place.startswith("return") else 1)
    ((found, _),) = service.suspects("src/main.ts", [Span(start=start, end=end)])
    assert set(near) <= set(names(text, found))


def test_functions_and_classes_around_are_suspected_last(service: CompilerService) -> None:
    text = (
        b"class A { b: 1 = 1; m(c: 1) {} } function f(z: 1) { const a: A = 0 as never; take(a); }"
    )
    service.update({"src/main.ts": text})
    ((near, far),) = service.suspects("src/main.ts", [Span(start=len(text) - 5, end=len(text) - 4)])
    assert "name a" in names(text, near)
    assert {"return f", "name z", "name b", "name c"} <= set(names(text, far))


def test_a_project_has_the_options_and_files_of_its_tsconfig(
    compiler: Compiler, tmp_path: Path
) -> None:
    (tmp_path / "base.json").write_text('{"compilerOptions": {"strict": true, "types": []}}')
    (tmp_path / "tsconfig.json").write_text('{"extends": "./base.json", "files": ["b.ts"]}')
    (tmp_path / "b.ts").write_bytes(codecs.BOM_UTF8 + "let ü: Shared;\nü.x;\n".encode())
    config = tmp_path / "tsconfig.json"
    options = {"skipLibCheck": True}
    with CompilerService(compiler, tmp_path, [], options=options, config=config) as service:
        service.update({"a.ts": b"interface Shared {}\nfunction f(a) {}\n"})
        assert sorted(service.sources()) == ["a.ts", "b.ts"]
        found = service.diagnostics(["a.ts", "b.ts"])
        assert {(one.path, one.code) for one in found} >= {("a.ts", 7006), ("b.ts", 2339)}
        text = (tmp_path / "b.ts").read_bytes().removeprefix(codecs.BOM_UTF8)
        assert [one.span.of(text) for one in found if one.code == 2339] == [b"x"]


@pytest.mark.parametrize(
    "text", ["{", '{"compilerOptions": {"target": "es1"}}', '{"extends": "x"}']
)
def test_a_tsconfig_that_is_wrong_is_refused(compiler: Compiler, tmp_path: Path, text: str) -> None:
    (tmp_path / "tsconfig.json").write_text(text)
    with pytest.raises(TidemillError, match=r"refused to open: .*tsconfig\.json: "):
        CompilerService(compiler, tmp_path, [], config=tmp_path / "tsconfig.json")


def test_a_default_function_without_a_name_is_found(service: CompilerService) -> None:
    text = b"export default function (a: string) { return a; }\n"
    service.update({"src/main.ts": text})
    assert types(service, text) == {"return ": "string", "parameter a": "string"}
