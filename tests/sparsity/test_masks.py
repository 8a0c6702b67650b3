import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tidemill.core.errors import SettingError
from tidemill.sparsity.bimask import BiMask
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.transposable import transposable_mask


def drawn(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@st.composite
def patterns(draw: st.DrawFn) -> NMPattern:
    m = draw(st.integers(1, 32))
    return NMPattern(draw(st.integers(1, m)), m)


@settings(max_examples=60, deadline=None)
@given(patterns(), st.integers(1, 5), st.integers(1, 4), st.integers(0, 9))
@pytest.mark.claim("bdwp.masks.forward")
def test_every_group_keeps_exactly_n_and_they_are_the_largest(
    pattern: NMPattern, rows: int, groups: int, seed: int
) -> None:
    weight = drawn(rows, groups * pattern.m, seed)
    kept = magnitude_mask(weight, pattern).view(rows, groups, pattern.m)
    assert (kept.sum(dim=2) == pattern.n).all()
    sizes = weight.abs().view(rows, groups, pattern.m)
    least = sizes.masked_fill(~kept, torch.inf).amin(dim=2)
    assert (sizes.masked_fill(kept, -1.0).amax(dim=2) <= least).all()


@pytest.mark.claim("bdwp.masks.backward")
def test_along_rows_the_groups_run_down_the_columns() -> None:
    weight = drawn(16, 6)
    kept = magnitude_mask(weight, NMPattern(2, 8), along="rows")
    assert (kept.view(2, 8, 6).sum(dim=1) == 2).all()
    assert torch.equal(kept, magnitude_mask(weight.T.contiguous(), NMPattern(2, 8)).T)


@pytest.mark.claim("bdwp.masks.ties")
@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ([1.0, 1.0, 1.0, 1.0], [1, 1, 0, 0]),
        ([0.0, 0.0, 0.0, 0.0], [1, 1, 0, 0]),
        ([-2.0, 1.0, 2.0, 2.0], [1, 0, 1, 0]),
        ([0.0, -0.0, 1e-45, 0.0], [1, 0, 1, 0]),
        ([1.0, float("inf"), float("nan"), 2.0], [0, 1, 1, 0]),
        ([float("nan"), float("nan"), float("-inf"), float("nan")], [1, 1, 0, 0]),
    ],
)
def test_of_equals_the_first_stays_and_nan_is_largest(row: list[float], kept: list[int]) -> None:
    assert magnitude_mask(torch.tensor([row]), NMPattern(2, 4)).int().tolist() == [kept]


def test_a_pattern_that_does_not_divide_is_refused_with_the_remedy() -> None:
    with pytest.raises(SettingError, match=r"10 weights do not divide into groups of 8") as caught:
        magnitude_mask(drawn(2, 10), NMPattern(2, 8))
    assert "M divides 10" in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["1:2", "1:4", "2:4", "3:4", "2:8", "1:8", "4:8", "3:5"]), st.integers(0, 99)
)
def test_a_transposable_mask_holds_both_ways(text: str, seed: int) -> None:
    pattern = NMPattern.parse(text)
    weight = drawn(2 * pattern.m, 3 * pattern.m, seed)
    kept = transposable_mask(weight, pattern)
    assert (kept.view(-1, 3, pattern.m).sum(dim=2) == pattern.n).all()
    assert (kept.T.reshape(-1, 2, pattern.m).sum(dim=2) == pattern.n).all()


def test_a_transposable_mask_keeps_at_least_half_of_the_best() -> None:
    # One mask by magnitude along the columns is an upper bound: it is under fewer conditions.
    weight = drawn(64, 64)
    pattern = NMPattern(2, 4)
    kept = weight.abs()[transposable_mask(weight, pattern)].sum()
    assert kept >= 0.5 * weight.abs()[magnitude_mask(weight, pattern)].sum()


def test_bi_mask_stays_inside_the_forward_mask_and_permuting_loses_less() -> None:
    weight, pattern = drawn(32, 24), NMPattern(2, 8)
    forward = magnitude_mask(weight, pattern)
    plain = BiMask().mask(weight, forward, pattern, None)
    chance = torch.Generator().manual_seed(0)
    permuted = BiMask().mask(weight, forward, pattern, chance)
    assert not (permuted & ~forward).any()
    assert permuted.any()
    assert weight.abs()[permuted].sum() >= weight.abs()[plain].sum()


def test_bi_mask_keeps_its_permutation_until_it_is_due() -> None:
    weight, pattern = drawn(16, 8), NMPattern(2, 8)
    forward = magnitude_mask(weight, pattern)
    rule, chance = BiMask(tries=3, every=2), torch.Generator().manual_seed(0)
    first = rule.mask(weight, forward, pattern, chance)
    state = chance.get_state()
    assert torch.equal(rule.mask(weight, forward, pattern, chance), first)
    assert torch.equal(chance.get_state(), state)
    rule.mask(weight, forward, pattern, chance)
    assert not torch.equal(chance.get_state(), state)


def test_what_masks_keep_of_a_gaussian_is_what_the_paper_page_computed() -> None:
    # 2:8 of a 768 x 768 Gaussian: .664 of the energy forwards, .552 pruned twice; .677 are in both.
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((768, 768))).float()
    pattern = NMPattern(2, 8)
    forward = magnitude_mask(weight, pattern)
    backward = magnitude_mask(weight, pattern, along="rows")
    energy = weight.square().sum()
    assert weight[forward].square().sum() / energy == pytest.approx(0.664, abs=0.002)
    assert weight[forward & backward].square().sum() / energy == pytest.approx(0.552, abs=0.003)
    assert (forward & backward).sum() / forward.sum() == pytest.approx(0.677, abs=0.003)
