"""Which code is read, and what it says of its licence."""

import os
import sysconfig
from pathlib import Path

import pytest

from tests.tasks.sprouting.code import shelf
from tidemill.core.errors import InputError
from tidemill.tasks.sprouting.sources import digest_of, interpreter_folders, sources_in


def installed(place: Path, name: str, licence: str) -> None:
    folder = place / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\nLicense-Expression: {licence}\n")
    (folder / "RECORD").write_text(f"{name}/low.py,,\n{name}-1.0.dist-info/METADATA,,\n")


def test_of_a_shelf_each_package_is_a_source(tmp_path: Path) -> None:
    place = shelf(tmp_path, ("orchard", "harbour"))
    installed(place, "orchard", "MIT")
    installed(place, "harbour", "GPL-3.0-only")
    (place / "alone.py").write_text("x = 1\n")
    (place / "notes.txt").write_text("x")
    for left_out in ("tests", "vendor", "__pycache__", "some.libs"):
        (place / left_out).mkdir()
    (place / "linked").symlink_to(place / "orchard")
    found = {source.name: source for source in sources_in([place])}
    assert sorted(found) == [("alone.py",), ("harbour",), ("orchard",)]
    assert found["orchard",].licences == {"MIT"}
    assert found["harbour",].licences == {"GPL"}
    assert not found["alone.py",].licences


def test_any_other_folder_is_one_source_and_named_once(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (source,) = sources_in([project, project, tmp_path / "project"])
    assert (source.name, source.place) == (("project",), project)
    assert not source.licences


def test_the_interpreters_own_code_is_at_hand() -> None:
    folders = interpreter_folders()
    assert Path(sysconfig.get_paths()["stdlib"]) in folders
    named = {source.name for source in sources_in(folders[:1])}
    assert {("stdlib", "json"), ("stdlib", "argparse.py")} <= named
    assert not {("stdlib", "test"), ("stdlib", "site-packages")} & named


@pytest.mark.parametrize("name", ["nowhere", "file.py"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.py").write_text("x = 1\n")
    with pytest.raises(InputError):
        sources_in([tmp_path / name])


def test_a_digest_changes_with_what_could_be_read(tmp_path: Path) -> None:
    (source,) = sources_in([shelf(tmp_path, ("orchard",))])
    first = digest_of(source)
    (source.place / "notes.txt").write_text("no code")
    assert digest_of(source) == first
    path = source.place / "low.py"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    second = digest_of(source)
    (source.place / "more.py").write_text("x = 1\n")
    assert len({first, second, digest_of(source)}) == 3
