"""Documented functions of sources: each once, and kept."""

from pathlib import Path

import pytest

from tests.tasks.sprouting.code import module, shelf
from tidemill.core.errors import InputError
from tidemill.core.progress import Silence
from tidemill.core.settings import Settings
from tidemill.tasks.sprouting import harvesting
from tidemill.tasks.sprouting.harvesting import Harvests, chosen, harvested
from tidemill.tasks.sprouting.sources import SproutSource, sources_in

SETTINGS = Settings(workers=1)
PYTHON = frozenset({"python"})


def read(place: Path, cache: Path) -> Harvests:
    return harvested(sources_in([place]), cache, settings=SETTINGS, progress=Silence())


def test_functions_are_found_at_their_places(tmp_path: Path) -> None:
    place = shelf(tmp_path, ("orchard",))
    (place / "alone.py").write_text(module("harbour", ("file",)))
    (place / "made.py").write_text("# automatically generated\n" + module("station", ("file",)))
    found, left_out = chosen(read(place, tmp_path / "cache"), PYTHON)
    assert {own.place for own in found} == {
        ("alone.py",),
        ("orchard", "low.py"),
        ("orchard", "upper.py"),
    }
    assert len(found) == 8 + 64
    assert {own.licence for own in found} == {"unknown"}
    assert left_out == {"made by a program": 1}
    assert chosen(read(place, tmp_path / "cache"), frozenset({"go"}))[0] == []


def test_each_function_is_taken_once_and_no_long_one(tmp_path: Path) -> None:
    place = shelf(tmp_path, ("orchard",))
    source = (place / "orchard" / "low.py").read_text()
    (place / "copy.py").write_text(source)
    long = "\n".join(f"    x{number} = orchard.prune({number})" for number in range(400))
    (place / "long.py").write_text(
        f'def long():\n    """Says the same again and again."""\n{long}\n'
    )
    first = source.split("\n\n")[0]
    almost = first.replace("Read the", "Peruse each").replace("'file')", "'files')")
    assert almost != first
    (place / "near.py").write_text(almost)
    found, left_out = chosen(read(place, tmp_path / "cache"), PYTHON)
    assert len(found) == 64
    assert left_out["said before"] == 32
    assert left_out["too long"] == 1
    assert left_out["near duplicate"] == 1


def test_other_than_permissive_licences_are_left_out(tmp_path: Path) -> None:
    place = shelf(tmp_path, ("orchard", "harbour"))
    (place / "harbour" / "LICENSE").write_text("GNU GENERAL PUBLIC LICENSE")
    (place / "orchard" / "LICENSE").write_text("Permission is hereby granted, free of charge")
    found, left_out = chosen(read(place, tmp_path / "cache"), PYTHON)
    assert {(own.place[0], own.licence) for own in found} == {("orchard", "MIT")}
    assert left_out == {"under another than a permissive licence": 64}


def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, cache = shelf(tmp_path, ("orchard",)), tmp_path / "cache"
    first = read(place, cache)
    monkeypatch.setattr(harvesting, "_read", None)
    assert read(place, cache).key == first.key
    monkeypatch.undo()
    (place / "orchard" / "low.py").write_text("x = 1\n")
    assert read(place, cache).key != first.key
    assert len(chosen(read(place, cache), PYTHON)[0]) == 32
    first.places[0].unlink()
    with pytest.raises(InputError, match=r"what was read of .* is gone"):
        chosen(first, PYTHON)


def test_a_source_that_cannot_be_read_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(source: object, settings: object) -> None:
        raise InputError(f"the archive more than 1 entries: {source} {settings}")

    monkeypatch.setattr(harvesting, "harvest", refusing)
    source = SproutSource(place=tmp_path, name=("project",))
    harvests = harvested([source], tmp_path / "cache", settings=SETTINGS, progress=Silence())
    assert chosen(harvests, PYTHON) == ([], {"the archive more than 1 entries": 1})
