"""How much faster convolutions with N:M sparse weights are than dense ones.

Every sparse product is timed in turn with torch's own convolution (oneDNN) of the same type in
``channels_last``, in one thread, by what the thread got of the processor; of each the fastest run
counts. Forward and the input's gradient (dX) are measured for the 3x3 convolutions of a ResNet-9
at two widths, and a whole training step for a stack of those: dense, sparse as `sparsify` makes it
(what does not pay has masked dense weights there), and sparse with masked dense weights alone.

    .venv/bin/python benches/nm_convolution.py [--quick]
"""

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from report import Figure, show
from tidemill.sparsity import kernels
from tidemill.sparsity.convolution import as_matrix, kernels_pay
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity
from tidemill.sparsity.window import Window

SHAPES = {
    64: ((64, 128, 32), (128, 128, 16), (128, 256, 16), (256, 512, 8), (512, 512, 4)),
    16: ((16, 32, 32), (32, 32, 16), (32, 64, 16), (64, 128, 8), (128, 128, 4)),
}
"""Channels in and out, and the image's side; by the width of a ResNet-9."""

PATTERNS = ("2:8", "2:4", "1:8")
DTYPES = (torch.float32, torch.bfloat16)
BATCH = 128
WINDOW = Window(kernel=(3, 3), padding=(1, 1))
NEVER_BELOW = 0.95
"""What a step may lose to noise."""

Shape = tuple[int, int, int]
Ways = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One product beside its dense peer."""

    product: str
    pattern: str
    dtype: torch.dtype
    shape: Shape
    ratio: float

    @property
    def pays(self) -> bool:
        """Whether layers use the kernel here."""
        outputs = self.shape[1] if self.product == "forward" else self.shape[0]
        return kernels_pay(outputs, NMPattern.parse(self.pattern).density, self.dtype)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the kernels")
    parser.add_argument("--quick", action="store_true", help="a batch of 16, under a minute")
    arguments = parser.parse_args()
    if not kernels.available():
        raise SystemExit(f"no native kernels: {kernels.why_not()}")
    if arguments.prepare:
        return
    torch.set_num_threads(1)
    batch, seconds = (16, 0.4) if arguments.quick else (BATCH, 2.0)
    print(f"instruction set {kernels.isa()}, 1 thread, batch {batch}; times as fast as dense")
    print("in brackets: the kernel does not pay by the rule, and layers stay dense")
    found = [
        one
        for dtype in DTYPES
        for shapes in SHAPES.values()
        for shape in shapes
        for one in _products(batch, shape, dtype, seconds)
    ]
    figures = _product_figures(found)
    for width in SHAPES:
        for dtype in DTYPES:
            figures += _step_figures(batch, width, dtype, seconds)
    show("nm_convolution", figures, quick=arguments.quick)


def _products(batch: int, shape: Shape, dtype: torch.dtype, seconds: float) -> list[Measured]:
    """Measure both products of one convolution, and print a line of ratios."""
    best = _fastest(_ways(batch, shape, dtype), seconds)
    found = [
        Measured(
            product=product,
            pattern=text,
            dtype=dtype,
            shape=shape,
            ratio=best[f"{product} dense"] / best[f"{product} {text}"],
        )
        for product in ("forward", "dX")
        for text in PATTERNS
    ]
    inputs, outputs, side = shape
    rate = 2e-9 * batch * side * side * inputs * outputs * WINDOW.area / best["forward dense"]
    told = "  ".join(
        f"{one.product} {one.pattern} {f'{one.ratio:.2f}' if one.pays else f'({one.ratio:.2f})':>6}"
        for one in found
    )
    size = f"{_name(dtype)} {inputs} > {outputs}, {side} x {side}"
    print(f"{size:>28}: dense {rate:4.0f} GF/s  {told}", flush=True)
    return found


def _ways(batch: int, shape: Shape, dtype: torch.dtype) -> dict[str, Callable[[], object]]:
    """Return dense and sparse products; each sparse one is checked once."""
    inputs, outputs, side = shape
    x, gradient = _images(batch, inputs, side, dtype), _images(batch, outputs, side, dtype)
    weight = _drawn(outputs, inputs, 3, 3)
    dense = weight.to(dtype)

    def backward(chosen: Tensor) -> Tensor:
        found: Tensor = torch.ops.aten.convolution_backward(
            gradient, x, chosen, None, [1, 1], [1, 1], [1, 1],
            transposed=False, output_padding=[0, 0], groups=1, output_mask=[True, False, False],
        )[0]  # fmt: skip
        return found

    ways: dict[str, Callable[[], object]] = {
        "forward dense": lambda: functional.conv2d(x, dense, None, 1, 1),
        "dX dense": lambda: backward(dense),
    }
    # The input's gradient is a convolution with the kernel turned, inputs and outputs exchanged.
    turned = weight.flip(2, 3).transpose(0, 1)
    for text in PATTERNS:
        pattern = NMPattern.parse(text)
        for product, given, part in (("forward", x, weight), ("dX", gradient, turned)):
            matrix = as_matrix(part).contiguous()
            form = kernels.made(matrix, pattern, along="columns", dtype=dtype)
            kept = (matrix * magnitude_mask(matrix, pattern)).to(dtype)
            wanted = kept.view(len(part), 3, 3, -1).permute(0, 3, 1, 2)
            few = given[:2]
            _check(kernels.convolved(few, form, WINDOW), functional.conv2d(few, wanted, None, 1, 1))
            ways[f"{product} {text}"] = lambda given=given, form=form: kernels.convolved(  # type: ignore[misc]
                given, form, WINDOW
            )
    return ways


def _step_figures(batch: int, width: int, dtype: torch.dtype, seconds: float) -> list[Figure]:
    """Measure training steps of a stack of convolutions, as dense and as sparse layers."""
    steps = {"dense": _step(batch, width, dtype, None)}
    for text in PATTERNS:
        steps[text] = _step(batch, width, dtype, text)
        steps[f"masked {text}"] = _step(batch, width, dtype, text, with_kernels=False)
    best = _fastest(steps, 4 * seconds)
    return [
        Figure(
            name=f"step of a stack from {SHAPES[width][0][0]} channels, {text} {_name(dtype)}",
            value=best["dense"] / best[text],
            unit="x",
            peer=f"dense 1, masked dense {best['dense'] / best[f'masked {text}']:.2f}",
            target="masked dense is no faster",
            met=best[f"masked {text}"] / best[text] >= NEVER_BELOW,
        )
        for text in PATTERNS
    ]


def _step(
    batch: int, width: int, dtype: torch.dtype, text: str | None, *, with_kernels: bool = True
) -> Callable[[], object]:
    """Return a step: forward, backward with the gradient of the first input, update, operands."""
    parts: list[nn.Module] = []
    side = SHAPES[width][0][2]
    for inputs, outputs, wanted in SHAPES[width]:
        if wanted < side:
            parts.append(nn.MaxPool2d(side // wanted))
        side = wanted
        parts += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.ReLU()]
    net = nn.Sequential(*parts).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6, momentum=0.9)
    if text is not None:
        sparsifier = sparsify(net, Sparsity.parse(text), exempt=(), dtype=dtype)
        sparsifier.attach(optimizer)
        if not with_kernels:
            for layer in sparsifier.layers.values():
                layer.operands.pays = (False, False)
            sparsifier.make()
    x = _images(batch, SHAPES[width][0][0], SHAPES[width][0][2], dtype).requires_grad_()

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
            found = net(x)
        found.float().square().mean().backward()
        optimizer.step()

    return step


def _product_figures(found: Sequence[Measured]) -> list[Figure]:
    """Tell mean and worst ratio of the products for which layers use kernels."""
    figures = []
    for dtype in DTYPES:
        for text in PATTERNS:
            for product in ("forward", "dX"):
                kind = (product, text, dtype)
                some = [
                    one
                    for one in found
                    if (one.product, one.pattern, one.dtype) == kind and one.pays
                ]
                if some:
                    figures += _ratio_figures(f"{product} {text} {_name(dtype)}", some)
    return figures


def _ratio_figures(name: str, some: Sequence[Measured]) -> list[Figure]:
    worst = min(some, key=lambda one: one.ratio)
    mean = math.exp(sum(math.log(one.ratio) for one in some) / len(some))
    where = f"{worst.shape[0]} > {worst.shape[1]}, {worst.shape[2]} x {worst.shape[2]}"
    return [
        Figure(name=f"{name}, mean of {len(some)}", value=mean, unit="x", peer="conv2d 1"),
        Figure(
            name=f"{name}, worst ({where})",
            value=worst.ratio,
            unit="x",
            peer="conv2d 1",
            target=">= 1",
            met=worst.ratio >= 1,
        ),
    ]


def _fastest(ways: Ways, seconds: float) -> dict[str, float]:
    """Run all in turn for some time."""
    best = dict.fromkeys(ways, math.inf)
    ends = time.perf_counter() + seconds
    rounds = 0
    while rounds < 3 or time.perf_counter() < ends:
        rounds += 1
        for name, way in ways.items():
            begun = time.thread_time()
            way()
            best[name] = min(best[name], time.thread_time() - begun)
    return best


def _check(found: Tensor, wanted: Tensor) -> None:
    error = (found - wanted).abs().max() / wanted.abs().max()
    if not error < (1e-5 if found.dtype is torch.float32 else 1e-2):
        raise SystemExit(f"a convolution in {found.dtype} computes something else")


def _drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7))


def _images(batch: int, channels: int, side: int, dtype: torch.dtype) -> Tensor:
    images = _drawn(batch, channels, side, side).to(dtype)
    return images.contiguous(memory_format=torch.channels_last)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


if __name__ == "__main__":
    main()
