"""How much faster products with N:M sparse weights are than dense ones.

Every sparse product, its layout changes included, is timed in turn with torch's own
``functional.linear`` of the same type, bias and number of threads; of each the fastest run counts.
One shape is also multiplied by torch's CSR matrices (MKL). The peak of the processor is measured
in the same run, by a loop of multiply-adds that touches registers alone.

    .venv/bin/python benches/nm_kernels.py [--quick]
"""

import argparse
import ctypes
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn import functional

from report import Figure, show
from tidemill.core.compiler import compile_library, find_compiler
from tidemill.sparsity import kernels
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.pattern import NMPattern

SHAPES = ((768, 768), (768, 3072), (3072, 768), (256, 1024))
"""Contraction and outputs."""

TOKENS = (256, 1024, 4096)
FEW_TOKENS = (1, 64)
THREADS = (1, 2)

TARGETS = {
    (torch.float32, "2:8"): (3.1, 2.8),
    (torch.float32, "2:4"): (1.7, 1.6),
    (torch.float32, "1:8"): (5.4, 5.0),
    (torch.bfloat16, "2:8"): (1.9, 1.7),
}
"""Geometric mean and worst shape of each kind of product."""

PEAK = """
#include <immintrin.h>
typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));
extern "C" double multiply_adds(long rounds) {
  Vector sums[12], weight = Vector{} + 0.5f;
  for (int i = 0; i < 12; ++i) sums[i] = Vector{} + float(i);
  for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) sums[i] = sums[i] * weight + weight;
  }
  float all = 0;
  for (auto& sum : sums) all += sum[0];
  return all;
}
"""

Kind = tuple[torch.dtype, str]
Ways = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One product beside its dense peer, in seconds."""

    kind: Kind
    shape: tuple[int, int, int]
    threads: int
    seconds: float
    dense: float

    @property
    def ratio(self) -> float:
        """How many times as fast as the dense product."""
        return self.dense / self.seconds

    @property
    def gigaflops(self) -> float:
        """Arithmetic that was done a second: that of kept weights."""
        tokens, columns, rows = self.shape
        density = NMPattern.parse(self.kind[1]).density
        return 2e-9 * tokens * columns * rows * density / self.seconds


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the kernels")
    parser.add_argument("--quick", action="store_true", help="256 tokens alone, under a minute")
    arguments = parser.parse_args()
    if not kernels.available():
        raise SystemExit(f"no native kernels: {kernels.why_not()}")
    if arguments.prepare:
        return
    seconds = 0.3 if arguments.quick else 1.5
    tokens = TOKENS[:1] if arguments.quick else TOKENS
    print(f"instruction set {kernels.isa()}; ratios to functional.linear of the same type")
    peak = _peak_gigaflops()
    found = [
        one
        for threads in THREADS
        for count in (*tokens, *FEW_TOKENS)
        for shape in SHAPES
        for one in _products((count, *shape), threads, seconds)
    ]
    many = [one for one in found if one.shape[0] in tokens]
    figures = [
        *_ratio_figures(many),
        *_few_figures(found),
        *_peak_figures(many, peak),
        *_csr_figures(seconds),
        *_making_figures(seconds),
    ]
    torch.set_num_threads(max(THREADS))
    show("nm_kernels", figures, quick=arguments.quick)


def _products(shape: tuple[int, int, int], threads: int, seconds: float) -> list[Measured]:
    """Measure every kind of product of one shape, and print a line of ratios."""
    torch.set_num_threads(threads)
    ways: dict[str, Callable[[], object]] = {}
    for dtype in (torch.float32, torch.bfloat16):
        ways |= _ways(shape, dtype)
    best = _fastest(ways, threads, seconds)
    found = [
        Measured(
            kind=kind,
            shape=shape,
            threads=threads,
            seconds=best[_name(*kind)],
            dense=best[_name(kind[0], "dense")],
        )
        for kind in TARGETS
    ]
    told = "  ".join(f"{_name(*one.kind)} {one.ratio:5.2f}" for one in found)
    rate = 2e-9 * math.prod(shape) / best[_name(torch.float32, "dense")]
    size = " x ".join(f"{side:,}" for side in shape)
    print(f"{_threads(threads):>9} {size:>20}: dense {rate:4.0f} GF/s  {told}", flush=True)
    return found


def _ways(shape: tuple[int, int, int], dtype: torch.dtype) -> dict[str, Callable[[], object]]:
    """Return the dense product and the sparse ones; each sparse one is checked once."""
    x, weight, bias = _operands(shape)
    operands = (x.to(dtype), weight.to(dtype), bias.to(dtype))
    ways: dict[str, Callable[[], object]] = {
        _name(dtype, "dense"): lambda: functional.linear(*operands)
    }
    for kind, text in TARGETS:
        if kind is dtype:
            pattern = NMPattern.parse(text)
            form = kernels.made(weight, pattern, along="columns", dtype=dtype)
            masked = operands[1] * magnitude_mask(weight, pattern)
            wanted = functional.linear(operands[0], masked, operands[2])
            found = kernels.product(operands[0], form, operands[2])
            error = (found - wanted).abs().max() / wanted.abs().max()
            if not error < (1e-5 if dtype is torch.float32 else 1e-2):
                raise SystemExit(f"{text} {dtype} computes something else")
            ways[_name(dtype, text)] = lambda form=form: kernels.product(  # type: ignore[misc]
                operands[0], form, operands[2]
            )
    return ways


def _operands(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    tokens, columns, rows = shape
    source = torch.Generator().manual_seed(7)
    x = torch.randn(tokens, columns, generator=source)
    weight = torch.randn(rows, columns, generator=source)
    return x, weight, torch.randn(rows, generator=source)


def _fastest(ways: Ways, threads: int, seconds: float) -> dict[str, float]:
    """Run all in turn for some time; one thread is timed by what it got of the processor."""
    clock = time.thread_time if threads == 1 else time.perf_counter
    best = dict.fromkeys(ways, math.inf)
    ends = time.perf_counter() + seconds
    rounds = 0
    while rounds < 4 or time.perf_counter() < ends:
        rounds += 1
        for name, way in ways.items():
            begun = clock()
            way()
            best[name] = min(best[name], clock() - begun)
    return best


def _name(dtype: torch.dtype, text: str) -> str:
    return f"{text} {str(dtype).removeprefix('torch.')}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _ratio_figures(found: Sequence[Measured]) -> list[Figure]:
    """Tell the geometric mean and the worst shape of each kind."""
    figures = []
    for threads in THREADS:
        for kind, (mean, least) in TARGETS.items():
            some = [one for one in found if one.kind == kind and one.threads == threads]
            worst = min(some, key=lambda one: one.ratio)
            size = " x ".join(str(side) for side in worst.shape)
            figures += [
                _ratio_figure(f"{_name(*kind)}, {_threads(threads)}, mean", _mean(some), mean),
                _ratio_figure(
                    f"{_name(*kind)}, {_threads(threads)}, worst ({size})", worst.ratio, least
                ),
            ]
    return figures


def _ratio_figure(name: str, value: float, target: float) -> Figure:
    return Figure(
        name=name,
        value=value,
        unit="x",
        peer="functional.linear 1",
        target=f">= {target}",
        met=value >= target,
    )


def _mean(some: Sequence[Measured]) -> float:
    return math.exp(sum(math.log(one.ratio) for one in some) / len(some))


def _few_figures(found: Sequence[Measured]) -> list[Figure]:
    return [
        Figure(
            name=f"{_name(*kind)}, {tokens} token{'s' if tokens > 1 else ''}, 1 thread, mean",
            value=_mean(
                [
                    one
                    for one in found
                    if one.shape[0] == tokens and one.kind == kind and one.threads == 1
                ]
            ),
            unit="x",
            peer="functional.linear 1",
        )
        for tokens in FEW_TOKENS
        for kind in TARGETS
    ]


def _peak_figures(found: Sequence[Measured], peak: float) -> list[Figure]:
    """Say which share of the multiply-adds that registers allow the kernels do."""
    figures = []
    for text in ("2:8", "2:4", "1:8"):
        some = [one for one in found if one.kind == (torch.float32, text) and one.threads == 1]
        rate = sum(one.gigaflops for one in some) / len(some)
        dense = sum(one.gigaflops * one.seconds / one.dense for one in some) / len(some)
        dense /= NMPattern.parse(text).density
        figures.append(
            Figure(
                name=f"{text} float32 of peak, 1 thread",
                value=100 * rate / peak,
                unit="%",
                peer=f"functional.linear {100 * dense / peak:.0f}; peak {peak:.0f} GF/s",
            )
        )
    return figures


def _peak_gigaflops() -> float:
    """Measure multiply-adds of one thread that need no memory."""
    compiler = find_compiler()
    if compiler is None:
        return math.nan
    size = 64 if "avx512" in kernels.isas() else 32
    with TemporaryDirectory(prefix="tidemill-") as name:
        source, library = Path(name) / "peak.cpp", Path(name) / "peak.so"
        source.write_text(PEAK)
        flags = ["-O3", "-march=native", "-ffp-contract=fast", f"-DVECTOR_BYTES={size}"]
        compile_library(compiler, [source], flags, library)
        loop = ctypes.CDLL(str(library)).multiply_adds
        loop.argtypes, loop.restype = [ctypes.c_long], ctypes.c_double
        best = _fastest({"peak": lambda: loop(200_000)}, 1, 0.3)["peak"]
    return 2e-9 * 12 * size / 4 * 200_000 / best


def _csr_figures(seconds: float) -> list[Figure]:
    """Measure torch's CSR matrices once, at 2:8."""
    torch.set_num_threads(1)
    x, weight, bias = _operands((1024, 768, 768))
    pattern = NMPattern(2, 8)
    form = kernels.made(weight, pattern, along="columns")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its CSR a beta
        csr = (weight * magnitude_mask(weight, pattern)).to_sparse_csr()
    turned = x.T.contiguous()
    best = _fastest(
        {
            "ours": lambda: kernels.product(x, form, bias),
            "dense": lambda: functional.linear(x, weight, bias),
            "csr": lambda: csr @ turned,
        },
        1,
        seconds,
    )
    return [
        Figure(
            name="2:8 float32, 1024 x 768 x 768, 1 thread",
            value=best["dense"] / best["ours"],
            unit="x",
            peer=f"functional.linear 1; CSR of MKL {best['dense'] / best['csr']:.2f}",
            target="faster than both",
            met=best["ours"] < min(best["dense"], best["csr"]),
        )
    ]


def _making_figures(seconds: float) -> list[Figure]:
    """Measure how long an update of a weight takes until its forms are there."""
    torch.set_num_threads(1)
    _, weight, _ = _operands((1, 768, 3072))
    pattern = NMPattern(2, 8)
    figures = []
    for dtype in (torch.float32, torch.bfloat16):
        forms = [
            kernels.made(weight, pattern, along="columns", dtype=dtype),
            kernels.made(weight, pattern, along="rows", dtype=dtype),
        ]
        best = _fastest(
            {
                "columns": lambda dtype=dtype, form=forms[0]: kernels.made(  # type: ignore[misc]
                    weight, pattern, along="columns", dtype=dtype, into=form
                ),
                "rows": lambda dtype=dtype, form=forms[1]: kernels.made(  # type: ignore[misc]
                    weight, pattern, along="rows", dtype=dtype, into=form
                ),
                "mask": lambda: magnitude_mask(weight, pattern),
            },
            1,
            seconds,
        )
        both = 1e3 * (best["columns"] + best["rows"])
        figures.append(
            Figure(
                name=f"both {_name(dtype, '2:8')} forms of 768 x 3072, 1 thread",
                value=both,
                unit="ms",
                peer=f"one mask in torch {1e3 * best['mask']:.0f}",
                target="< 3 ms",
                met=both < 3,
            )
        )
    return figures


if __name__ == "__main__":
    main()
