"""Runs choose the numbers that the device is quick at."""

import pytest
import torch

from tidemill.training.precision import is_bf16
from tidemill.training.recipe import Precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("wanted", "flags", "expected"),
    [
        ("auto", {"avx512f", "avx512_bf16"}, True),
        ("auto", {"amx_bf16"}, True),
        ("auto", {"asimd", "bf16"}, True),
        ("auto", {"avx2", "avx512f"}, False),
        ("auto", set(), False),
        ("bf16", set(), True),
        ("fp32", {"amx_bf16"}, False),
    ],
)
def test_a_wish_is_kept_and_otherwise_the_processor_decides(
    wanted: Precision, flags: set[str], expected: bool
) -> None:
    assert is_bf16(wanted, CPU, frozenset(flags)) is expected
