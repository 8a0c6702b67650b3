from fractions import Fraction

import pytest

from tidemill.core.errors import SettingError
from tidemill.sparsity.cost import Product, layer_cost, packed_weight_bytes, training_share
from tidemill.sparsity.methods import METHODS, method
from tidemill.sparsity.pattern import NMPattern

LAYER = Product(tokens=100, inputs=64, outputs=32)


@pytest.mark.claim("bdwp.cost.macs")
@pytest.mark.parametrize("text", ["2:4", "1:4", "2:8", "2:16", "1:2"])
def test_shares_of_training_are_those_of_the_formulas(text: str) -> None:
    pattern = NMPattern.parse(text)
    d = Fraction(pattern.n, pattern.m)
    wanted = {
        "dense": Fraction(1),
        "srste": (d + 2) / 3,
        "sdgp": (d + 2) / 3,
        "sdwp": (d + 2) / 3,
        "bdwp": (2 * d + 1) / 3,
        "bimask": (2 * d + 1) / 3,
        "transposable": (2 * d + 1) / 3,
    }
    found = {name: training_share([LAYER], pattern, entry) for name, entry in METHODS.items()}
    assert found == wanted


@pytest.mark.claim("bdwp.cost.macs")
def test_a_layers_macs_are_counted_product_by_product() -> None:
    cost = layer_cost(LAYER, NMPattern(2, 8), method("bdwp"))
    dense = 100 * 64 * 32
    assert (cost.forward, cost.backward, cost.update) == (dense // 4, dense // 4, dense)
    first = Product(tokens=100, inputs=64, outputs=32, needs_gradient=False)
    assert layer_cost(first, NMPattern(2, 8), method("bdwp")).backward == 0
    spared = Product(tokens=100, inputs=64, outputs=32, is_sparse=False)
    assert layer_cost(spared, NMPattern(2, 8), method("bdwp")).total == 3 * dense


def test_bytes_are_those_of_what_the_products_read() -> None:
    cost = layer_cost(LAYER, NMPattern(2, 8), method("bdwp"), value_bytes=2)
    # 2 of 8 weights, 2 bytes and 3 bits each.
    assert cost.forward_bytes == cost.backward_bytes == 64 * 32 // 4 * 19 // 8
    assert cost.forward_bytes == packed_weight_bytes((32, 64), NMPattern(2, 8))
    sdgp = layer_cost(LAYER, NMPattern(2, 8), method("sdgp"), value_bytes=2)
    assert sdgp.backward_bytes == 64 * 32 * 2


def test_a_contraction_that_does_not_divide_is_refused() -> None:
    with pytest.raises(SettingError, match="60 weights do not divide"):
        layer_cost(Product(tokens=1, inputs=60, outputs=8), NMPattern(2, 8), method("bdwp"))
