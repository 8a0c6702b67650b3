"""Native products with sparse weights equal the masked dense product, on every instruction set."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tidemill.core.errors import InputError, SettingError
from tidemill.sparsity import kernels
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import PackedWeight, packed
from tidemill.sparsity.pattern import NMPattern

needs_kernels = pytest.mark.skipif(
    not kernels.available(), reason=f"no native kernels: {kernels.why_not()}"
)
ISAS = kernels.isas()
TWO_OF_EIGHT = NMPattern(2, 8)
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
DTYPES = tuple(TOLERANCE)
USUAL = ((2, 8), (2, 4), (1, 8), (1, 4), (1, 1), (5, 5), (3, 7), (7, 32), (1, 3), (32, 32))

patterns = st.sampled_from(USUAL) | st.integers(1, 32).flatmap(
    lambda m: st.tuples(st.integers(1, m), st.just(m))
)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Products of one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Return normal noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def columns_form(weight: Tensor, pattern: NMPattern, dtype: torch.dtype = torch.float32) -> Form:
    """Make the form of a forward product."""
    return kernels.made(weight, pattern, along="columns", dtype=dtype)


def dense(x: Tensor, weight: Tensor, pattern: NMPattern, bias: Tensor | None = None) -> Tensor:
    """Multiply with the masked weight, exactly."""
    kept = weight.to(x.dtype).double() * magnitude_mask(weight, pattern)
    found = x.double() @ kept.T
    return found if bias is None else found + bias.double()


def assert_near(found: Tensor, wanted: Tensor) -> None:
    """Compare relative to the largest number."""
    assert found.shape == wanted.shape
    scale = wanted.abs().max().clamp_min(1e-30) if wanted.numel() else 1.0
    error = (found.double() - wanted).abs() / scale
    assert error.numel() == 0 or error.max() < TOLERANCE[found.dtype]


@pytest.mark.claim("bdwp.kernels.exact")
@needs_kernels
@settings(max_examples=60)
@given(
    pattern=patterns,
    groups=st.integers(1, 40),
    rows=st.integers(1, 150),
    tokens=st.sampled_from((1, 2, 4, 5, 8, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100, 130)),
    dtype=st.sampled_from(DTYPES),
    has_bias=st.booleans(),
)
def test_product_is_that_of_the_masked_weight(
    *,
    pattern: tuple[int, int],
    groups: int,
    rows: int,
    tokens: int,
    dtype: torch.dtype,
    has_bias: bool,
) -> None:
    chosen = NMPattern(*pattern)
    weight = noise(rows, groups * chosen.m)
    x = noise(tokens, weight.shape[1], seed=1).to(dtype)
    bias = noise(rows, seed=2).to(dtype) if has_bias else None
    form = columns_form(weight, chosen, dtype)
    for isa in ISAS:
        assert_near(kernels.product(x, form, bias, isa=isa), dense(x, weight, chosen, bias))


@pytest.mark.claim("bdwp.kernels.exact")
@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_large_products_are_cut_into_tasks(dtype: torch.dtype, threads: int) -> None:
    before = torch.get_num_threads()
    weight, x = noise(2100, 248), noise(130, 248, seed=1).to(dtype)
    form = columns_form(weight, TWO_OF_EIGHT, dtype)
    wanted = dense(x, weight, TWO_OF_EIGHT)
    torch.set_num_threads(threads)
    found = [kernels.product(x, form, isa=isa) for isa in ISAS]
    torch.set_num_threads(before)
    for one in found:
        assert_near(one, wanted)


@pytest.mark.claim("bdwp.masks.forward", "bdwp.masks.backward")
@needs_kernels
@settings(max_examples=60)
@given(
    pattern=patterns,
    groups=st.integers(1, 30),
    rows=st.integers(1, 70),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_made_keeps_the_largest_in_both_directions(
    *, pattern: tuple[int, int], groups: int, rows: int, dtype: torch.dtype, seed: int
) -> None:
    chosen = NMPattern(*pattern)
    # Few distinct magnitudes: most groups hold ties.
    weight = (noise(rows, groups * chosen.m, seed=seed) * 2).round()
    along = kernels.made(weight, chosen, along="columns", dtype=dtype)
    turned = kernels.made(weight.T.contiguous(), chosen, along="rows", dtype=dtype)
    wanted = magnitude_mask(weight, chosen)
    assert torch.equal(kernels.marked(along), wanted)
    assert torch.equal(kernels.pruned(weight, along), torch.where(wanted, weight, 0.0))
    expanded = kernels.expanded(packed(weight, wanted, chosen), dtype=dtype)
    for form in (turned, expanded):
        assert torch.equal(form.values, along.values)
        assert torch.equal(form.offsets, along.offsets)


@needs_kernels
@settings(max_examples=40, deadline=None)
@given(
    pattern=patterns,
    groups=st.integers(1, 40),
    rows=st.integers(1, 70),
    dtype=st.sampled_from(DTYPES),
    along=st.sampled_from(["columns", "rows"]),
    seed=st.integers(0, 99),
)
def test_every_instruction_set_makes_the_same_form(
    *,
    pattern: tuple[int, int],
    groups: int,
    rows: int,
    dtype: torch.dtype,
    along: Literal["columns", "rows"],
    seed: int,
) -> None:
    chosen = NMPattern(*pattern)
    weight = noise(rows, groups * chosen.m, seed=seed)
    weight.view(-1)[:4] = torch.tensor([torch.nan, torch.inf, -1e-42, -0.0])[: weight.numel()]
    weight = weight.T.contiguous() if along == "rows" else weight
    first, *others = (
        kernels.made(weight, chosen, along=along, dtype=dtype, isa=isa) for isa in ISAS
    )
    for form in others:
        assert torch.equal(form.values.view(torch.uint8), first.values.view(torch.uint8))
        assert torch.equal(form.offsets, first.offsets)


@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
def test_entries_stand_by_rising_index(isa: str) -> None:
    weight = torch.tensor([[5.0, -7.0, 1.0, 6.0, 0.0, 0.0, -0.0, 3.0]])
    form = columns_form(weight, NMPattern(2, 4))
    assert form.values.tolist() == [-7.0, 6.0, 0.0, 3.0]
    assert columns_form(-weight, NMPattern(2, 4)).values.signbit().tolist() == [0, 1, 1, 1]
    assert form.offsets.tolist() == [256 * place for place in (1, 3, 4, 7)]
    assert kernels.product(torch.eye(8), form, isa=isa).flatten().tolist() == [
        0, -7, 0, 6, 0, 0, 0, 3,
    ]  # fmt: skip


@pytest.mark.claim("bdwp.masks.ties")
@needs_kernels
def test_nan_is_largest_and_denormals_count() -> None:
    tiny = 1e-45
    weight = torch.tensor([[1.0, torch.inf, torch.nan, 2.0], [0.0, tiny, 0.0, -2 * tiny]])
    mask = kernels.marked(columns_form(weight, NMPattern(2, 4)))
    assert mask.tolist() == [[False, True, True, False], [False, True, False, True]]


@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
def test_denormal_weights_multiply(isa: str) -> None:
    weight = torch.tensor([[0.0, 1e-40, 0.0, 0.0]])
    found = kernels.product(
        torch.tensor([[0.0, 1e30, 0.0, 0.0]]), columns_form(weight, NMPattern(1, 4)), isa=isa
    )
    assert found.item() == pytest.approx(1e-10, rel=1e-4)


@pytest.mark.claim("bdwp.step.finite")
@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tokens", [1, 5, 20, 70])
def test_only_kept_weights_meet_activations(isa: str, dtype: torch.dtype, tokens: int) -> None:
    pattern = NMPattern(1, 3)  # an odd number kept in a block: bf16 pairs are filled up
    weight = noise(37, 3 * 41)
    kept = magnitude_mask(weight, pattern)
    form = columns_form(weight, pattern, dtype)
    for column in (0, 60, 122):
        for bad in (torch.nan, torch.inf):
            x = noise(tokens, 3 * 41, seed=1).to(dtype)
            x[tokens // 2, column] = bad
            found = kernels.product(x, form, isa=isa)
            hit = torch.zeros_like(found, dtype=torch.bool)
            hit[tokens // 2] = kept[:, column]
            assert torch.equal(~found.isfinite(), hit)


@pytest.mark.claim("bdwp.step.finite")
@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_kept_nan_spreads_along_its_row_alone(isa: str, dtype: torch.dtype) -> None:
    weight = noise(20, 64)
    weight[7, 11] = torch.nan
    form = columns_form(weight, TWO_OF_EIGHT, dtype)
    found = kernels.product(noise(70, 64, seed=1).to(dtype), form, isa=isa)
    assert found[:, 7].isnan().all()
    assert found.isnan().sum() == 70


@pytest.mark.claim("bdwp.kernels.exact")
@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_of_activations(dtype: torch.dtype) -> None:
    weight = noise(24, 40)
    form = columns_form(weight, TWO_OF_EIGHT, dtype)
    wide = noise(2, 9, 100, seed=1).to(dtype)
    for x in (
        wide[0, :, 8:48],  # a row stride
        wide[:, :, :40],  # more dimensions
        wide.transpose(0, 2)[:40].transpose(0, 2),  # no unit inner stride
        wide[0, 0, :40],  # one dimension
        wide[0, :1, :40].expand(5, 40),  # a row stride of zero
    ):
        found = kernels.product(x, form)
        assert found.is_contiguous()
        wanted = dense(x.reshape(-1, 40), weight, TWO_OF_EIGHT).view(*x.shape[:-1], 24)
        assert_near(found, wanted)


@needs_kernels
@pytest.mark.parametrize("shape", [(0, 16), (3, 0, 16)])
def test_no_tokens(shape: tuple[int, ...]) -> None:
    form = columns_form(noise(5, 16), TWO_OF_EIGHT)
    assert kernels.product(torch.empty(shape), form).shape == (*shape[:-1], 5)


@needs_kernels
@pytest.mark.usefixtures("one_thread")
def test_a_token_is_the_same_among_others() -> None:
    form = columns_form(noise(50, 200), TWO_OF_EIGHT)
    x = noise(131, 200, seed=1)
    for isa in ISAS:
        whole = kernels.product(x, form, isa=isa)
        for tokens in (2, 3, 7, 16, 40, 65):
            assert torch.equal(kernels.product(x[:tokens], form, isa=isa), whole[:tokens])


@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_expanded_reads_every_type(dtype: torch.dtype, n: int, isa: str) -> None:
    weight = noise(9, 400) * 1e-4  # half floats of it are denormal
    pattern = NMPattern(n, 8)
    small = packed(weight.to(dtype), magnitude_mask(weight, pattern), pattern)
    form = kernels.expanded(small, dtype=torch.float32, isa=isa)
    found = kernels.product(torch.eye(400), form).T
    assert torch.equal(found, small.to_dense().float())
    assert form.bytes_held == 9 * pattern.kept(400) * 6


@needs_kernels
@settings(max_examples=60, deadline=None)
@given(
    pattern=patterns,
    groups=st.integers(1, 60),
    rows=st.integers(1, 70),
    stored=st.sampled_from((torch.float32, torch.bfloat16, torch.float16)),
    dtype=st.sampled_from(DTYPES),
)
def test_every_instruction_set_expands_alike(
    *,
    pattern: tuple[int, int],
    groups: int,
    rows: int,
    stored: torch.dtype,
    dtype: torch.dtype,
) -> None:
    chosen = NMPattern(*pattern)
    weight = noise(rows, groups * chosen.m)
    odd = torch.tensor([torch.nan, torch.inf, -6e-8, -0.0, 65504.0, 1e-5])
    weight.view(-1)[:6] = odd[: weight.numel()]
    small = packed(weight.to(stored), magnitude_mask(weight, chosen), chosen)
    first, *others = (kernels.expanded(small, dtype=dtype, isa=isa) for isa in ISAS)
    columns = small.columns_kept()
    assert torch.equal(kernels.marked(first).nonzero()[:, 1].view(columns.shape), columns)
    for form in others:
        assert torch.equal(form.values.view(torch.uint8), first.values.view(torch.uint8))
        assert torch.equal(form.offsets, first.offsets)


@needs_kernels
def test_made_into_the_same_memory() -> None:
    first = columns_form(noise(12, 32), TWO_OF_EIGHT)
    weight = noise(12, 32, seed=3)
    again = kernels.made(weight, TWO_OF_EIGHT, along="columns", into=first)
    assert again is first
    assert torch.equal(again.values, columns_form(weight, TWO_OF_EIGHT).values)


@needs_kernels
def test_bfloat16_values_are_rounded_as_torch_rounds() -> None:
    weight = noise(8, 64)
    weight[0, :3] = torch.tensor([torch.inf, torch.nan, 1e-45])
    form = columns_form(weight, NMPattern(8, 8), torch.bfloat16)
    assert torch.equal(form.values.isnan(), weight.bfloat16().isnan().flatten())
    assert torch.equal(form.values.nan_to_num(), weight.bfloat16().flatten().nan_to_num())


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", [(2, 8), (3, 7), (1, 32), (4, 4)])
def test_decayed_moves_dropped_weights_alone(pattern: tuple[int, int], dtype: torch.dtype) -> None:
    chosen = NMPattern(*pattern)
    grad, weight = noise(131, 31 * chosen.m), noise(131, 31 * chosen.m, seed=1)
    weight[0, 0] = torch.nan
    wanted = torch.where(magnitude_mask(weight, chosen), grad, grad + 0.1 * weight)
    kernels.decayed(grad, weight, columns_form(weight, chosen, dtype), 0.1)
    assert torch.allclose(grad, wanted)


@needs_kernels
def test_a_damaged_form_marks_and_decays_nothing_beyond_its_rows() -> None:
    form = columns_form(noise(3, 16), TWO_OF_EIGHT)
    form.offsets.fill_(-1)
    whole = torch.zeros(5, 16)
    kernels.decayed(whole[1:4], torch.ones(3, 16), form, 1.0)
    assert whole.tolist() == [[0.0] * 16, *([[1.0] * 15 + [0.0]] * 3), [0.0] * 16]
    assert kernels.marked(form).sum() == 3


@needs_kernels
def test_what_does_not_fit_is_named() -> None:
    form = columns_form(noise(5, 16), TWO_OF_EIGHT)
    with pytest.raises(InputError, match=r"\(3, 15\) torch.float32 do not fit a form of 5 x 16"):
        kernels.product(torch.zeros(3, 15), form)
    with pytest.raises(InputError, match=r"torch.float64 do not fit"):
        kernels.product(torch.zeros(3, 16, dtype=torch.float64), form)
    with pytest.raises(InputError, match=r"the bias \(4,\) torch.float32 is not"):
        kernels.product(torch.zeros(3, 16), form, torch.zeros(4))
    with pytest.raises(InputError, match="no kernels for 'mmx' here"):
        kernels.product(torch.zeros(3, 16), form, isa="mmx")
    with pytest.raises(InputError, match="the gradient"):
        kernels.decayed(noise(5, 15), noise(5, 16), form, 0.1)
    with pytest.raises(InputError, match=r"a 2:8 form of 5 x 16 torch.float32 cannot hold"):
        kernels.made(noise(5, 24), TWO_OF_EIGHT, along="columns", into=form)
    with pytest.raises(InputError, match=r"float32 or bfloat16, not torch.float16"):
        columns_form(noise(5, 16), TWO_OF_EIGHT, torch.float16)
    with pytest.raises(InputError, match="the weight"):
        columns_form(noise(5, 16).T, TWO_OF_EIGHT)
    with pytest.raises(SettingError, match="do not divide into groups of 8"):
        columns_form(noise(5, 15), TWO_OF_EIGHT)
    with pytest.raises(
        InputError, match="a 2:8 form of 5 x 24 has 30 values and offsets, not 20 and 20"
    ):
        kernels.product(
            torch.zeros(3, 24),
            Form(
                pattern=TWO_OF_EIGHT, rows=5, columns=24, values=form.values, offsets=form.offsets
            ),
        )


@pytest.mark.slow
def test_switched_off_everything_says_so() -> None:
    code = (
        "import torch\n"
        "from tidemill.core.errors import TidemillError\n"
        "from tidemill.sparsity import kernels\n"
        "from tidemill.sparsity.pattern import NMPattern\n"
        "print(kernels.available(), kernels.why_not(), kernels.isas())\n"
        "try:\n"
        "    kernels.made(torch.zeros(8, 8), NMPattern(2, 8), along='columns')\n"
        "except TidemillError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TIDEMILL_NATIVE": "off"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("False off ()\nthere are no native kernels: off\n")


@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
def test_a_damaged_index_reads_nothing_outside_its_tile(isa: str) -> None:
    # 3 bits can say 7, and a group of 5 has no such place: the last one is taken.
    weight = PackedWeight(
        pattern=NMPattern(1, 5),
        rows=2,
        columns=10,
        values=torch.ones(2, 2),
        indices=torch.full((2,), 255, dtype=torch.uint8),
    )
    form = kernels.expanded(weight, dtype=torch.float32, isa=isa)
    x = torch.arange(10.0)[None]
    assert kernels.product(x, form).tolist() == [[13.0, 13.0]]
