import pytest
import torch
from torch import nn

from tests.sparsity.test_masks import drawn
from tests.sparsity.test_methods import filled, model
from tidemill.core.errors import SettingError
from tidemill.sparsity.convolution import SparseConv2d
from tidemill.sparsity.layers import chosen_layers
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import desparsify, sparsify
from tidemill.sparsity.spec import Sparsity

BDWP = Sparsity.parse("2:8")


def stepped(net: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    optimizer.zero_grad()
    net(drawn(4, 16, seed)).square().sum().backward()
    optimizer.step()


@pytest.mark.claim("bdwp.pregeneration")
def test_operands_are_made_once_an_update_and_never_in_the_forward_pass() -> None:
    net = model()
    sparsifier = sparsify(net, BDWP, exempt=())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    sparsifier.attach(optimizer)
    made = sparsifier.updates
    for _ in range(3):
        net(drawn(4, 16))
    assert sparsifier.updates == made
    stepped(net, optimizer, 1)
    assert sparsifier.updates == made + 1
    layer = sparsifier.layers["0"]
    assert layer.operands.mask is not None
    assert torch.equal(layer.operands.mask, magnitude_mask(layer.weight.detach(), BDWP.pattern))
    assert sparsifier.seconds > 0


def test_dropped_weights_decay_and_kept_ones_do_not() -> None:
    net = filled(nn.Sequential(nn.Linear(16, 8, bias=False)), 0)
    spec = Sparsity.parse("2:8", decay=0.5)
    sparsifier = sparsify(net, spec, exempt=())
    layer = sparsifier.layers["0"]
    before, kept = (
        layer.weight.detach().clone(),
        magnitude_mask(layer.weight.detach(), spec.pattern),
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    sparsifier.attach(optimizer)
    layer.weight.grad = torch.zeros_like(layer.weight)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), torch.where(kept, before, 0.5 * before))


def test_between_choices_the_kept_places_stay_and_values_follow() -> None:
    net = model()
    spec = Sparsity(pattern=NMPattern(2, 8), mask_interval=3)
    sparsifier = sparsify(net, spec, exempt=())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    sparsifier.attach(optimizer)
    layer = sparsifier.layers["0"]
    assert layer.operands.mask is not None
    chosen = layer.operands.mask.clone()
    stepped(net, optimizer, 1)
    assert torch.equal(layer.operands.mask, chosen)
    wanted = torch.nn.functional.linear(
        drawn(3, 16), torch.where(chosen, layer.weight, 0.0), layer.bias
    )
    torch.testing.assert_close(layer(drawn(3, 16)), wanted, rtol=1e-5, atol=1e-5)


def test_flips_are_the_share_of_the_mask_that_changed() -> None:
    net = filled(nn.Sequential(nn.Linear(8, 8)), 0)
    sparsifier = sparsify(net, BDWP, exempt=())
    assert sparsifier.flips() is None
    sparsifier.make()
    assert sparsifier.flips() == 0.0
    with torch.no_grad():
        layer = sparsifier.layers["0"]
        # In one row of eight the two kept weights become the smallest.
        layer.weight[0, magnitude_mask(layer.weight, BDWP.pattern)[0]] = 0.0
    sparsifier.make()
    assert sparsifier.flips() == pytest.approx(4 / 64)


def test_dense_steps_are_those_of_the_dense_layers() -> None:
    net, dense = model(), model()
    sparsifier = sparsify(net, BDWP, exempt=())
    sparsifier.be_dense(dense=True)
    assert torch.equal(net(drawn(4, 16)), dense(drawn(4, 16)))
    sparsifier.be_dense(dense=False)
    assert not torch.equal(net(drawn(4, 16)), dense(drawn(4, 16)))


@pytest.mark.parametrize(
    ("start", "finish", "dense"), [(0, 0, []), (0.25, 0, [0, 1]), (0, 0.5, [4, 5, 6, 7])]
)
def test_dense_parts_of_a_training(start: float, finish: float, dense: list[int]) -> None:
    spec = Sparsity(pattern=NMPattern(2, 8), dense_start=start, dense_finish=finish)
    assert [step for step in range(8) if spec.is_dense_at(step, 8)] == dense


def test_desparsify_gives_the_dense_model_back() -> None:
    net = nn.Sequential(filled(nn.Sequential(nn.Conv2d(8, 8, 3)), 0), nn.Flatten())
    weight = net.get_parameter("0.0.weight")
    wanted = net(torch.ones(1, 8, 4, 4))
    sparsify(net, BDWP, exempt=())
    assert isinstance(net.get_submodule("0.0"), SparseConv2d)
    assert not torch.equal(net(torch.ones(1, 8, 4, 4)), wanted)
    desparsify(net)
    assert type(net.get_submodule("0.0")) is nn.Conv2d
    assert net.get_parameter("0.0.weight") is weight
    assert torch.equal(net(torch.ones(1, 8, 4, 4)), wanted)


def test_a_model_that_declares_nothing_keeps_first_convolution_and_last_linear_dense() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(8, 8), nn.Linear(8, 10))
    assert sorted(chosen_layers(net, BDWP, None)) == ["1", "2"]


def test_what_a_model_declares_stays_dense() -> None:
    class Declaring(nn.Module):
        dense_layers = frozenset({"head*"})

        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(8, 8)
            self.head = nn.Linear(8, 3)

    outer = nn.Sequential(Declaring(), nn.Linear(8, 8))
    assert sorted(chosen_layers(outer, BDWP, None)) == ["0.body", "1"]


class TestBadInput:
    def refused(self, net: nn.Module, match: str, exempt: tuple[str, ...] = ()) -> None:
        with pytest.raises(SettingError, match=match) as caught:
            sparsify(net, BDWP, exempt=exempt)
        assert caught.value.hint
        assert not any(isinstance(part, SparseLinear) for part in net.modules())

    @pytest.mark.claim("bdwp.refusals")
    def test_a_layer_that_does_not_divide(self) -> None:
        self.refused(
            nn.Sequential(nn.Linear(8, 8), nn.Linear(12, 8)),
            r"1: its 12 inputs do not divide into groups of 8",
        )
        self.refused(nn.Sequential(nn.Linear(8, 10)), r"0: its 10 outputs do not divide")

    @pytest.mark.claim("bdwp.refusals")
    @pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
    def test_a_layer_without_weights(self) -> None:
        self.refused(nn.Sequential(nn.Linear(0, 8)), "0: has no weights")

    @pytest.mark.claim("bdwp.refusals")
    def test_kinds_that_cannot_be_sparse(self) -> None:
        self.refused(nn.Sequential(nn.Conv1d(8, 8, 3)), "0: a Conv1d cannot be sparse")
        self.refused(nn.Sequential(nn.Conv2d(8, 8, 3, groups=8)), "0: a convolution in 8 groups")
        self.refused(nn.Sequential(nn.LSTM(8, 8)), "0: a LSTM cannot be sparse")
        self.refused(nn.Sequential(nn.MultiheadAttention(8, 2)), "a MultiheadAttention cannot")
        self.refused(
            nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")),
            "0: padding with circular",
        )

    def test_the_model_itself(self) -> None:
        self.refused(nn.Linear(8, 8), "the model is itself the layer")

    @pytest.mark.claim("bdwp.refusals")
    def test_weights_that_are_shared(self) -> None:
        net = nn.Sequential(nn.Embedding(16, 8), nn.Linear(8, 16, bias=False))
        net.get_submodule("1").weight = net.get_parameter("0.weight")
        self.refused(net, "1: its weight is also 0.weight")

    def test_a_name_that_no_layer_has(self) -> None:
        self.refused(nn.Sequential(nn.Linear(8, 8)), "exempt names 'nine'", exempt=("nine",))

    def test_nothing_to_make_sparse(self) -> None:
        self.refused(nn.Sequential(nn.Linear(8, 8)), "no layer of this model", exempt=("*",))

    def test_twice(self) -> None:
        net = nn.Sequential(nn.Linear(8, 8))
        sparsify(net, BDWP, exempt=())
        with pytest.raises(SettingError, match="0: is sparse already"):
            sparsify(net, BDWP, exempt=())

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"decay": -1.0}, "a decay of -1"),
            ({"mask_interval": 0}, "a mask interval of 0"),
            ({"dense_start": 0.6, "dense_finish": 0.6}, "dense first"),
        ],
    )
    def test_options_out_of_range(self, options: dict[str, float], match: str) -> None:
        with pytest.raises(SettingError, match=match):
            Sparsity(pattern=NMPattern(2, 8), **options)  # type: ignore[arg-type]
