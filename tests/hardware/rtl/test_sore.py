import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("amaranth")

from tests.hardware.rtl.driving import driven
from tidemill.hardware.rtl.sore import Sore, SoreLane
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern

Halves = NDArray[np.uint16]
OUTPUTS = ("values", "indices", "mask", "done")

patterns = st.integers(1, 16).flatmap(lambda m: st.builds(NMPattern, st.integers(1, m), st.just(m)))
hard = st.sampled_from([0, 0x8000, 1, 0x8001, 0x3C00, 0xBC00, 0x7C00, 0xFC00, 0x7C01, 0xFE00])
numbers = st.one_of(hard, st.integers(0, 0xFFFF))


def widened(halves: Halves) -> torch.Tensor:
    """The same numbers in FP32, a NaN with its payload, which numpy's conversion may change."""
    singles = halves.view(np.float16).astype(np.float32).view(np.uint32)
    sign, fraction = (halves & np.uint32(0x8000)) << 16, (halves & np.uint32(0x3FF)) << 13
    is_top = halves & 0x7C00 == 0x7C00
    bits = np.where(is_top, sign | 0x7F800000 | fraction, singles).astype(np.uint32)
    return torch.from_numpy(bits.view(np.float32))


def expected_masks(groups: Halves, pattern: NMPattern) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = magnitude_mask(widened(groups), pattern).numpy()
    return mask


def places(packed: int, width: int, count: int) -> list[int]:
    return [packed >> width * number & ((1 << width) - 1) for number in range(count)]


def check(groups: Halves, pattern: NMPattern, valid: NDArray[np.bool_]) -> None:
    """Give a lane groups, with pauses where ``valid`` is low, and compare all it says.

    Args:
        groups: [groups, M].
        pattern: N:M.
        valid: For each clock; high as often as there are numbers.
    """
    given = np.full(len(valid), 0xFFFF, np.uint16)
    given[valid] = groups.reshape(-1)
    seen = driven(SoreLane(pattern), {"value": given, "valid": valid}, OUTPUTS)
    taken = np.cumsum(valid)
    is_last = valid & (taken % pattern.m == 0)
    assert seen["done"].tolist() == is_last.tolist()
    masks = expected_masks(groups, pattern)
    for group, mask, clock in zip(groups, masks, np.flatnonzero(is_last), strict=True):
        compare({name: int(found[clock]) for name, found in seen.items()}, group, mask)


def compare(seen: dict[str, int], group: Halves, mask: NDArray[np.bool_]) -> None:
    kept = np.flatnonzero(mask)
    bits = max(1, (len(group) - 1).bit_length())
    assert seen["mask"] == sum(1 << int(place) for place in kept)
    assert places(seen["indices"], bits, len(kept)) == kept.tolist()
    assert places(seen["values"], 16, len(kept)) == group[kept].tolist()


@pytest.mark.claim("bdwp.sat.sore")
@pytest.mark.slow
@given(data=st.data(), pattern=patterns, count=st.integers(1, 4))
@settings(max_examples=150)
def test_a_lane_keeps_what_the_magnitude_mask_does(
    data: st.DataObject, pattern: NMPattern, count: int
) -> None:
    total = count * pattern.m
    values = data.draw(st.lists(numbers, min_size=total, max_size=total))
    pauses = data.draw(st.lists(st.integers(0, 2), min_size=total, max_size=total))
    valid = np.array([high for pause in pauses for high in (*[False] * pause, True)])
    check(np.array(values, np.uint16).reshape(count, pattern.m), pattern, valid)


@pytest.mark.claim("bdwp.sat.sore")
@pytest.mark.parametrize("text", ["1:1", "2:2", "16:16", "1:2", "2:8", "7:8", "3:5", "4:32"])
def test_groups_follow_each_other_every_m_clocks(text: str) -> None:
    pattern = NMPattern.parse(text)
    groups = np.random.default_rng(4).integers(0, 1 << 16, (20, pattern.m), dtype=np.uint16)
    groups[::2] &= 0x8003
    check(groups, pattern, np.ones(groups.size, bool))


@pytest.mark.slow
def test_many_groups_of_2_of_8() -> None:
    groups = np.random.default_rng(5).integers(0, 1 << 16, (1_250, 8), dtype=np.uint16)
    groups[::3] &= 0x8001
    check(groups, NMPattern(2, 8), np.ones(groups.size, bool))


def test_other_widths_are_compared_in_full() -> None:
    numbers = np.array([0x3F800001, 0xBF800002, 0x3F800003, 0x80000000], np.uint32)
    lane = SoreLane(NMPattern(2, 4), width=32)
    seen = driven(lane, {"value": numbers, "valid": np.ones(4, bool)}, OUTPUTS)
    assert int(seen["mask"][3]) == 0b0110
    assert places(int(seen["values"][3]), 32, 2) == [0xBF800002, 0x3F800003]


def test_lanes_stand_side_by_side() -> None:
    pattern, lanes = NMPattern(2, 4), 3
    groups = np.random.default_rng(6).integers(0, 1 << 16, (lanes, 4), dtype=np.uint16)
    rows = [sum(int(row) << 16 * lane for lane, row in enumerate(column)) for column in groups.T]
    sore = Sore(pattern, lanes)
    given = {"value": np.array(rows, np.uint64), "valid": np.ones(4, bool)}
    seen = driven(sore, given, ("mask", "indices", "done"))
    masks = expected_masks(groups, pattern)
    assert seen["done"].tolist() == [0, 0, 0, 1]
    kept = [places(packed, 2, 2) for packed in places(int(seen["indices"][3]), 4, lanes)]
    assert kept == [np.flatnonzero(mask).tolist() for mask in masks]
    marks = places(int(seen["mask"][3]), 4, lanes)
    assert [places(packed, 1, 4) for packed in marks] == masks.astype(int).tolist()
