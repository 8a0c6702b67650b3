"""The flags that Linux lists, on both kinds of processors."""

from pathlib import Path

import pytest

from tidemill.core.processor import processor_flags

X86 = "processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\nCPU part\t: 0xd0c\n"


@pytest.mark.parametrize(
    ("listed", "flags"),
    [(X86, {"fpu", "avx2", "amx_bf16"}), (ARM, {"fp", "asimd", "bf16"}), ("", set())],
)
def test_flags_are_those_of_the_first_processor(
    tmp_path: Path, listed: str, flags: set[str]
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(listed)
    assert processor_flags(path) == flags


def test_where_there_is_no_list_nothing_is_known(tmp_path: Path) -> None:
    assert processor_flags(tmp_path / "none") == frozenset()
