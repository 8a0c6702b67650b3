"""Labels by the real compiler: who wrote them, what is never one, what is left when stripped."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.corpus.typed.making import package_of
from tidemill.core.errors import CapacityError, TidemillError
from tidemill.corpus.typed.labelled import LabelledFile, LabelledSite
from tidemill.corpus.typed.labelling import labelled_files
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.typescript.compiler import Compiler, compiler_in
from tidemill.source.typescript.service import CompilerService

SHORE = """\
export interface Reed { height: number }
export function grow(reed: Reed): Reed[] {
  return [reed];
}
"""
POND = """\
import { grow, Reed } from './shore';
const größe = '😀';
export class Pond {
  depth!: number;
  reeds = new Map<string, Reed>();
  any: any;
  constructor(readonly owner: string) { this.any = owner; }
  plant(reed: Reed, times = 2, onGrown?: (reed: Reed,
    count: number) => void): void {
    const grown = grow(reed);
    const nothing = this.any;
    const shape = { a: 1 };
    const call = () => 1;
    for (const one of grown) this.reeds.set(größe, one);
  }
}
"""
LONG = f"export let long: {' | '.join(f'`{n}`' for n in range(60))}; export let short: string;\n"
FILES = {
    "src/shore.ts": SHORE,
    "src/pond.ts": POND,
    "src/long.ts": LONG,
    "src/broken.ts": "let a: number = ;\n",
    "src/view.tsx": "export const View = (props: { a: number }) => <b>{props.a}</b>;\n",
    "src/bare.ts": "run();\n",
    "src/data.json": "{}",
}


@pytest.fixture(scope="module")
def compiler(typescript: Path) -> Compiler:
    node = shutil.which("node")
    found = compiler_in(typescript, Path(node or ""))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def files(compiler: Compiler) -> Mapping[str, LabelledFile]:
    """Labelled once: starting the compiler takes a second or two."""
    texts = {path: text.encode() for path, text in FILES.items()}
    chosen = [path for path in sorted(FILES) if path != "src/shore.ts"]
    found = labelled_files(package_of(family="f"), texts, chosen, compiler=compiler)
    assert [row.file.path for row in found] == sorted(row.file.path for row in found)
    return {row.file.path: row for row in found}


def sites(row: LabelledFile) -> dict[str, LabelledSite]:
    return {f"{site.kind} {site.name}": site for site in row.sites}


def test_types_that_authors_wrote_are_their_labels(files: Mapping[str, LabelledFile]) -> None:
    written = {name: site.label for name, site in sites(files["src/pond.ts"]).items() if site.user}
    assert written == {
        "field depth": "number",
        "parameter owner": "string",
        "parameter reed": "Reed",
        "parameter onGrown": "(reed: Reed,\n    count: number) => void",
        "return plant": "void",
    }


def test_other_places_have_what_the_compiler_infers(files: Mapping[str, LabelledFile]) -> None:
    found = sites(files["src/pond.ts"])
    inferred = {name: site.label for name, site in found.items() if not site.user}
    # Types are looked up in files that are not labelled themselves; no object or function types.
    assert inferred == {
        "variable größe": "string",
        "field reeds": "Map<string, Reed>",
        "parameter times": "number",
        "variable grown": "Reed[]",
        "return ": "number",
    }


def test_any_is_never_a_label(files: Mapping[str, LabelledFile]) -> None:
    labels = [site.label for row in files.values() for site in row.sites]
    assert "any" not in labels
    assert not {"field any", "variable nothing"} & {*sites(files["src/pond.ts"])}


def test_what_the_compiler_says_without_annotations_stands_beside(
    files: Mapping[str, LabelledFile],
) -> None:
    found = {name: site.compiler for name, site in sites(files["src/pond.ts"]).items()}
    assert found["field depth"] == "any"
    assert found["parameter reed"] == "any"
    assert found["parameter times"] == "number"
    assert found["return plant"] == "void"
    # Files that were not chosen keep their annotations.
    assert found["variable grown"] == "Reed[]"


def test_labels_that_nobody_would_write_are_left_out(files: Mapping[str, LabelledFile]) -> None:
    found = sites(files["src/long.ts"])
    assert [*found] == ["variable short"]
    assert "variable shape" not in sites(files["src/pond.ts"])
    assert "variable call" not in sites(files["src/pond.ts"])


def test_files_without_labels_and_files_that_cannot_be_parsed_are_not_there(
    files: Mapping[str, LabelledFile],
) -> None:
    assert {*files} == {"src/pond.ts", "src/long.ts", "src/view.tsx"}
    assert files["src/view.tsx"].file.language == "tsx"


def test_a_file_is_kept_without_annotations_and_its_sites_are_found_in_it(
    files: Mapping[str, LabelledFile],
) -> None:
    for path, row in files.items():
        code, text = row.file.code.encode(), FILES[path].encode()
        assert len(code) == len(text)
        assert all(new in (old, 32) for new, old in zip(code, text, strict=True))
        found = sites_of(parse(code, LANGUAGES[row.file.language]))
        again = {(site.kind, site.place.start) for site in found}
        for site in row.sites:
            assert (site.kind, site.start) in again
            if site.name:
                assert code[site.start : site.end].decode() == site.name
    facts = files["src/pond.ts"].file
    assert (facts.package, facts.family, facts.licence) == ("pond", "f", "MIT")
    assert ": Reed" not in facts.code


def test_a_file_that_the_compiler_refuses_keeps_what_was_written(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> list[str | None]:
        raise TidemillError("it crashed")

    monkeypatch.setattr(CompilerService, "types", refused)
    (row,) = labelled_files(
        package_of(), {"a.ts": b"let a: number, b = 1;"}, ["a.ts"], compiler=compiler
    )
    assert [(site.name, site.label, site.compiler) for site in row.sites] == [("a", "number", "")]


def test_a_compiler_that_died_is_an_error(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> list[str | None]:
        raise CapacityError("out of memory")

    monkeypatch.setattr(CompilerService, "types", died)
    with pytest.raises(CapacityError):
        labelled_files(package_of(), {"a.ts": b"let a: number;"}, ["a.ts"], compiler=compiler)
