"""The verb ``joernti`` for a file of slices."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.joernti.sample import AS_MAP
from tests.tasks.types.table import Table
from tidemill.faces.joernti import command
from tidemill.source.lines import Position
from tidemill.source.slices.formats.joern import to_joern
from tidemill.source.slices.usage import Definition, MethodSlice, ProgramSlice, UsageSlice
from tidemill.tasks.types.source import TypeSource

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def slices(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of slices, and a table instead of an expert."""
    objects = [
        UsageSlice(
            target=Definition(label="PARAM", name=name, at=Position(line=4, column=column)),
            defined_by=None,
        )
        for name, column in {"app": 12, "größe": 17}.items()
    ]
    method = MethodSlice(
        full_name="app.js::program:f",
        file="app.js",
        slices=tuple(objects),
        source="function f(app, größe) {}",
    )
    path = tree / "slices.json"
    path.write_text(json.dumps(to_joern(ProgramSlice(methods=(method,)))))

    def source(*_: object) -> TypeSource:
        return Table({"app": ["Express", "Array<any>"], "größe": "number"})

    monkeypatch.setattr(command, "type_source", source)
    return path


@pytest.mark.claim("tidal.model.positions")
def test_a_file_is_answered(tidemill: Run, slices: Path) -> None:
    code, out, err = tidemill("joernti", "--input-slice", str(slices))
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "target_identifier": "app",
            "type": "Express",
            "confidence": 0.9,
            "scope": "app.js::program:f",
            "alternatives": [{"type": "Array", "confidence": pytest.approx(0.8)}],
            "line": 4,
            "column": 12,
        },
        {
            "target_identifier": "größe",
            "type": "number",
            "confidence": 0.9,
            "scope": "app.js::program:f",
            "alternatives": [],
            "line": 4,
            "column": 17,
        },
    ]


def test_an_answer_goes_to_a_file(tidemill: Run, slices: Path) -> None:
    target = slices.with_name("types.json")
    code, out, _ = tidemill("joernti", "--input-slice", str(slices), "--output", str(target))
    assert (code, out) == (0, "")
    assert [one["type"] for one in json.loads(target.read_bytes())] == ["Express", "number"]


@pytest.mark.claim("tidal.model.confidence")
def test_what_is_less_sure_is_left_out(tidemill: Run, slices: Path) -> None:
    told = tidemill("joernti", "--input-slice", str(slices), "--min-confidence", "0.95")
    assert told[:2] == (0, "[]\n")


def test_joern_takes_what_it_is_to_accept(tidemill: Run, slices: Path) -> None:
    told = tidemill("joernti", "--input-slice", str(slices), "--accept-from", "0.85")
    (app, _) = json.loads(told[1])
    assert app["confidence"] == pytest.approx(0.81 + 0.19 / 3)
    assert app["alternatives"][0]["confidence"] == pytest.approx(0.8 * 0.8 / 0.85)


@pytest.mark.parametrize("value", ["0", "1", "nan", "-1"])
def test_what_cannot_be_set_apart_is_refused(tidemill: Run, slices: Path, value: str) -> None:
    code, out, err = tidemill("joernti", "--input-slice", str(slices), "--accept-from", value)
    assert (code, out) == (2, "")
    assert "Choose between 0 and 1" in err


def test_the_form_of_the_paper_is_read(tidemill: Run, slices: Path) -> None:
    document = json.loads(json.dumps(AS_MAP))
    document["objectSlices"]["app.js::program"]["source"] = "const größe = 3; let app;"
    slices.write_text(json.dumps(document))
    found = json.loads(tidemill("joernti", "--input-slice", str(slices))[1])
    assert [one["target_identifier"] for one in found] == ["größe", "app"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "slices"),
        (b"[]", "slices"),
        (b"{", "JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"objectSlices": 3}', "objectSlices"),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_no_slice_is_refused(tidemill: Run, slices: Path, data: bytes, words: str) -> None:
    slices.write_bytes(data)
    code, out, err = tidemill("joernti", "--input-slice", str(slices))
    assert code == 3
    assert out == ""
    assert "slices.json" in err
    assert words in err


def test_a_file_that_is_not_there_is_refused(tidemill: Run, slices: Path) -> None:
    slices.unlink()
    code, _, err = tidemill("joernti", "--input-slice", str(slices))
    assert code == 3
    assert "the slices cannot be read: No such file" in err
