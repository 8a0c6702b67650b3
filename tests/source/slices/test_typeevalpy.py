"""What the text says of types agrees with the ground truth of TypeEvalPy's micro-benchmark."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tidemill.source.language import LANGUAGES
from tidemill.source.lines import LineTable
from tidemill.source.parsing import parse
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.usage import ANY


def members(shared_data: Path) -> dict[str, bytes]:
    """The files of the benchmark by name."""
    place = shared_data / "typeevalpy-micro" / "micro-benchmark.tar.xz"
    if not place.is_file():
        pytest.skip(f"no {place}")
    with tarfile.open(place) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def said(files: dict[str, bytes]) -> Iterator[tuple[str, int, str, str]]:
    """File, line, name and type of every variable with a slice."""
    for name, text in files.items():
        if name.endswith(".py"):
            table = LineTable(text)
            for method in usage_slices(parse(text, LANGUAGES["python"]), path=name).methods:
                for usage in method.slices:
                    assert usage.target.span is not None
                    line = table.line(usage.target.span.start)
                    yield name, line, usage.target.name, usage.target.type_name


def test_types_that_are_said_are_right(shared_data: Path) -> None:
    files = members(shared_data)
    truth: dict[tuple[str, int, str], set[str]] = {}
    for name, data in files.items():
        for entry in json.loads(data) if name.endswith("_gt.json") else ():
            file = str(PurePosixPath(name).parent / entry["file"])
            variable = entry.get("parameter") or entry.get("variable")
            if variable:
                key = (file, entry["line_number"], variable)
                truth.setdefault(key, set()).update(entry["type"])
    found = {(file, line, name): type_name for file, line, name, type_name in said(files)}
    typed = {key: found[key] for key in found.keys() & truth.keys() if found[key] != ANY}
    wrong = {
        key: (type_name, truth[key])
        for key, type_name in typed.items()
        if not any(ending(type_name) == ending(one) for one in truth[key])
    }
    assert not wrong
    # 639 variables and parameters have a ground truth.
    assert len(found.keys() & truth.keys()) > 400
    assert len(typed) > 50


def ending(type_name: str) -> str:
    """The last part of a full name."""
    return type_name.replace(":", ".").rpartition(".")[2]
