import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sparsity.test_masks import drawn, patterns
from tidemill.sparsity import kernels
from tidemill.sparsity.masks import Along, magnitude_mask
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.selection import chosen_mask


@settings(max_examples=60, deadline=None)
@given(patterns(), st.integers(1, 4), st.integers(1, 40), st.sampled_from(["columns", "rows"]))
@pytest.mark.claim("bdwp.masks.ties")
def test_kernels_choose_the_mask_that_torch_does(
    pattern: NMPattern, groups: int, others: int, along: Along
) -> None:
    # Few different values, so that most groups are full of equals.
    length = groups * pattern.m
    shape = (others, length) if along == "columns" else (length, others)
    weight = drawn(*shape).mul(2).round()
    wanted = magnitude_mask(weight, pattern, along=along)
    assert torch.equal(chosen_mask(weight, pattern, along=along), wanted)


def test_without_kernels_the_mask_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = chosen_mask(drawn(16, 16), NMPattern(2, 8))
    monkeypatch.setattr(kernels, "available", lambda: False)
    assert torch.equal(chosen_mask(drawn(16, 16), NMPattern(2, 8)), wanted)
