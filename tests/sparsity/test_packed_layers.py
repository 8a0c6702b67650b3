from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.sparsity.test_masks import drawn
from tests.sparsity.test_methods import filled
from tidemill.core.errors import ExpertError, InputError, SettingError
from tidemill.sparsity import kernels
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import PackedWeight, packed
from tidemill.sparsity.packed_layers import PackedConv2d, PackedLinear, joined, packed_product
from tidemill.sparsity.packing import finished_weight, pack_model
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity

PATTERN = NMPattern(2, 8)
BDWP = Sparsity(pattern=PATTERN)
needs_kernels = pytest.mark.skipif(not kernels.available(), reason="kernels are not built")


def weight_of(rows: int, columns: int, seed: int = 0) -> PackedWeight:
    weight = drawn(rows, columns, seed)
    return packed(weight, magnitude_mask(weight, PATTERN), PATTERN)


def test_a_packed_model_answers_as_the_sparse_one_did() -> None:
    net = filled(nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8)), 0)
    sparsify(net, BDWP, exempt=())
    wanted = net(drawn(5, 16)).detach()
    weights = pack_model(net, dtype=torch.float32)
    assert sorted(weights) == ["0", "2"]
    assert isinstance(net.get_submodule("0"), PackedLinear)
    assert not any(part.shape == (24, 16) for part in [*net.parameters(), *net.buffers()])
    torch.testing.assert_close(net(drawn(5, 16)), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("places", [{}, {"stride": 2, "padding": 1}, {"padding": "same"}])
def test_a_packed_convolution_answers_as_the_sparse_one_did(places: dict[str, int]) -> None:
    net = filled(nn.Sequential(nn.Conv2d(16, 8, (3, 5), **places)), 0)  # type: ignore[arg-type]
    sparsify(net, BDWP, exempt=())
    x = torch.randn(2, 16, 9, 8, generator=torch.Generator().manual_seed(0))
    wanted = net(x).detach()
    pack_model(net, dtype=torch.float32)
    assert isinstance(net.get_submodule("0"), PackedConv2d)
    torch.testing.assert_close(net(x), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.claim("bdwp.packed")
def test_without_kernels_no_whole_matrix_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "available", lambda: False)
    weight = weight_of(600, 16)
    monkeypatch.setattr(PackedWeight, "to_dense", None)
    x, bias = drawn(3, 16), drawn(1, 600)[0]
    found = packed_product(x, weight, bias, FormCache())
    dense = torch.zeros(600, 16).scatter_(1, weight.columns_kept(), weight.values)
    torch.testing.assert_close(found, functional.linear(x, dense, bias), rtol=1e-5, atol=1e-5)


@pytest.mark.claim("bdwp.step.finite")
def test_without_kernels_what_is_no_number_spreads_through_kept_weights_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "available", lambda: False)
    weight = weight_of(40, 16)
    x = drawn(4, 16)
    x[0, 3], x[1, 5], x[2, 5], x[2, 7] = torch.nan, torch.inf, -torch.inf, torch.inf
    found = packed_product(x, weight, None, FormCache())
    wanted = torch.stack(
        [(x[:, columns] * values).sum(dim=1) for columns, values in rows_of(weight)], dim=1
    )
    assert torch.equal(found.isnan(), wanted.isnan())
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5, equal_nan=True)
    assert found[0].isfinite().any()


def rows_of(weight: PackedWeight) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(weight.columns_kept(), weight.values, strict=True))


def test_joined_layers_give_what_they_gave_one_by_one() -> None:
    forms = FormCache()
    layers = [
        PackedLinear(weight_of(rows, 16, seed), drawn(1, rows, seed)[0], forms)
        for seed, rows in enumerate((8, 16, 8))
    ]
    x = drawn(5, 16, 9)
    wanted = torch.cat([layer(x) for layer in layers], dim=-1)
    torch.testing.assert_close(joined(layers)(x), wanted, rtol=1e-5, atol=1e-5)


def test_layers_without_biases_are_joined() -> None:
    layers = [PackedLinear(weight_of(8, 16, seed), None, FormCache()) for seed in range(2)]
    x = drawn(5, 16, 9)
    wanted = torch.cat([layer(x) for layer in layers], dim=-1)
    torch.testing.assert_close(joined(layers)(x), wanted, rtol=1e-5, atol=1e-5)


def test_layers_whose_indices_end_within_a_byte_are_joined() -> None:
    pattern = NMPattern(1, 3)
    weights = [drawn(3, 9, seed) for seed in range(2)]
    layers = [
        PackedLinear(packed(part, magnitude_mask(part, pattern), pattern), None, FormCache())
        for part in weights
    ]
    x = drawn(5, 9, 9)
    wanted = torch.cat([layer(x) for layer in layers], dim=-1)
    torch.testing.assert_close(joined(layers)(x), wanted, rtol=1e-5, atol=1e-5)


def test_layers_of_which_some_add_a_bias_cannot_be_joined() -> None:
    layers = [PackedLinear(weight_of(8, 16), bias, FormCache()) for bias in (None, torch.ones(8))]
    with pytest.raises(ExpertError, match="add a bias"):
        joined(layers)


class TestState:
    @staticmethod
    def net(seed: int) -> nn.Sequential:
        net = filled(nn.Sequential(nn.Linear(16, 24)), seed)
        sparsify(net, BDWP, exempt=())
        pack_model(net)
        return net

    @pytest.mark.parametrize("assign", [True, False])
    def test_that_of_a_convolution_too(self, *, assign: bool) -> None:
        nets = [filled(nn.Sequential(nn.Conv2d(16, 8, 3)), seed) for seed in range(2)]
        for net in nets:
            sparsify(net, BDWP, exempt=())
            pack_model(net)
        x = torch.randn(2, 16, 5, 6, generator=torch.Generator().manual_seed(0))
        wanted = nets[0](x)
        state = nets[0].state_dict()
        nets[1].load_state_dict(state, assign=assign)
        assert torch.equal(nets[1](x), wanted)
        layer = nets[1].get_submodule("0")
        assert isinstance(layer, PackedConv2d)
        is_same = layer.packed.values.data_ptr() == state["0.packed_values"].data_ptr()
        assert is_same == assign

    def test_other_numbers_become_the_layers_own(self) -> None:
        first, second = self.net(0), self.net(1)
        wanted = first(drawn(5, 16))
        second.load_state_dict({name: part.float() for name, part in first.state_dict().items()})
        assert torch.equal(second(drawn(5, 16)), wanted)

    def test_forms_of_a_weight_that_was_replaced_go(self) -> None:
        net = self.net(0)
        layer = net.get_submodule("0")
        assert isinstance(layer, PackedLinear)
        held = []
        for seed in range(3):
            net.load_state_dict(self.net(seed).state_dict())
            net(drawn(5, 16))
            held.append(layer.forms.filling.bytes_held)
        assert len(set(held)) == 1

    def test_a_state_brings_the_packed_weights_along(self) -> None:
        first, second = self.net(0), self.net(1)
        wanted = first(drawn(5, 16))
        assert not torch.equal(second(drawn(5, 16)), wanted)
        second.load_state_dict(first.state_dict())
        assert torch.equal(second(drawn(5, 16)), wanted)

    def test_what_is_missing_or_of_another_shape_is_told(self) -> None:
        net = self.net(0)
        state = net.state_dict()
        kept = {name: part for name, part in state.items() if name != "0.packed_indices"}
        with pytest.raises(RuntimeError, match=r"Missing key.*0\.packed_indices"):
            net.load_state_dict(kept)
        with pytest.raises(RuntimeError, match=r"0: a 2:8 matrix of 24 x 16 has"):
            net.load_state_dict(state | {"0.packed_values": torch.zeros(24, 8)})

    def test_a_copy_is_a_model_of_its_own_under_the_same_budget(self) -> None:
        net = self.net(0)
        wanted = net(drawn(5, 16))
        other = deepcopy(net)
        net.load_state_dict(self.net(1).state_dict())
        assert torch.equal(other(drawn(5, 16)), wanted)
        layers = [part.get_submodule("0") for part in (net, other)]
        assert layers[0].forms is layers[1].forms


@pytest.mark.parametrize("has_kernels", [True, False])
def test_images_smaller_than_the_kernel_are_refused(
    monkeypatch: pytest.MonkeyPatch, *, has_kernels: bool
) -> None:
    if not has_kernels:
        monkeypatch.setattr(kernels, "available", lambda: False)
    net = filled(nn.Sequential(nn.Conv2d(16, 8, 5)), 0)
    sparsify(net, BDWP, exempt=())
    pack_model(net)
    with pytest.raises(InputError, match="smaller than"):
        net(torch.zeros(1, 16, 3, 9))


def test_layers_of_other_inputs_cannot_be_joined() -> None:
    layers = [PackedLinear(weight_of(8, width), torch.zeros(8), FormCache()) for width in (8, 16)]
    with pytest.raises(ExpertError, match="cannot be joined"):
        joined(layers)


def test_inputs_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match="16 columns"):
        packed_product(drawn(2, 8), weight_of(8, 16), None, FormCache())


def test_a_finished_weight_has_zeros_where_it_dropped() -> None:
    net = filled(nn.Sequential(nn.Conv2d(8, 8, 3)), 0)
    sparsifier = sparsify(net, BDWP, exempt=())
    found = finished_weight(sparsifier.layers["0"])
    assert found.shape == (8, 8, 3, 3)
    assert ((found != 0).sum(dim=1) == 2).all()


@needs_kernels
class TestForms:
    def test_a_form_is_made_once_and_counted(self) -> None:
        cache, weight = FormCache(), weight_of(8, 16)
        first = cache.form(weight, torch.float32)
        assert cache.form(weight, torch.float32) is first
        assert cache.filling.fills == 1
        assert cache.filling.bytes_held == cache.filling.bytes_filled == first.bytes_held
        assert cache.filling.seconds > 0

    def test_under_its_budget_the_form_used_longest_ago_goes(self) -> None:
        weights = [weight_of(8, 16, seed) for seed in range(3)]
        size = FormCache().form(weights[0], torch.float32).bytes_held
        cache = FormCache(budget_bytes=2 * size)
        for weight in (weights[0], weights[1], weights[0], weights[2]):
            cache.form(weight, torch.float32)
        assert cache.filling.bytes_held == 2 * size
        fills = cache.filling.fills
        cache.form(weights[0], torch.float32)
        assert cache.filling.fills == fills
        cache.form(weights[1], torch.float32)
        assert cache.filling.fills == fills + 1

    def test_a_form_larger_than_the_budget_is_made_each_time(self) -> None:
        cache, weight = FormCache(budget_bytes=1), weight_of(8, 16)
        for _ in range(2):
            cache.form(weight, torch.float32)
        assert cache.filling.fills == 2
        assert cache.filling.bytes_held == 0

    def test_what_is_dropped_is_made_anew(self) -> None:
        cache, weight = FormCache(), weight_of(8, 16)
        cache.form(weight, torch.float32)
        cache.drop(weight)
        assert cache.filling.bytes_held == 0

    def test_a_budget_below_zero_is_refused(self) -> None:
        with pytest.raises(SettingError, match="a budget of -1"):
            FormCache(budget_bytes=-1)
