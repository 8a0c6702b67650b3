"""What people do with models besides training them by one optimizer."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tests.sparsity.test_masks import drawn
from tests.sparsity.test_methods import NAMES, filled, model
from tidemill.core.errors import SettingError
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packing import pack_model
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import desparsify, sparsify
from tidemill.sparsity.spec import Sparsity

BDWP = Sparsity.parse("2:8")


def expected(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What the weights of a sparse model answer with operands made anew."""
    fresh = copy.deepcopy(net)
    desparsify(fresh)
    sparsify(fresh, BDWP, exempt=())
    answer: torch.Tensor = fresh(x)
    return answer


class TestWeightsThatChangeOtherwise:
    def test_a_state_that_is_loaded(self) -> None:
        net, other = model(), model(seed=1)
        sparsify(net, BDWP, exempt=())
        net.load_state_dict(other.state_dict())
        sparsify(other, BDWP, exempt=())
        assert torch.equal(net(drawn(4, 16)), other(drawn(4, 16)))

    def test_weights_that_are_filled_or_replaced(self) -> None:
        net = model()
        sparsify(net, BDWP, exempt=())
        with torch.no_grad():
            net.get_parameter("0.weight").mul_(-1).add_(0.5)
        net.get_submodule("2").weight = nn.Parameter(drawn(8, 24, 5))
        assert torch.equal(net(drawn(4, 16)), expected(net, drawn(4, 16)))

    def test_an_average_of_models(self) -> None:
        net = model()
        sparsify(net, BDWP, exempt=())
        average = AveragedModel(net)
        for seed in (1, 2):
            net.load_state_dict(model(seed).state_dict())
            average.update_parameters(net)
        assert torch.equal(average(drawn(4, 16)), expected(average.module, drawn(4, 16)))

    def test_an_optimizer_that_calls_back(self) -> None:
        net = model()
        sparsifier = sparsify(net, BDWP, exempt=())
        optimizer = torch.optim.LBFGS(net.parameters(), lr=0.01, max_iter=3)
        sparsifier.attach(optimizer)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss: torch.Tensor = net(drawn(4, 16)).square().mean()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        assert torch.equal(net(drawn(4, 16)), expected(net, drawn(4, 16)))


class TestOptimizers:
    def decayed(self, attach: int, *, closure: bool = False) -> float:
        """By how much one step moves a dropped weight whose gradient is zero."""
        net = filled(nn.Sequential(nn.Linear(16, 8, bias=False)), 0)
        spec = Sparsity.parse("2:8", decay=0.25)
        sparsifier = sparsify(net, spec, exempt=())
        weight = net.get_parameter("0.weight")
        dropped = ~magnitude_mask(weight.detach(), spec.pattern)
        before = weight.detach().clone()
        optimizer = torch.optim.SGD([weight], lr=1.0)
        for _ in range(attach):
            sparsifier.attach(optimizer)

        def made() -> torch.Tensor:
            weight.grad = torch.zeros_like(weight)
            return weight.sum()

        if closure:
            optimizer.step(made)
        else:
            made()
            optimizer.step()
        return float((weight.detach() / before)[dropped].mean())

    @pytest.mark.parametrize("attach", [1, 2])
    def test_weights_decay_once_however_often_an_optimizer_is_attached(self, attach: int) -> None:
        assert self.decayed(attach) == pytest.approx(0.75)

    def test_gradients_that_a_closure_makes_decay_too(self) -> None:
        assert self.decayed(1, closure=True) == pytest.approx(0.75)

    def test_of_two_optimizers_each_makes_its_own_layers(self) -> None:
        net = model()
        sparsifier = sparsify(net, BDWP, exempt=())
        optimizers = [
            torch.optim.SGD(net.get_submodule(name).parameters(), lr=0.1) for name in ("0", "2")
        ]
        for optimizer in optimizers:
            sparsifier.attach(optimizer)
        net(drawn(4, 16)).square().mean().backward()
        made = [layer.operands.made for layer in sparsifier.layers.values()]
        for optimizer in optimizers:
            optimizer.step()
        assert [layer.operands.made for layer in sparsifier.layers.values()] == [
            count + 1 for count in made
        ]

    def test_a_dense_model_does_not_decay_any_more(self) -> None:
        net = model()
        sparsifier = sparsify(net, Sparsity.parse("2:8", decay=0.5), exempt=())
        optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
        sparsifier.attach(optimizer)
        desparsify(net)
        before = net.get_parameter("0.weight").detach().clone()
        net.get_parameter("0.weight").grad = torch.zeros_like(before)
        optimizer.step()
        assert torch.equal(net.get_parameter("0.weight").detach(), before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_models_of_other_numbers_train(name: str, dtype: torch.dtype) -> None:
    net = model().to(dtype)
    spec = Sparsity(pattern=NMPattern(2, 8), method=name)
    sparsifier = sparsify(net, spec, exempt=(), chance=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    sparsifier.attach(optimizer)
    found = net(drawn(4, 16).to(dtype))
    found.square().mean().backward()
    optimizer.step()
    assert found.dtype == dtype
    assert all(part.isfinite().all() for part in net.parameters())


def test_a_weight_that_lies_across_trains() -> None:
    net = nn.Sequential(nn.Linear(16, 16))
    net.get_submodule("0").weight = nn.Parameter(drawn(16, 16).T)
    sparsifier = sparsify(net, BDWP, exempt=())
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)
    sparsifier.attach(optimizer)
    net(drawn(4, 16)).square().mean().backward()
    optimizer.step()
    assert torch.equal(net(drawn(4, 16)), expected(net, drawn(4, 16)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_every_method_trains_under_autocast(name: str, dtype: torch.dtype) -> None:
    net = filled(nn.Sequential(nn.Linear(16, 24), nn.GELU(), nn.Linear(24, 8)), 0)
    spec = Sparsity(pattern=NMPattern(2, 8), method=name)
    sparsify(net, spec, exempt=(), dtype=dtype, chance=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        loss = net(drawn(4, 16)).float().square().mean()
    loss.backward()
    assert all(part.grad is not None and part.grad.isfinite().all() for part in net.parameters())


def test_torch_s_transformer_layers_keep_to_their_sparse_layers() -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.0)
    net = nn.Sequential(layer)
    sparsifier = sparsify(net, BDWP, exempt=("0.self_attn",))
    assert sorted(sparsifier.layers) == ["0.linear1", "0.linear2"]
    x = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    trained = net.train()(x).detach()
    with torch.inference_mode():
        torch.testing.assert_close(net.eval()(x), trained)
        pack_model(net, dtype=torch.float32)
        torch.testing.assert_close(net(x), trained, rtol=1e-5, atol=1e-5)


def test_layers_that_are_no_plain_ones_are_refused() -> None:
    class Adapted(nn.Linear):
        """Computes otherwise."""

    cases = {
        "a Adapted computes in its own way": Adapted(8, 8),
        "its weight is made of other parameters": nn.utils.parametrizations.weight_norm(
            nn.Linear(8, 8)
        ),
    }
    for match, layer in cases.items():
        with pytest.raises(SettingError, match=match if "weight" not in match else "own way|other"):
            sparsify(nn.Sequential(layer), BDWP, exempt=())


def test_hooks_go_along() -> None:
    net, calls = model(), []
    net.get_submodule("0").register_forward_hook(lambda *_: calls.append("forward"))
    sparsify(net, BDWP, exempt=())
    net(drawn(2, 16))
    desparsify(net)
    net(drawn(2, 16))
    assert calls == ["forward", "forward"]


def test_operands_made_while_answering_can_be_trained_with() -> None:
    net = model()
    with torch.inference_mode():
        sparsify(net, BDWP, exempt=())
        net(drawn(2, 16))
    net(drawn(2, 16)).sum().backward()
    assert isinstance(net.get_submodule("0"), SparseLinear)


@pytest.mark.slow
def test_a_training_step_can_be_compiled() -> None:
    net = model()
    sparsify(net, BDWP, exempt=())
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    x = drawn(4, 16)
    compiled(x).sum().backward()
    torch.testing.assert_close(compiled(x), net(x))
