"""Dropped weights decay (SR-STE), whatever the layer, its numbers and where its mask is known."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.sparsity.test_methods import filled
from tidemill.sparsity import kernels
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import Sparsifier, sparsify
from tidemill.sparsity.spec import Sparsity

DECAY = 0.5

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(32, 16, bias=False),
    "convolution": lambda: nn.Conv2d(32, 64, 3, bias=False),
    "small convolution": lambda: nn.Conv2d(8, 8, 3, bias=False),
}


def sparse(layer: nn.Module, method: str = "bdwp", interval: int = 1) -> Sparsifier:
    spec = Sparsity(pattern=NMPattern(2, 8), method=method, decay=DECAY, mask_interval=interval)
    generator = torch.Generator().manual_seed(0)
    return sparsify(nn.Sequential(layer), spec, exempt=(), chance=generator)


def gradient_after(sparsifier: Sparsifier, start: Tensor) -> Tensor:
    weight = sparsifier.layers["0"].weight
    weight.grad = start
    sparsifier.decay([weight])
    return weight.grad


def wanted(sparsifier: Sparsifier) -> Tensor:
    """Return what decays from nothing by the layer's own mask, in its own shape."""
    layer = sparsifier.layers["0"]
    mask = layer.operands.mask
    assert mask is not None
    if layer.weight.dim() == 4:
        outputs, inputs, high, wide = layer.weight.shape
        mask = mask.view(outputs, high, wide, inputs).permute(0, 3, 1, 2)
    return torch.where(mask, 0.0, DECAY * layer.weight.detach())


@pytest.mark.parametrize("has_kernels", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    ("method", "interval"),
    [("bdwp", 1), ("bdwp", 3), ("srste", 1), ("bimask", 1), ("transposable", 1)],
)
def test_dropped_weights_of_every_kind_decay(
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_kernels: bool,
    dtype: torch.dtype,
    kind: str,
    method: str,
    interval: int,
) -> None:
    if not has_kernels:
        monkeypatch.setattr(kernels, "available", lambda: False)
    net = filled(nn.Sequential(LAYERS[kind]()), 0).to(dtype)
    sparsifier = sparse(net[0], method, interval)
    weight = sparsifier.layers["0"].weight
    found = gradient_after(sparsifier, torch.ones_like(weight))
    torch.testing.assert_close(found, 1 + wanted(sparsifier))
    assert 0 < (found == 1).sum() < found.numel()


def test_a_weight_and_a_gradient_that_lie_otherwise_decay() -> None:
    layer = nn.Linear(32, 16, bias=False)
    layer.weight = nn.Parameter(torch.randn(32, 16, generator=torch.Generator().manual_seed(0)).T)
    sparsifier = sparse(layer)
    found = gradient_after(sparsifier, torch.zeros(32, 16).T)
    torch.testing.assert_close(found, wanted(sparsifier))


@pytest.mark.parametrize("method", ["srste", "transposable"])
def test_kept_weights_that_became_zero_are_no_dropped_ones(method: str) -> None:
    layer = nn.Linear(32, 16, bias=False)
    filled(nn.Sequential(layer), 0)
    sparsifier = sparse(layer, method, interval=10)
    operands = sparsifier.layers["0"].operands
    kept = operands.mask
    assert kept is not None
    with torch.no_grad():
        layer.weight.masked_fill_(kept, 0.0)
    sparsifier.make(choose=False)
    assert operands.mask is not None
    assert torch.equal(operands.mask, kept)
    found = gradient_after(sparsifier, torch.zeros(16, 32))
    assert torch.equal(found, DECAY * layer.weight.detach())


def test_a_model_that_was_moved_meanwhile_is_left_to_torch() -> None:
    net = nn.Sequential(filled(nn.Sequential(nn.Linear(32, 16, bias=False)), 0)[0])
    sparsifier = sparsify(net, Sparsity.parse("2:8", decay=DECAY), exempt=())
    net.to("meta")
    weight = sparsifier.layers["0"].weight
    assert gradient_after(sparsifier, torch.zeros_like(weight)).device.type == "meta"
