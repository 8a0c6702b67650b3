"""Transformer layers over packed weights, gone through in one native call.

A short text makes dozens of small operations of every layer, and what each costs beside its numbers
is most of the time. A `Chain` knows the addresses of all weights of a stack of layers, so that
one call does the whole: products, attention, layer norms and GELU.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float
from torch import Tensor

from tidemill.core.errors import InputError
from tidemill.sparsity.kernels import Form
from tidemill.sparsity.library import call, number, run

__all__ = ["MOST_PLACES", "Chain", "ChainLayer", "Dense", "Norm"]

MOST_PLACES = 8_192
"""Places of a text: as many scores of a few queries as a thread has room for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense:
    """A map X W^T + b over a packed weight.

    Attributes:
        form: W, float32.
        bias: b, float32, or None.
    """

    form: Form
    bias: Float[Tensor, " outputs"] | None

    def numbers(self) -> Iterator[int]:
        """Yield its numbers and addresses in the library's order."""
        form = self.form
        yield from (form.values.data_ptr(), form.offsets.data_ptr())
        yield 0 if self.bias is None else self.bias.data_ptr()
        yield from (form.pattern.n, form.pattern.m)

    def check(self, outputs: int, inputs: int) -> None:
        """Refuse what the library cannot read.

        Raises:
            InputError: A part has another type or size.
        """
        form = self.form
        if (form.rows, form.columns, form.dtype) != (outputs, inputs, torch.float32):
            raise InputError(
                f"a form of {form.rows:,} x {form.columns:,} {form.dtype} where one of {outputs:,}"
                f" x {inputs:,} torch.float32 is wanted"
            )
        form.check()
        if self.bias is not None:
            _check(self.bias, "a bias", outputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Norm:
    """A layer norm.

    Attributes:
        weight: What normalised numbers are multiplied with, float32.
        bias: What is added then, float32.
    """

    weight: Float[Tensor, " width"]
    bias: Float[Tensor, " width"]

    def numbers(self) -> Iterator[int]:
        """Yield its addresses in the library's order."""
        yield from (self.weight.data_ptr(), self.bias.data_ptr())

    def check(self, width: int) -> None:
        """Refuse what the library cannot read.

        Raises:
            InputError: A part has another type or size.
        """
        _check(self.weight, "the weight of a norm", width)
        _check(self.bias, "the bias of a norm", width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChainLayer:
    """A post-norm layer: G = attended(mixed(joint(H)) + H), H = fed(narrow(gelu(wide(G))) + G).

    Attributes:
        joint: Query, key and value, one after the other.
        mixed: From the heads to the width.
        wide: From the width to that inside the feed-forward part.
        narrow: And back.
        attended: After attention.
        fed: After the feed-forward part.
    """

    joint: Dense
    mixed: Dense
    wide: Dense
    narrow: Dense
    attended: Norm
    fed: Norm

    @property
    def width(self) -> int:
        """Numbers of a place."""
        return self.joint.form.columns

    @property
    def inner(self) -> int:
        """Numbers of a place inside the feed-forward part."""
        return self.wide.form.rows

    def numbers(self) -> Iterator[int]:
        """Yield its numbers and addresses in the library's order."""
        for part in fields(self):
            yield from getattr(self, part.name).numbers()

    def check(self, width: int, inner: int) -> None:
        """Refuse what the library cannot read.

        Raises:
            InputError: A part has another type or size.
        """
        self.joint.check(3 * width, width)
        self.mixed.check(width, width)
        self.wide.check(inner, width)
        self.narrow.check(width, inner)
        self.attended.check(width)
        self.fed.check(width)


class Chain:
    """A stack of layers of one size, ready to be gone through.

    It keeps all weights that it points to. Their memory must not be replaced while it is used.

    Args:
        layers: At least one.
        heads: Of attention.
        epsilon: What the norms add to the variance.

    Raises:
        InputError: Something has another type or size, or the heads do not divide the width.
    """

    def __init__(self, layers: Sequence[ChainLayer], *, heads: int, epsilon: float) -> None:
        self._layers = tuple(layers)
        self._width, self._inner, self._heads = layers[0].width, layers[0].inner, heads
        if heads < 1 or self._width % heads:
            raise InputError(f"{heads} heads do not divide a width of {self._width:,}")
        for layer in self._layers:
            layer.check(self._width, self._inner)
        self._numbers = array("q", [number for layer in layers for number in layer.numbers()])
        self._epsilon = array("f", [epsilon])

    def run(
        self,
        hidden: Float[Tensor, "batch places width"],
        mask: Float[Tensor, "batch 1 places places"] | None = None,
        *,
        depth: int | None = None,
        isa: str | None = None,
    ) -> Float[Tensor, "batch places width"]:
        """Return what the layers make of hidden states.

        Args:
            hidden: float32.
            mask: Added to the scores of attention; None where all places attend all.
            depth: Layers that are gone through; by default all.
            isa: One of `kernels.isas`, or the best.

        Raises:
            InputError: Something has another type or size, or there are too many places.
        """
        batch, places, width = hidden.shape
        _check(hidden, "hidden states", batch, places, self._width)
        if mask is not None:
            _check(mask, "the mask", batch, 1, places, places)
        if places > MOST_PLACES:
            raise InputError(f"{places:,} places of a text, and there is room for {MOST_PLACES:,}")
        count = len(self._layers[:depth])
        if not count:
            return hidden
        sizes = array("q", [batch, places, width, self._heads, self._inner])
        room = hidden.new_empty(call("encoding_room", _address(sizes)))
        found = torch.empty_like(hidden)
        run(
            "encode",
            _address(sizes),
            _address(self._numbers),
            count,
            _address(self._epsilon),
            hidden.data_ptr(),
            0 if mask is None else mask.data_ptr(),
            found.data_ptr(),
            room.data_ptr(),
            number(isa),
            torch.get_num_threads(),
        )
        return found


def _address(numbers: "array[int] | array[float]") -> int:
    return numbers.buffer_info()[0]


def _check(tensor: Tensor, what: str, *shape: int) -> None:
    is_whole = tensor.is_contiguous() and tensor.device.type == "cpu"
    if tensor.dtype != torch.float32 or tensor.shape != shape or not is_whole:
        raise InputError(
            f"{what} {tuple(tensor.shape)} {tensor.dtype} is not torch.float32 {shape}, contiguous"
            " on the CPU"
        )
