"""A step of BDWP through the hardware: array, SORE and WUVE, against torch and numpy."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

pytest.importorskip("amaranth")

from tests.hardware.rtl.driving import driven
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.operand import RightOperand, dense_operand, packed_operand
from tidemill.hardware.rtl.reference import Constants, dot_in_order, half_of, update
from tidemill.hardware.rtl.simulation import StceSimulator
from tidemill.hardware.rtl.sore import SoreLane
from tidemill.hardware.rtl.wuve import WuveLane
from tidemill.hardware.sat.array import Mapping, Shape
from tidemill.hardware.sat.cycles import full_count
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity

PATTERN = NMPattern(2, 8)
BATCH, WIDTHS = 8, (16, 16, 8)
RATE, MOMENTUM, DECAY = 0.05, 0.9, 2e-4
OUTPUTS_STAY = Mapping(dataflow="os", down=2, across=2)
WEIGHTS_STAY = Mapping(dataflow="ws")

Half = NDArray[np.float16]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]


def pruned(matrix: Half) -> Mask:
    """What SORE keeps along the rows of a matrix."""
    groups = matrix.reshape(-1, PATTERN.m)
    seen = driven(
        SoreLane(PATTERN),
        {"value": groups.view(np.uint16).reshape(-1), "valid": np.ones(groups.size, np.bool_)},
        ["mask", "done"],
    )
    masks = seen["mask"][seen["done"] == 1]
    assert len(masks) == len(groups)
    kept = (masks[:, None] >> np.arange(PATTERN.m, dtype=np.uint64)) & np.uint64(1)
    mask: Mask = kept.astype(np.bool_).reshape(matrix.shape)
    return mask


@dataclass(frozen=True, kw_only=True)
class Masks:
    """What the two passes keep of a weight [outputs, inputs], made ahead of them."""

    forward: Mask
    backward: Mask

    @classmethod
    def of(cls, weight: Half) -> "Masks":
        return cls(forward=pruned(weight), backward=pruned(np.ascontiguousarray(weight.T)).T)


class Hardware:
    """The array, with every product checked against numpy to the bit."""

    def __init__(self) -> None:
        self.simulator = StceSimulator(RtlDesign(rows=4, columns=4, pattern=PATTERN))

    def product(self, left: Half, right: Half, mask: Mask | None, mapping: Mapping) -> Single:
        operand: RightOperand = (
            dense_operand(right, group=PATTERN.m)
            if mask is None
            else packed_operand(right, mask, PATTERN)
        )
        found = self.simulator.product(left, operand, mapping)
        whole = right if mask is None else np.where(mask, right, np.float16(0))
        wanted = dot_in_order(left[:, None, :], np.ascontiguousarray(whole.T)[None])
        np.testing.assert_array_equal(found.result.view(np.uint32), wanted.view(np.uint32))
        shape = Shape(rows=len(left), depth=operand.depth, columns=operand.columns)
        assert found.cycles == full_count(shape, self.simulator.design.array, mapping).cycles
        return found.result


def updated(weight: Single, gradient: Half, kept: Mask) -> tuple[Single, Half]:
    """What WUVE makes of a weight whose velocity is zero."""
    lane = WuveLane()
    numbers = np.array([MOMENTUM, RATE, 0.0, DECAY], np.float32)
    constants = Constants(*numbers)
    seen = driven(
        lane,
        {
            "weight": weight.reshape(-1).view(np.uint32),
            "velocity": np.zeros(weight.size, np.uint32),
            "gradient": gradient.reshape(-1).view(np.uint16),
            "kept": kept.reshape(-1),
            "valid": np.ones(weight.size, np.bool_),
        },
        ["weight_out", "half_out"],
        constants={name: int(value.view(np.uint32)) for name, value in constants._asdict().items()},
        clocks=weight.size + lane.latency - 1,
    )
    late = {name: values[lane.latency - 1 :] for name, values in seen.items()}
    expected = update(weight, np.zeros_like(weight), gradient, kept, constants=constants)
    np.testing.assert_array_equal(late["weight_out"], expected.weight.view(np.uint32).reshape(-1))
    np.testing.assert_array_equal(late["half_out"], expected.half.view(np.uint16).reshape(-1))
    return expected.weight, expected.half


def network(seed: int) -> tuple[list[Half], Half, Half]:
    chance = np.random.default_rng(seed)
    weights = [
        chance.normal(0, (2 / inputs) ** 0.5, (outputs, inputs)).astype(np.float16)
        for inputs, outputs in pairwise(WIDTHS)
    ]
    x = chance.normal(size=(BATCH, WIDTHS[0])).astype(np.float16)
    return weights, x, chance.normal(size=(BATCH, WIDTHS[-1])).astype(np.float16)


def in_software(weights: list[Half], x: Half, wanted: Half) -> tuple[list[Single], list[Masks]]:
    """Weights after a step of torch's, and the masks that it used."""
    model = nn.Sequential(
        nn.Linear(WIDTHS[0], WIDTHS[1], bias=False),
        nn.ReLU(),
        nn.Linear(WIDTHS[1], WIDTHS[2], bias=False),
    )
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.copy_(torch.from_numpy(weight.astype(np.float32)))
    masks = [
        Masks(
            forward=magnitude_mask(layer.weight, PATTERN).numpy(),
            backward=magnitude_mask(layer.weight, PATTERN, along="rows").numpy(),
        )
        for layer in layers
    ]
    sparsifier = sparsify(model, Sparsity(pattern=PATTERN, decay=DECAY), exempt=())
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    sparsifier.attach(optimizer)
    answer = model(torch.from_numpy(x.astype(np.float32)))
    loss = (answer - torch.from_numpy(wanted.astype(np.float32))).square().sum() / (2 * BATCH)
    loss.backward()
    optimizer.step()
    return [layer.weight.detach().numpy().copy() for layer in layers], masks


@pytest.mark.claim("bdwp.rtl.step")
@pytest.mark.slow
def test_a_training_step_through_the_hardware_is_that_of_the_software() -> None:
    weights, x, wanted = network(3)
    software, software_masks = in_software(weights, x, wanted)
    hardware = Hardware()

    masks = [Masks.of(weight) for weight in weights]
    for own, theirs in zip(masks, software_masks, strict=True):
        np.testing.assert_array_equal(own.forward, theirs.forward)
        np.testing.assert_array_equal(own.backward, theirs.backward)

    inputs = [x]
    for number, weight in enumerate(weights):
        sums = hardware.product(inputs[-1], weight.T, masks[number].forward.T, WEIGHTS_STAY)
        inputs.append(half_of(np.maximum(sums, 0) if number < len(weights) - 1 else sums))
    off = inputs[-1].astype(np.float32) - wanted.astype(np.float32)
    error = half_of(off / np.float32(BATCH))

    gradients: list[Half] = []
    for number in reversed(range(len(weights))):
        turned = np.ascontiguousarray(inputs[number].T)
        gradients.insert(0, half_of(hardware.product(turned, error, None, OUTPUTS_STAY)).T)
        if number:
            back = hardware.product(error, weights[number], masks[number].backward, OUTPUTS_STAY)
            error = half_of(np.where(inputs[number] > 0, back, np.float32(0)))

    for number, weight in enumerate(weights):
        gradient = np.ascontiguousarray(gradients[number])
        master, half = updated(weight.astype(np.float32), gradient, masks[number].forward)
        # FP16 has 11 bits of significand; gradients are of the order of 1, the rate is 0.05.
        np.testing.assert_allclose(master, software[number], atol=2e-4)
        ready = Masks.of(half)
        whole = torch.from_numpy(half.astype(np.float32))
        np.testing.assert_array_equal(ready.forward, magnitude_mask(whole, PATTERN).numpy())
        np.testing.assert_array_equal(
            ready.backward, magnitude_mask(whole, PATTERN, along="rows").numpy()
        )
        moved = np.abs(master - weight.astype(np.float32)).max()
        assert moved > 10 * np.abs(master - software[number]).max()
