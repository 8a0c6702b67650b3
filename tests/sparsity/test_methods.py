"""What every method of sparse training must do, and what each one alone."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.sparsity.test_masks import drawn
from tidemill.core.errors import SettingError
from tidemill.sparsity.bimask import BiMask
from tidemill.sparsity.convolution import as_matrix
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.methods import METHODS, method
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import Sparsifier, sparsify
from tidemill.sparsity.spec import Sparsity

PATTERN = NMPattern(2, 8)
NAMES = sorted(METHODS)


def model(seed: int = 0) -> nn.Sequential:
    made = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8))
    return filled(made, seed)


def filled(module: nn.Sequential, seed: int) -> nn.Sequential:
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in module.parameters():
            part.normal_(generator=chance)
    return module


def sparse(name: str, pattern: NMPattern = PATTERN, seed: int = 0) -> tuple[nn.Module, Sparsifier]:
    made = model(seed)
    chance = torch.Generator().manual_seed(7)
    spec = Sparsity(pattern=pattern, method=name)
    return made, sparsify(made, spec, exempt=(), chance=chance)


def gradients(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    x = x.clone().requires_grad_()
    found = module(x)
    found.square().sum().backward()
    assert x.grad is not None
    return (
        found.detach(),
        x.grad,
        [part.grad for part in module.parameters() if part.grad is not None],
    )


@pytest.mark.claim("bdwp.methods", "bdwp.step.dense-limit")
@pytest.mark.parametrize("name", NAMES)
def test_a_method_that_keeps_everything_is_dense_to_the_bit(name: str) -> None:
    x = drawn(5, 16)
    wanted = gradients(model(), x)
    found = gradients(sparse(name, NMPattern(8, 8))[0], x)
    assert torch.equal(found[0], wanted[0])
    assert torch.equal(found[1], wanted[1])
    assert all(torch.equal(own, other) for own, other in zip(found[2], wanted[2], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_methods_name_and_parameters_stay_those_of_the_dense_model(name: str) -> None:
    dense, (made, _) = model(), sparse(name)
    assert list(made.state_dict()) == list(dense.state_dict())
    assert all(
        torch.equal(made.state_dict()[key], part) for key, part in dense.state_dict().items()
    )


@pytest.mark.claim("bdwp.step.gradient")
@pytest.mark.parametrize("name", NAMES)
def test_the_weights_gradient_is_dense_and_that_of_the_product(name: str) -> None:
    _, sparsifier = sparse(name)
    layer = sparsifier.layers["2"]
    x, gradient = drawn(6, 24, 1), drawn(6, 8, 2)
    layer(x).backward(gradient)
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, gradient.T @ x, rtol=1e-5, atol=1e-5)
    assert layer.bias is not None
    torch.testing.assert_close(layer.bias.grad, gradient.sum(dim=0))


@pytest.mark.claim("bdwp.methods", "bdwp.step.gradient")
@pytest.mark.parametrize("name", NAMES)
def test_forward_and_inputs_gradient_are_made_of_what_the_method_keeps(name: str) -> None:
    _, sparsifier = sparse(name)
    layer = sparsifier.layers["2"]
    weight = layer.weight.detach()
    x, gradient = drawn(6, 24, 1).requires_grad_(), drawn(6, 8, 2)
    found = layer(x)
    found.backward(gradient)
    forward, backward = EXPECTED[name](weight, layer.operands.mask)
    assert layer.bias is not None
    torch.testing.assert_close(
        found, functional.linear(x, forward, layer.bias), rtol=1e-5, atol=1e-5
    )
    assert x.grad is not None
    own = pruned(gradient) if name == "sdgp" else gradient
    torch.testing.assert_close(x.grad, own @ backward, rtol=1e-5, atol=1e-5)


def pruned(gradient: Tensor) -> Tensor:
    return torch.where(magnitude_mask(gradient, PATTERN), gradient, 0.0)


def by_magnitude(weight: Tensor, *, rows: bool = False) -> Tensor:
    mask = magnitude_mask(weight, PATTERN, along="rows" if rows else "columns")
    return torch.where(mask, weight, 0.0)


def inside(weight: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    assert mask is not None
    forward = by_magnitude(weight)
    # One group of 8 rows: whatever their order, the largest two that the first mask left stay.
    return forward, by_magnitude(forward, rows=True)


def both(weight: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    assert mask is not None
    assert (mask.view(8, 3, 8).sum(dim=2) == 2).all()
    assert (mask.sum(dim=0) == 2).all()
    kept = torch.where(mask, weight, 0.0)
    return kept, kept


EXPECTED: dict[str, Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]] = {
    "dense": lambda weight, _: (weight, weight),
    "srste": lambda weight, _: (by_magnitude(weight), by_magnitude(weight)),
    "sdgp": lambda weight, _: (weight, weight),
    "sdwp": lambda weight, _: (weight, by_magnitude(weight, rows=True)),
    "bdwp": lambda weight, _: (by_magnitude(weight), by_magnitude(weight, rows=True)),
    "bimask": inside,
    "transposable": both,
}


@pytest.mark.claim("bdwp.masks.backward")
def test_the_two_masks_of_bdwp_are_independent() -> None:
    _, sparsifier = sparse("bdwp")
    weight = sparsifier.layers["2"].weight.detach()
    forward, backward = (by_magnitude(weight, rows=rows) != 0 for rows in (False, True))
    assert (backward & ~forward).any()
    assert (forward & ~backward).any()


def test_how_far_the_gradient_of_an_input_points_where_the_exact_one_does() -> None:
    weight = drawn(1024, 1024)
    forward = magnitude_mask(weight, PATTERN)
    backward = {
        0.831: magnitude_mask(weight, PATTERN, along="rows"),  # BDWP
        0.932: BiMask().mask(weight, forward, PATTERN, chance=None),
    }
    for wanted, mask in backward.items():
        cosine = functional.cosine_similarity(
            (weight * forward).flatten(), (weight * mask).flatten(), dim=0
        )
        assert cosine.item() == pytest.approx(wanted, abs=0.002)


@pytest.mark.claim("bdwp.methods")
@pytest.mark.parametrize("name", NAMES)
def test_a_convolution_is_made_of_what_the_method_keeps(name: str) -> None:
    net = filled(nn.Sequential(nn.Conv2d(16, 8, 3, stride=2, padding=1)), 3)
    spec = Sparsity(pattern=PATTERN, method=name)
    sparsifier = sparsify(net, spec, exempt=(), chance=torch.Generator().manual_seed(7))
    layer = sparsifier.layers["0"]
    x = torch.randn(2, 16, 7, 7, generator=torch.Generator().manual_seed(1)).requires_grad_()
    found = net(x)
    gradient = torch.randn(found.shape, generator=torch.Generator().manual_seed(2))
    found.backward(gradient)
    forward, backward = convolution_expected(name, layer.weight.detach(), layer.operands.mask)
    wanted_x = x.detach().clone().requires_grad_()
    functional.conv2d(wanted_x, backward, None, 2, 1).backward(  # type: ignore[no-untyped-call]
        pruned(gradient.permute(0, 2, 3, 1).reshape(-1, 8)).view(2, 4, 4, 8).permute(0, 3, 1, 2)
        if name == "sdgp"
        else gradient
    )
    assert layer.bias is not None
    torch.testing.assert_close(
        found, functional.conv2d(x, forward, layer.bias, 2, 1), rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(x.grad, wanted_x.grad, rtol=1e-4, atol=1e-4)
    dense_weight = layer.weight.detach().clone().requires_grad_()
    found = functional.conv2d(x.detach(), dense_weight, None, 2, 1)
    found.backward(gradient)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(layer.weight.grad, dense_weight.grad, rtol=1e-4, atol=1e-4)


def convolution_expected(name: str, weight: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    matrix = as_matrix(weight)
    if name == "transposable":
        assert mask is not None
        kept = torch.where(mask, matrix, 0.0)
        pair = (kept, kept)
    else:
        pair = EXPECTED[name](matrix, mask)
    forward, backward = (part.view(8, 3, 3, 16).permute(0, 3, 1, 2) for part in pair)
    return forward, backward


def test_an_unknown_method_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SettingError, match="no method 'magic'") as caught:
        method("magic")
    assert "bdwp" in str(caught.value)
