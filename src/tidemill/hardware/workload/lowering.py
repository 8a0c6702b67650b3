"""A model's products become those of a training step on a batch.

The input's gradient of a convolution with strides is made phase by phase: places of the input
that lie alike under the windows are reached by the same of their weights, and by no others. So no
zeros are multiplied, and the step's two backward products have the multiply-accumulates of the
forward one each. Windows with gaps are taken for windows without, and what lies beyond an image's
border for a part of it; writing the zeros where no window reaches is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from tidemill.core.errors import SettingError
from tidemill.hardware.workload.gemm import Gemm
from tidemill.hardware.workload.layer import Layer, Pointwise
from tidemill.hardware.workload.network import Network
from tidemill.models.products import BatchedProduct, ModelProducts, WeightProduct

__all__ = ["network"]

MOST_EXAMPLES = 1 << 31


def network(
    products: ModelProducts, *, name: str, batch: int, notes: Sequence[str] = ()
) -> Network:
    """Return a training step of a model.

    Args:
        products: What the model computes for an example.
        name: Of the model.
        batch: Examples of a step.
        notes: What had to be assumed.

    Raises:
        SettingError: There is no example, or there are too many.
    """
    if not 1 <= batch <= MOST_EXAMPLES:
        raise SettingError(f"a batch of {batch} examples", hint=f"It has 1 to {MOST_EXAMPLES:,}.")
    return Network(
        name=name,
        batch=batch,
        layers=tuple(_layers(products, batch)),
        between=tuple(
            Pointwise(name=work.name, kind=work.kind, elements=batch * work.elements)
            for work in products.between
        ),
        notes=tuple(notes),
    )


def _layers(products: ModelProducts, batch: int) -> Iterator[Layer]:
    """Yield the layers in the order in which they run."""
    attention = {
        after: list(found) for after, found in groupby(products.attention, lambda one: one.after)
    }
    for number in range(len(products.products) + 1):
        if number:
            yield _weighted(products.products[number - 1], batch)
        for name, parts in groupby(attention.get(number, ()), lambda one: one.name):
            yield _attention(name, list(parts), batch)


def _weighted(product: WeightProduct, batch: int) -> Layer:
    rows = batch * product.rows
    distinct = _distinct(product)
    forward = Gemm(
        rows=rows,
        contraction=product.contraction,
        columns=product.outputs,
        count=product.groups,
        distinct=distinct,
    )
    update = Gemm(
        rows=product.contraction,
        contraction=rows,
        columns=product.outputs,
        count=product.groups,
        distinct=distinct,
    )
    return Layer(
        name=product.name,
        kind=product.kind,
        stages={
            "forward": (forward,),
            "backward": () if product.is_first else tuple(_phases(product, rows)),
            "update": (update,),
        },
        inputs=product.inputs,
        outputs=product.outputs,
        weights=product.weights,
        dense_because=product.dense_because,
    )


def _distinct(product: WeightProduct) -> Fraction:
    """Return the share of the unfolded input that is no repetition.

    A place of the input stands there once for every window that sees it, which to either side are
    as many as the window is strides long.
    """
    share = Fraction(1)
    for side, step in zip(product.window, product.stride, strict=True):
        share *= min(Fraction(1), Fraction(step, side))
    return share


def _phases(product: WeightProduct, rows: int) -> Iterator[Gemm]:
    """Yield the products of the input's gradient, one for each phase of the windows.

    A phase has about as many places of the input as there are places of the output. Over its
    windows of taps, which are one place apart, it reads every gradient of an output once for each
    tap, of which all but the first are repetitions.
    """
    for high in _taps(product.window[0], product.stride[0]):
        for wide in _taps(product.window[1], product.stride[1]):
            yield Gemm(
                rows=rows,
                contraction=product.outputs * high * wide,
                columns=product.inputs,
                count=product.groups,
                distinct=Fraction(1, high * wide),
            )


def _taps(side: int, step: int) -> Iterator[int]:
    """Yield how many weights of a window's side reach each phase, where any does."""
    for phase in range(min(side, step)):
        yield -(-(side - phase) // step)


def _attention(name: str, parts: Iterable[BatchedProduct], batch: int) -> Layer:
    """Both factors of a product have a gradient: dA = dC B^T, and dB = A^T dC."""
    forward: list[Gemm] = []
    backward: list[Gemm] = []
    for part in parts:
        count = batch * part.count
        rows, contraction, columns = part.rows, part.contraction, part.columns
        forward.append(Gemm(rows=rows, contraction=contraction, columns=columns, count=count))
        backward.append(Gemm(rows=rows, contraction=columns, columns=contraction, count=count))
        backward.append(Gemm(rows=contraction, contraction=rows, columns=columns, count=count))
    return Layer(
        name=name,
        kind="attention",
        stages={"forward": tuple(forward), "backward": tuple(backward), "update": ()},
    )
