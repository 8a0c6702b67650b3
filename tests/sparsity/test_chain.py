"""Layers gone through in one native call give what torch gives, on every instruction set."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from tidemill.core.errors import InputError
from tidemill.sparsity import kernels
from tidemill.sparsity.chain import MOST_PLACES, Chain, ChainLayer, Dense, Norm
from tidemill.sparsity.pattern import NMPattern

pytestmark = pytest.mark.skipif(
    not kernels.available(), reason=f"no native kernels: {kernels.why_not()}"
)
ISAS = kernels.isas()
EPSILON = 1e-5
TOLERANCE = 1e-5
WIDTHS = {1: 40, 2: 48, 3: 24, 4: 64, 8: 96}
"""By heads: heads of 40, 24, 8, 16 and 12 numbers."""


class Chance:
    """Random parts of layers.

    Args:
        seed: Where they come from.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def noise(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._generator)

    def dense(self, rows: int, columns: int, pattern: NMPattern, *, biased: bool = True) -> Dense:
        weight = self.noise(rows, columns) * (pattern.m / pattern.n / columns) ** 0.5
        form = kernels.made(weight, pattern, along="columns")
        return Dense(form=form, bias=self.noise(rows) if biased else None)

    def norm(self, width: int) -> Norm:
        return Norm(weight=1 + self.noise(width) / 4, bias=self.noise(width) / 4)

    def layer(
        self, width: int, inner: int, pattern: NMPattern, *, biased: bool = True
    ) -> ChainLayer:
        return ChainLayer(
            joint=self.dense(3 * width, width, pattern, biased=biased),
            mixed=self.dense(width, width, pattern),
            wide=self.dense(inner, width, pattern, biased=biased),
            narrow=self.dense(width, inner, pattern),
            attended=self.norm(width),
            fed=self.norm(width),
        )


def chain(layers: list[ChainLayer], heads: int) -> Chain:
    return Chain(layers, heads=heads, epsilon=EPSILON)


def by_torch(
    layers: list[ChainLayer],
    heads: int,
    hidden: Tensor,
    mask: Tensor | None,
    *,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Go through the layers one operation after the other, each weight made dense."""
    hidden = hidden.to(dtype)
    batch, places, width = hidden.shape
    for layer in layers:
        joint = linear(hidden, layer.joint).view(batch, places, 3, heads, width // heads)
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) / (width // heads) ** 0.5
        shares = (scores if mask is None else scores + mask).softmax(dim=3)
        mixed = (shares @ value).transpose(1, 2).reshape(batch, places, width)
        hidden = normed(linear(mixed, layer.mixed) + hidden, layer.attended)
        fed = linear(functional.gelu(linear(hidden, layer.wide)), layer.narrow)
        hidden = normed(fed + hidden, layer.fed)
    return hidden


def linear(x: Tensor, dense: Dense) -> Tensor:
    weight = kernels.product(torch.eye(dense.form.columns), dense.form).T
    bias = None if dense.bias is None else dense.bias.to(x.dtype)
    return functional.linear(x, weight.to(x.dtype), bias)


def normed(x: Tensor, norm: Norm) -> Tensor:
    weight, bias = norm.weight.to(x.dtype), norm.bias.to(x.dtype)
    return functional.layer_norm(x, x.shape[-1:], weight, bias, EPSILON)


def a_mask(chance: Chance, batch: int, places: int, refusal: float) -> Tensor:
    """Refuse about a third; every place may attend itself."""
    refused = chance.noise(batch, 1, places, places) > 0.4
    refused.diagonal(dim1=2, dim2=3)[:] = False
    return torch.zeros(refused.shape).masked_fill(refused, refusal)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@settings(max_examples=40, deadline=None)
@given(
    pattern=st.sampled_from(((2, 8), (2, 4), (1, 8))),
    heads=st.sampled_from(tuple(WIDTHS)),
    inner=st.sampled_from((8, 40, 104, 200)),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 40))
    | st.tuples(st.just(1), st.integers(41, 160)),
    refusal=st.sampled_from((None, -torch.inf, -10_000.0)),
    seed=st.integers(0, 99),
)
def test_a_chain_gives_what_torch_gives(
    *,
    pattern: tuple[int, int],
    heads: int,
    inner: int,
    shape: tuple[int, int],
    refusal: float | None,
    seed: int,
) -> None:
    chance, width, biased = Chance(seed), WIDTHS[heads], seed % 2 == 0
    layers = [chance.layer(width, inner, NMPattern(*pattern), biased=biased) for _ in range(2)]
    hidden = chance.noise(*shape, width)
    mask = None if refusal is None else a_mask(chance, *shape, refusal)
    wanted = by_torch(layers, heads, hidden, mask)
    for isa in ISAS:
        found = chain(layers, heads).run(hidden, mask, isa=isa)
        torch.testing.assert_close(found.double(), wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_a_chain_is_as_exact_as_torch_where_scores_are_large(isa: str, scale: float) -> None:
    chance = Chance(5)
    layers = [chance.layer(64, 256, NMPattern(2, 8))]
    hidden = chance.noise(3, 50, 64) * scale
    found = chain(layers, 4).run(hidden, isa=isa)
    wanted = by_torch(layers, 4, hidden, None)
    usual = (by_torch(layers, 4, hidden, None, dtype=torch.float32) - wanted).abs().max()
    assert (found - wanted).abs().max() <= 2 * usual + 1e-6


@pytest.mark.parametrize("isa", ISAS)
def test_gelu_is_exact_over_its_whole_range(isa: str) -> None:
    width = inner = 64
    pattern = NMPattern(1, 8)
    nothing = kernels.made(torch.zeros(width, width), pattern, along="columns")
    through = kernels.made(torch.eye(width), pattern, along="columns")
    first = torch.zeros(inner, width)
    first[:, 0] = torch.linspace(-8, 8, inner)
    chance = Chance(1)
    layer = ChainLayer(
        joint=chance.dense(3 * width, width, pattern),
        mixed=Dense(form=nothing, bias=None),
        wide=Dense(form=kernels.made(first, pattern, along="columns"), bias=None),
        narrow=Dense(form=through, bias=None),
        # Every place says (1, 0, 0, ...), of which the wide map makes the numbers to look at.
        attended=Norm(weight=torch.zeros(width), bias=torch.eye(width)[0]),
        fed=Norm(weight=torch.ones(width), bias=torch.zeros(width)),
    )
    hidden = chance.noise(1, 3, width)
    wanted = by_torch([layer], 1, hidden, None)
    found = chain([layer], 1).run(hidden, isa=isa)
    torch.testing.assert_close(found.double(), wanted, atol=1e-6, rtol=0)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("isa", ISAS)
def test_neither_threads_nor_a_second_run_change_a_bit(isa: str) -> None:
    chance = Chance(7)
    layers = [chance.layer(256, 512, NMPattern(2, 8)) for _ in range(2)]
    hidden, mask = chance.noise(4, 100, 256), a_mask(chance, 4, 100, -torch.inf)
    made = chain(layers, 8)
    found = []
    for count in (1, 2, 3, 1):
        torch.set_num_threads(count)
        found.append(made.run(hidden, mask, isa=isa))
    assert all(torch.equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("isa", ISAS)
def test_padding_changes_no_bit_of_what_is_before_it(isa: str) -> None:
    chance = Chance(8)
    layers = [chance.layer(64, 96, NMPattern(2, 8)) for _ in range(2)]
    hidden = chance.noise(2, 45, 64)
    mask = torch.zeros(2, 1, 45, 45)
    mask[:, :, :, 20:] = -torch.inf
    whole = chain(layers, 4).run(hidden, mask, isa=isa)[:, :20]
    alone = chain(layers, 4).run(hidden[:, :20].contiguous(), isa=isa)
    assert torch.equal(whole, alone)


@pytest.mark.parametrize("isa", ISAS)
def test_a_place_that_attends_nothing_mixes_nothing_and_nan_stays_in_its_text(isa: str) -> None:
    chance = Chance(9)
    layers = [chance.layer(48, 96, NMPattern(2, 8))]
    hidden = chance.noise(3, 10, 48)
    mask = torch.zeros(3, 1, 10, 10)
    mask[0, 0, 4] = -torch.inf
    hidden[1, 2, 3] = torch.nan
    found = chain(layers, 2).run(hidden, mask, isa=isa)
    assert found[0].isfinite().all()
    assert found[1].isnan().all()
    assert found[2].isfinite().all()


def test_depth_is_how_many_layers_are_gone_through() -> None:
    chance = Chance(3)
    layers = [chance.layer(48, 96, NMPattern(2, 8)) for _ in range(3)]
    hidden = chance.noise(2, 7, 48)
    made = chain(layers, 4)
    assert made.run(hidden, depth=0) is hidden
    for depth in (1, 2, 3):
        wanted = by_torch(layers[:depth], 4, hidden, None)
        torch.testing.assert_close(
            made.run(hidden, depth=depth).double(), wanted, atol=TOLERANCE, rtol=0
        )


def test_inputs_are_left_as_they_were() -> None:
    chance = Chance(4)
    hidden = chance.noise(2, 7, 48)
    before = hidden.clone()
    chain([chance.layer(48, 96, NMPattern(2, 8)) for _ in range(2)], 4).run(hidden)
    assert torch.equal(hidden, before)


def test_nothing_gives_nothing() -> None:
    made = chain([Chance(2).layer(48, 96, NMPattern(2, 8))], 4)
    for shape in ((0, 5, 48), (3, 0, 48)):
        assert made.run(torch.zeros(shape)).shape == shape


def test_what_the_library_cannot_read_is_refused() -> None:
    chance, pattern = Chance(6), NMPattern(2, 8)
    layer = chance.layer(48, 96, pattern)
    made = chain([layer], 4)
    hidden = chance.noise(2, 7, 48)
    with pytest.raises(InputError, match="hidden states"):
        made.run(hidden.double())
    with pytest.raises(InputError, match="hidden states"):
        made.run(chance.noise(2, 7, 40))
    with pytest.raises(InputError, match="hidden states"):
        made.run(hidden.transpose(0, 1))
    with pytest.raises(InputError, match="the mask"):
        made.run(hidden, torch.zeros(2, 1, 7, 6))
    with pytest.raises(InputError, match="8,193 places"):
        made.run(torch.zeros(1, MOST_PLACES + 1, 48))
    with pytest.raises(InputError, match="no kernels for 'mmx'"):
        made.run(hidden, isa="mmx")
    with pytest.raises(InputError, match="5 heads do not divide a width of 48"):
        chain([layer], 5)
    with pytest.raises(InputError, match=r"a form of 120 x 40 .* where one of 144 x 48"):
        chain([layer, chance.layer(40, 96, pattern)], 4)
    half = Norm(weight=layer.fed.weight.bfloat16(), bias=layer.fed.bias)
    parts = {name: getattr(layer, name) for name in ChainLayer.__slots__}
    with pytest.raises(InputError, match="the weight of a norm"):
        chain([ChainLayer(**parts | {"fed": half})], 4)
