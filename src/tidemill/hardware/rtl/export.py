"""A folder of Verilog for other tools."""

from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.files import named_failures, write_output
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.testbench import EXPECTED, STIMULUS, TESTBENCH
from tidemill.hardware.rtl.verilog import exported

__all__ = ["export_rtl"]

READABLE = 0o644


def export_rtl(
    design: RtlDesign, folder: Path, *, with_testbench: bool | None = None, force: bool = False
) -> list[Path]:
    """Write the hardware into a folder.

    Args:
        design: Its parameters.
        folder: Is made where it is not there.
        with_testbench: Whether to make one; by default for arrays of up to 64 elements.
        force: Whether the folder may hold something; files of the same names are replaced, and
            another design's testbench goes.

    Returns:
        The files, in order of their names.

    Raises:
        CapacityError: The disk is full.
        InputError: The folder is a file.
        MissingExtraError: There is no Yosys that Amaranth could write Verilog with.
        SettingError: The folder is not empty.
        StoreError: It cannot be written.
    """
    _check(folder, force=force)
    files = exported(design, with_testbench=with_testbench)
    with named_failures(folder, doing="make the folder"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in {TESTBENCH, STIMULUS, EXPECTED} - set(files):
            (folder / name).unlink(missing_ok=True)
    paths = []
    for name in sorted(files):
        paths.append(folder / name)
        write_output(folder / name, files[name].encode(), mode=READABLE)
    return paths


def _check(folder: Path, *, force: bool) -> None:
    with named_failures(folder, doing="look into"):
        if folder.exists() and not folder.is_dir():
            raise InputError(
                "this is no folder", path=str(folder), hint="Name a new folder, or an empty one."
            )
        is_empty = not folder.exists() or next(folder.iterdir(), None) is None
    if not (is_empty or force):
        raise SettingError(
            f"{folder} is not empty",
            hint="Choose another folder, or say that files there may be replaced (force).",
        )
