import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.experts.drafts import edit_manifest, encoder_draft, packed, static_draft
from tidemill.core.errors import ExpertError, StoreError
from tidemill.experts.names import MANIFEST
from tidemill.experts.package import ExpertPackage, open_expert


@pytest.fixture
def package(tmp_path: Path) -> ExpertPackage:
    return packed(tmp_path)


def test_a_package_is_opened(package: ExpertPackage) -> None:
    found = open_expert(package.folder)
    assert found.name == "search-tiny"
    assert found.config == {"model_type": "static", "size": 3}
    assert found.manifest.languages == ("go", "python")
    assert (found.parameters, found.tokenizer) == (18, None)
    assert found.file("notes.txt").read_text() == "written by hand\n"
    assert found.card.startswith("---\n")
    assert "A small one." in found.card
    assert found.bytes_on_disk == sum(path.stat().st_size for path in package.folder.iterdir())
    assert np.array_equal(found.tensors["table"].to_float32(), static_draft().tensors["table"])


def test_the_tokenizer_is_found(tmp_path: Path) -> None:
    package = packed(tmp_path, encoder_draft())
    assert package.tokenizer == package.folder / "tokenizer.json"


def test_a_file_that_it_has_not_is_named(package: ExpertPackage) -> None:
    with pytest.raises(ExpertError, match=r"has no file '\.\./x'"):
        package.file("../x")


def test_a_folder_through_a_link_is_opened_but_no_link_inside(
    package: ExpertPackage, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(package.folder)
    assert open_expert(tmp_path / "link").name == package.name
    (tmp_path / "card").write_bytes((package.folder / "README.md").read_bytes())
    (package.folder / "README.md").unlink()
    (package.folder / "README.md").symlink_to(tmp_path / "card")
    with pytest.raises(ExpertError, match=r"'README\.md' is a link"):
        open_expert(package.folder)


@pytest.mark.claim("house.experts.strict")
def test_a_file_that_the_manifest_does_not_name_is_refused(package: ExpertPackage) -> None:
    (package.folder / "more.json").write_text("{}")
    with pytest.raises(ExpertError, match=r"does not name the file 'more\.json'"):
        open_expert(package.folder)


@pytest.mark.claim("house.experts.strict")
@pytest.mark.parametrize("name", ["README.md", "config.json", "model.safetensors", "notes.txt"])
def test_a_missing_file_is_refused(package: ExpertPackage, name: str) -> None:
    (package.folder / name).unlink()
    with pytest.raises(ExpertError, match=f"{name} is missing"):
        open_expert(package.folder)


def test_a_folder_without_a_manifest_is_no_expert(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match=r"expert\.json is missing"):
        open_expert(tmp_path)
    with pytest.raises(StoreError, match="cannot list"):
        open_expert(tmp_path / "nowhere")


@pytest.mark.claim("house.experts.strict")
@pytest.mark.parametrize("share", [0, 1, 50, 99])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "notes.txt"])
def test_a_file_that_is_cut_off_is_refused(package: ExpertPackage, name: str, share: int) -> None:
    path = package.folder / name
    size = path.stat().st_size
    os.truncate(path, size * share // 100)
    with pytest.raises(ExpertError, match=f"{name} has .* bytes"):
        open_expert(package.folder)


@pytest.mark.parametrize("name", ["config.json", "README.md"])
def test_what_is_read_whole_is_hashed_on_the_way(package: ExpertPackage, name: str) -> None:
    path = package.folder / name
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ExpertError, match=f"{name} has another hash"):
        open_expert(package.folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, "version 2"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"licence": "-"}, "the field licence is missing"),
        ({"name": "clones-tiny"}, "call it search-<scope>"),
    ],
)
def test_a_strange_manifest_is_refused(
    package: ExpertPackage, changes: dict[str, Any], reason: str
) -> None:
    edit_manifest(package, **changes)
    with pytest.raises(ExpertError, match=re.escape(reason)):
        open_expert(package.folder)


def test_a_manifest_without_end_is_refused(package: ExpertPackage) -> None:
    (package.folder / MANIFEST).write_bytes(b" " * (2 << 20))
    with pytest.raises(ExpertError, match="larger than 1,048,576 bytes"):
        open_expert(package.folder)


@pytest.mark.claim("house.experts.seals")
def test_a_change_after_opening_is_noticed_without_reading(package: ExpertPackage) -> None:
    package.check_unchanged()
    weights = package.folder / "model.safetensors"
    before = weights.stat()
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ExpertError, match=r"model\.safetensors was changed"):
        package.check_unchanged()
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    package.check_unchanged()  # what size, time and inode cannot tell
    copy = package.folder.parent / "copy"
    shutil.copy2(weights, copy)
    copy.replace(weights)
    with pytest.raises(ExpertError, match=r"model\.safetensors was changed"):
        package.check_unchanged()


@pytest.mark.parametrize("change", ["add", "remove"])
def test_a_file_more_or_less_is_a_change(package: ExpertPackage, change: str) -> None:
    if change == "add":
        (package.folder / "more.txt").touch()
    else:
        (package.folder / "notes.txt").unlink()
    with pytest.raises(ExpertError, match="was changed after the expert was opened"):
        package.check_unchanged()
