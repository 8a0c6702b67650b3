from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemill.core.errors import CapacityError, TidemillError
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.typescript.compiler import Compiler, find_compiler
from tidemill.source.typescript.service import LENIENT, CompilerService

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
        service._seconds = 0.0  # noqa: SLF001  nothing is that fast
        with pytest.raises(CapacityError, match="took longer than"):
            service.update(FILES)


def test_a_compiler_that_died_is_an_error(compiler: Compiler) -> None:
    with CompilerService(compiler, Path("/nowhere"), []) as service:
        service._process.kill()  # noqa: SLF001
        service._process.wait()  # noqa: SLF001
        with pytest.raises(CapacityError, match="ended when it was to update"):
            service.update(FILES)
