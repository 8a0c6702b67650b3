"""Products for the array, and what numpy makes of them."""

import numpy as np
from numpy.typing import NDArray

from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.operand import RightOperand, dense_operand, packed_operand
from tidemill.hardware.rtl.reference import dot_in_order
from tidemill.hardware.rtl.simulation import SimulatedProduct
from tidemill.hardware.sat.array import DATAFLOWS, Array, Mapping, mappings
from tidemill.sparsity.pattern import NMPattern

Half = NDArray[np.float16]
Single = NDArray[np.float32]


def modes(array: Array) -> list[Mapping]:
    """Every way to lay a product over an array: with and without interleaving, both dataflows."""
    ways = [mapping for flow in DATAFLOWS for mapping in mappings(array, flow)]
    return [Mapping(dataflow="os"), *ways] if array.accumulate_latency > 1 else ways


def operand(
    right: Half, pattern: NMPattern | None, design: RtlDesign, chance: np.random.Generator
) -> tuple[RightOperand, Half]:
    """A matrix as the array takes it, and the same with zeros for what is dropped."""
    if pattern is None:
        return dense_operand(right, group=design.group), right
    contraction, columns = right.shape
    order = chance.random((columns, contraction // pattern.m, pattern.m)).argsort(axis=2)
    mask = (order < pattern.n).reshape(columns, contraction).T
    return packed_operand(right, mask, pattern), np.where(mask, right, np.float16(0))


def wanted(left: Half, right: RightOperand) -> Single:
    """What the array has to give: kept products alone, added up in order."""
    groups = np.arange(right.depth) // right.kept
    places = groups[:, None] * right.group + right.indices
    return np.stack(
        [
            dot_in_order(left[:, places[:, column]], right.values[:, column][None, :])
            for column in range(right.columns)
        ],
        axis=1,
    )


def assert_equal_bits(found: SimulatedProduct, expected: Single) -> None:
    np.testing.assert_array_equal(found.result.view(np.uint32), expected.view(np.uint32))
