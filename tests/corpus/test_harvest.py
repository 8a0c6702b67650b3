"""Harvests: which files of a package give functions, and how that is kept."""

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import deb, python_module, tarred, wheel
from tests.corpus.test_fetch import PACKAGE
from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.harvest import Harvest, Source, harvest
from tidemill.corpus.keeping import keep, kept, place_of

ONE = python_module("orchard", ["apple", "fig"])


def paths(found: Harvest) -> list[str]:
    return [file.path for file in found.files]


def test_a_wheel_gives_its_own_functions(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "fruit/b.py": ONE,
        "fruit/a.py": python_module("garden", ["rose"]),
        "fruit/tests/test_a.py": ONE,
        "fruit/examples/a.py": ONE,
        "fruit/_vendor/other.py": ONE,
        "fruit/made_pb2.py": ONE,
        "fruit/noise.py": b"x = '\0\0'",
        "fruit/a.js": "function f() {\n  return 1;\n}\n",
        "fruit/empty.py": "",
    }
    archive = wheel(tmp_path, "fruit", files, licence="BSD-3-Clause")
    found = harvest(Source(archive=archive, name="fruit", language="python"), Settings())
    assert paths(found) == ["fruit/a.py", "fruit/b.py"]
    assert [f.name for f in found.files[1].functions] == ["apple_orchard", "fig_orchard"]
    assert found.files[1].functions[0].query == "Pick the ripe apple for the orchard of the day."
    assert found.licences == {"BSD-3-Clause"}
    assert found.left_out == {
        "test": 1,
        "sample": 1,
        "copy of another package": 1,
        "made by a program": 1,
        "not text": 1,
    }


def test_the_folder_of_the_version_is_taken_away(tmp_path: Path) -> None:
    files = {
        "fruit-1.0/src/a.py": ONE,
        "fruit-1.0/LICENSE": "Permission is hereby granted, free of charge",
    }
    archive = tarred(tmp_path / "p.tar.xz", files)
    source = Source(archive=archive, name="fruit", language="python", wrapped=True)
    found = harvest(source, Settings())
    assert (paths(found), set(found.licences)) == (["src/a.py"], {"MIT"})
    assert harvest(replace(source, only=("lib/",)), Settings()).files == ()
    assert paths(harvest(replace(source, only=("src/",)), Settings())) == ["src/a.py"]


@pytest.mark.parametrize(
    "folder",
    [
        "usr/share/gocode/src/",
        "usr/lib/ruby/vendor_ruby/",
        "usr/share/rubygems-integration/all/gems/fruit-1.0/",
        "usr/lib/x86_64-linux-gnu/rubygems-integration/3.1.0/gems/fruit-1.0/",
        "usr/share/php/",
        "usr/share/",
    ],
)
def test_the_places_of_debian_are_taken_away(tmp_path: Path, folder: str) -> None:
    files = {
        f"{folder}fruit/a.py": ONE,
        "usr/share/doc/python3-fruit/copyright": "Files: *\nLicense: Expat\n",
    }
    archive = deb(tmp_path / "p.deb", files)
    found = harvest(Source(archive=archive, name="fruit", language="python"), Settings())
    assert (paths(found), set(found.licences)) == (["fruit/a.py"], {"MIT"})


def test_harvests_are_kept(tmp_path: Path) -> None:
    archive = wheel(tmp_path, "fruit", {"fruit/a.py": ONE})
    found = harvest(Source(archive=archive, name="fruit", language="python"), Settings())
    place = place_of(PACKAGE, tmp_path, Settings())
    assert kept(place) is None
    keep(found, place)
    assert kept(place) == found
    for damage in (b"", place.read_bytes()[:-9], zlib.compress(b"{}"), zlib.compress(b"[1]")):
        place.write_bytes(damage)
        assert kept(place) is None


def test_the_place_is_named_by_all_that_matters(tmp_path: Path) -> None:
    plain = place_of(PACKAGE, tmp_path, Settings())
    others = {
        place_of(replace(PACKAGE, sha256="1" * 64), tmp_path, Settings()),
        place_of(replace(PACKAGE, language="go"), tmp_path, Settings()),
        place_of(replace(PACKAGE, only=("src/",)), tmp_path, Settings()),
        place_of(PACKAGE, tmp_path, replace(Settings(), max_file_bytes=9)),
    }
    assert len(others | {plain}) == 5
    assert place_of(replace(PACKAGE, split="test"), tmp_path, Settings()) == plain


def test_a_bad_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.whl").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(InputError, match="cannot be read"):
        harvest(Source(archive=tmp_path / "p.whl", name="fruit"), Settings())
