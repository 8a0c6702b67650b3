"""Sparse convolutions by kernels equal those of the masked weight, and so do their gradients."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from tests.sparsity.test_kernels import (
    DTYPES,
    ISAS,
    TWO_OF_EIGHT,
    assert_near,
    columns_form,
    needs_kernels,
    noise,
    patterns,
)
from tidemill.core.errors import InputError
from tidemill.sparsity import convolution, kernels
from tidemill.sparsity.convolution import (
    SparseConv2d,
    as_matrix,
    as_weight,
    kernels_pay,
    packed_conv2d,
    sparse_conv2d,
)
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.methods import METHODS
from tidemill.sparsity.operands import Operands
from tidemill.sparsity.packed_layers import PackedConv2d
from tidemill.sparsity.packing import pack_model
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity
from tidemill.sparsity.window import Window

SAME = Window(kernel=(3, 3), padding=(1, 1))
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, tuple[int, int]]:
    """Return a window and an image's size that it fits into."""
    window = Window(
        kernel=draw(pairs),
        stride=draw(pairs),
        padding=draw(st.tuples(st.integers(0, 4), st.integers(0, 4))),
        dilation=draw(pairs),
    )
    return window, (draw(sizes(window, 0)), draw(sizes(window, 1)))


def sizes(window: Window, side: int) -> st.SearchStrategy[int]:
    seen = window.dilation[side] * (window.kernel[side] - 1) + 1
    least = max(seen - 2 * window.padding[side], 1)
    return st.integers(least, least + 10)


def masked_weight(weight: Tensor, pattern: NMPattern) -> Tensor:
    """Return a weight without what N:M along the channels drops."""
    matrix = as_matrix(weight)
    return as_weight(matrix.masked_fill(~magnitude_mask(matrix, pattern), 0.0), weight)


def dense(x: Tensor, weight: Tensor, window: Window, bias: Tensor | None = None) -> Tensor:
    """Convolve exactly."""
    places = (window.stride, window.padding, window.dilation)
    own = bias.double() if bias is not None else None
    return functional.conv2d(x.double(), weight.to(x.dtype).double(), own, *places)


@needs_kernels
@settings(max_examples=80, deadline=None)
@given(
    pattern=patterns,
    counts=st.tuples(st.integers(1, 5), st.integers(1, 40), st.integers(0, 3)),
    seen=windows(),
    dtype=st.sampled_from(DTYPES),
    has_bias=st.booleans(),
    is_last=st.booleans(),
)
def test_convolved_is_the_convolution_of_the_masked_weight(
    *,
    pattern: tuple[int, int],
    counts: tuple[int, int, int],
    seen: tuple[Window, tuple[int, int]],
    dtype: torch.dtype,
    has_bias: bool,
    is_last: bool,
) -> None:
    chosen, (window, size), (groups, rows, batch) = NMPattern(*pattern), seen, counts
    weight = noise(rows, groups * chosen.m, *window.kernel)
    x = noise(batch, weight.shape[1], *size, seed=1).to(dtype)
    if is_last:
        x = x.contiguous(memory_format=torch.channels_last)
    bias = noise(rows, seed=2).to(dtype) if has_bias else None
    form = columns_form(as_matrix(weight).contiguous(), chosen, dtype)
    wanted = dense(x, masked_weight(weight, chosen), window, bias)
    for isa in ISAS:
        found = kernels.convolved(x, form, window, bias, isa=isa)
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert_near(found, wanted)


@needs_kernels
@pytest.mark.parametrize("threads", [1, 2])
def test_tiles_that_begin_within_a_line_and_end_in_another_image(threads: int) -> None:
    before = torch.get_num_threads()
    weight = noise(70, 104, 3, 3)
    form = columns_form(as_matrix(weight).contiguous(), TWO_OF_EIGHT)
    x = noise(3, 104, 7, 13, seed=1)
    torch.set_num_threads(threads)
    found = [kernels.convolved(x, form, SAME, isa=isa) for isa in ISAS]
    torch.set_num_threads(before)
    wanted = dense(x, masked_weight(weight, TWO_OF_EIGHT), SAME)
    for one in found:
        assert_near(one, wanted)


@needs_kernels
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_only_kept_weights_meet_pixels(isa: str, dtype: torch.dtype, bad: float) -> None:
    pattern = NMPattern(1, 3)  # an odd number kept in a block: bf16 pairs are filled up
    weight = noise(20, 15, 3, 3)
    form = columns_form(as_matrix(weight).contiguous(), pattern, dtype)
    x = noise(2, 15, 6, 7, seed=1).to(dtype)
    hit = torch.zeros(2, 15, 6, 7)
    for batch, channel, row, column in ((0, 0, 0, 0), (1, 7, 3, 2), (1, 14, 5, 6)):
        x[batch, channel, row, column] = bad
        hit[batch, channel, row, column] = 1
    found = kernels.convolved(x, form, SAME, isa=isa)
    reached = functional.conv2d(hit, (masked_weight(weight, pattern) != 0).float(), padding=1) > 0
    assert torch.equal(~found.isfinite(), reached)


@needs_kernels
def test_beyond_the_image_are_zeros_even_for_weights_that_are_none() -> None:
    weight = noise(5, 8, 3, 3)
    weight[2, 3, 0, 0] = torch.inf  # its product with zero is NaN, as in a dense convolution
    form = columns_form(as_matrix(weight).contiguous(), TWO_OF_EIGHT)
    x = noise(1, 8, 5, 5, seed=1)
    found = kernels.convolved(x, form, SAME)
    wanted = functional.conv2d(x, masked_weight(weight, TWO_OF_EIGHT), padding=1)
    assert torch.equal(found.isnan(), wanted.isnan())
    assert found[:, 2].isnan().sum() == 9


@needs_kernels
def test_a_window_turned_is_that_of_the_inputs_gradient() -> None:
    for padding in ((0, 0), (1, 2), (5, 4)):  # more than the kernel reaches: pixels are cut off
        window = Window(kernel=(3, 2), padding=padding, dilation=(2, 1))
        weight = noise(8, 16, 3, 2)
        x = noise(2, 16, 7, 9, seed=1).requires_grad_()
        found = functional.conv2d(x, weight, None, 1, padding, (2, 1))
        gradient = noise(*found.shape, seed=2)
        found.backward(gradient)  # type: ignore[no-untyped-call]
        turned = as_matrix(weight.flip(2, 3).transpose(0, 1)).contiguous()
        form = columns_form(turned, NMPattern(8, 8))
        assert x.grad is not None
        assert_near(kernels.convolved(gradient, form, window.turned()), x.grad.double())
    assert not Window(kernel=(3, 3), stride=(1, 2)).can_turn


@needs_kernels
def test_what_does_not_fit_is_named() -> None:
    form = columns_form(noise(5, 72), TWO_OF_EIGHT)
    with pytest.raises(InputError, match=r"\(1, 7, 4, 4\) .* kernel of 3 x 3 do not fit a form"):
        kernels.convolved(torch.zeros(1, 7, 4, 4), form, SAME)
    with pytest.raises(InputError, match="do not fit a form of 5 x 72"):
        kernels.convolved(torch.zeros(8, 4, 4), form, SAME)
    with pytest.raises(InputError, match="is smaller than"):
        kernels.convolved(torch.zeros(1, 8, 1, 4), form, Window(kernel=(3, 3)))
    with pytest.raises(InputError, match="the bias"):
        kernels.convolved(torch.zeros(1, 8, 4, 4), form, SAME, torch.zeros(4))


def layer_of(name: str, changes: dict[str, Any], *, with_kernels: bool) -> SparseConv2d:
    """Return a sparse convolution of 16 to 24 channels, by kernels wherever they can."""
    options = {"kernel_size": 3, "padding": 1} | changes
    net = nn.Sequential(nn.Conv2d(16, 24, **options))
    with torch.no_grad():
        for part in net.parameters():
            part.copy_(noise(*part.shape))
    chance = torch.Generator().manual_seed(7)
    interval = 2 if name == "bdwp" and changes.get("dilation") else 1
    spec = Sparsity(pattern=TWO_OF_EIGHT, method=name, mask_interval=interval)
    sparsifier = sparsify(net, spec, exempt=(), chance=chance)
    layer = sparsifier.layers["0"]
    assert isinstance(layer, SparseConv2d)
    if not with_kernels:
        layer.operands.pays = (False, False)
        sparsifier.make()
    return layer


def gradients(layer: SparseConv2d, x: Tensor) -> dict[str, Tensor]:
    """Return what a layer makes of some images, and all gradients."""
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    layer.zero_grad()
    found = layer(x)
    found.backward(noise(*found.shape, seed=3))
    assert layer.bias is not None
    grads = {"x": x.grad, "weight": layer.weight.grad, "bias": layer.bias.grad}
    return {"y": found.detach()} | {name: part for name, part in grads.items() if part is not None}


@needs_kernels
@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize(
    "changes",
    [{}, {"stride": 2}, {"padding": 3, "dilation": 2}, {"kernel_size": (1, 5), "padding": "same"}],
)
def test_a_layer_by_kernels_does_what_the_masked_dense_one_does(
    monkeypatch: pytest.MonkeyPatch, name: str, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr(convolution, "kernels_pay", lambda *_: True)
    native, plain = (layer_of(name, changes, with_kernels=way) for way in (True, False))
    stride = changes.get("stride", 1)
    if name == "bdwp":
        assert len(native.operands.forward) == 2
        assert len(native.operands.backward) == (2 if stride == 1 else 1)
        assert len(plain.operands.forward) == len(plain.operands.backward) == 1
    for memory_format in (torch.channels_last, torch.contiguous_format):
        x = noise(2, 16, 7, 6, seed=1).contiguous(memory_format=memory_format)
        found, wanted = gradients(native, x), gradients(plain, x)
        assert found.keys() == wanted.keys()
        for part, own in found.items():
            torch.testing.assert_close(own, wanted[part], rtol=1e-4, atol=1e-4)
        assert found["y"].stride() == wanted["y"].stride()


@needs_kernels
def test_what_both_operators_say_they_return_is_what_they_return() -> None:
    weight, x = noise(8, 8, 3, 3), noise(2, 8, 5, 4, seed=1)
    operands = Operands(spec=Sparsity(pattern=TWO_OF_EIGHT), places=9)
    operands.make(weight, as_matrix(weight))
    forward, backward = operands.forward, operands.backward
    tests = ("test_schema", "test_faketensor")
    for given_x in (x, x.contiguous(memory_format=torch.channels_last)):
        arguments = (given_x, weight, None, forward, backward, [1, 1, 1, 1, 1, 1], [2, 8], False)
        torch.library.opcheck(sparse_conv2d, arguments, test_utils=tests)
        window = [3, 3, 1, 1, 1, 1, 1, 1]
        torch.library.opcheck(
            packed_conv2d, (given_x, *forward, None, window, [8, 2, 8]), test_utils=tests
        )


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_empty_batch_and_every_kind_of_number(dtype: torch.dtype) -> None:
    net = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1)).to(dtype)
    wide = sparsify(net, Sparsity(pattern=TWO_OF_EIGHT), exempt=()).layers["0"]
    assert len(wide.operands.forward) == len(wide.operands.backward) == 2
    x = torch.zeros(0, 64, 4, 4, dtype=dtype, requires_grad=True)
    found = net(x)
    assert (found.shape, found.dtype) == ((0, 64, 4, 4), dtype)
    found.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == x.shape


@needs_kernels
def test_layers_for_which_kernels_do_not_pay_stay_masked_dense() -> None:
    def parts(text: str, channels: int, dtype: torch.dtype, stride: int = 1) -> tuple[int, int]:
        net = nn.Sequential(nn.Conv2d(channels, 64, 3, stride=stride))
        spec = Sparsity.parse(text)
        own = sparsify(net, spec, exempt=(), dtype=dtype).layers["0"].operands
        return len(own.forward), len(own.backward)

    assert parts("2:8", 64, torch.float32) == (2, 2)
    assert parts("2:8", 16, torch.float32) == (2, 1)
    assert parts("2:8", 64, torch.float32, stride=2) == (2, 1)
    assert parts("2:4", 64, torch.bfloat16) == (1, 1)


def test_the_rule_asks_for_outputs_and_few_weights() -> None:
    assert not kernels_pay(16, 0.25, torch.float32)
    assert kernels_pay(32, 0.25, torch.float32)
    assert not kernels_pay(32, 0.25, torch.bfloat16)
    assert not kernels_pay(4096, 0.5, torch.bfloat16)
    assert not kernels_pay(4096, 0.75, torch.float32)
    assert not kernels_pay(4096, 0.125, torch.float64)


@needs_kernels
@pytest.mark.parametrize("changes", [{}, {"stride": 2}, {"dilation": 2, "padding": 0}])
def test_a_packed_convolution_makes_no_patches(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    options = {"padding": 1} | changes
    net = nn.Sequential(nn.Conv2d(16, 24, 3, **options))
    sparsify(net, Sparsity(pattern=TWO_OF_EIGHT), exempt=())
    pack_model(net, dtype=torch.float32)
    x = noise(2, 16, 7, 6)
    with monkeypatch.context() as without:
        without.setattr(kernels, "available", lambda: False)
        wanted = net(x)
    monkeypatch.setattr(PackedConv2d, "_patches", None)
    torch.testing.assert_close(net(x), wanted, rtol=1e-5, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        assert net(x).dtype == torch.bfloat16
    with pytest.raises(InputError, match="a 2:8 form of 24 x 72 has 432 values"):
        net(noise(2, 8, 7, 6))
