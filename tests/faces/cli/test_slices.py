import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tidemill.source.slices.formats.reading import read_slices

Run = Callable[..., tuple[int, str, str]]

APP = "const app = make();\napp.get('/', (req) => req.ip());\nuse(app);\n"


@pytest.fixture
def app(tree: Path) -> Path:
    """The tree with one file of JavaScript alone."""
    (tree / "dates.py").unlink()
    (tree / "app.js").write_text(APP)
    return tree


def test_a_table(tidemill: Run, app: Path) -> None:
    assert app.is_dir()
    code, out, err = tidemill("slices", "--exclude-operators")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "app.js:1",
        "  1  app  ANY  = make  calls: get  in: use(1)",
        "",
        "app.js:2  (req)",
        "  2  req  ANY  parameter 1  calls: ip",
        "",
        "2 slices in 2 functions of 1 file, 0 declared types",
    ]
    assert "in: assignment(1), use(1)" in tidemill("slices")[1]


@pytest.mark.claim("tidal.slices.formats")
@pytest.mark.parametrize("form", ["joern", "paper", "atom"])
def test_other_programs_forms(tidemill: Run, app: Path, form: str) -> None:
    code, out, err = tidemill("slices", "app.js", "--format", form, "--min-calls", "2")
    assert (code, err) == (0, "")
    (method,) = read_slices(out.encode()).methods
    assert [usage.target.name for usage in method.slices] == ["app"]
    assert method.source == APP
    without = tidemill("slices", "app.js", "--format", form, "--no-source")[1]
    assert {one.source for one in read_slices(without.encode()).methods} == {""}
    assert app.is_dir()


def test_as_json(tidemill: Run, app: Path) -> None:
    assert app.is_dir()
    facts = json.loads(tidemill("slices", "--json")[1])
    target = facts["methods"][0]["slices"][0]["target"]
    assert target["span"] == {"start": 6, "end": 9}
    assert target["at"] == {"line": 1, "column": 7}
    assert facts["files"] == 1


def test_written_to_a_file(tidemill: Run, app: Path) -> None:
    code, out, err = tidemill("slices", "--format", "joern", "-o", "slices.json")
    assert (code, out, err) == (0, "", "wrote slices.json\n")
    assert read_slices((app / "slices.json").read_bytes()).methods


def test_what_could_not_be_sliced_is_told(tidemill: Run, app: Path) -> None:
    (app / "bad.js").write_bytes(b"\0")
    (app / "broken.ts").write_text("function ( { = ;\n")
    code, _, err = tidemill("slices")
    assert code == 0
    assert "skipped bad.js: " in err
    assert "broken.ts: parts could not be parsed" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere",), 3),
        (("--min-calls", "0"), 2),
        (("--format", "xml"), 2),
        (("--json", "--format", "atom"), 2),
    ],
)
def test_errors_have_their_codes(
    tidemill: Run, app: Path, arguments: tuple[str, ...], code: int
) -> None:
    assert app.is_dir()
    said = tidemill("slices", *arguments)
    assert said[0] == code
    assert said[1] or said[2]
    assert "Traceback" not in said[2]
