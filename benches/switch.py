"""What a switch to another expert costs: from disk, from the host tier, and between active ones.

An expert of 400 MB and one of 10 MB, dense in fp32 and packed at 2:8, beside what torch and
safetensors users do (read into new memory, then copy into the model) and the limits of the machine:
one sequential read of the same bytes into memory that is there, and one copy of them. Before every
cold switch the file's pages are sent out of memory, mincore has to say that none is left, and
nothing may map the file. Ways take turns in every round; the fastest round counts. Tokenizers are
kept by hash, so their parsing is no part of a switch.

    .venv/bin/python benches/switch.py [--prepare] [--quick]
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from residency import is_mapped, make_cold
from safetensors.torch import load_file
from switch_experts import FOLDER, config_of, expert, made

from report import Figure, show
from tidemill.core.clock import SystemClock
from tidemill.experts.package import ExpertPackage
from tidemill.models.encoder import Encoder
from tidemill.serving.commands import Command, Preparation
from tidemill.serving.loader import read_loading
from tidemill.serving.memory.active import active_bytes
from tidemill.serving.memory.arena import Arena, Span
from tidemill.serving.memory.host import HostTier
from tidemill.serving.policies.lru import Lru
from tidemill.serving.workbench import Workbench

GB = 1 << 30
ROUNDS = {"large": 5, "small": 15}
WARM_SWITCHES = 200


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="write the experts once")
    parser.add_argument("--quick", action="store_true", help="the small expert alone")
    arguments = parser.parse_args()
    if arguments.prepare:
        made()
        return
    sizes = ("small",) if arguments.quick else ("large", "small")
    figures = [figure for size in sizes for figure in _figures(size)]
    show("switch", figures, quick=arguments.quick)


class Bench:
    """The tiers as a worker and its node have them, in one process.

    Args:
        size: ``large`` or ``small``.
    """

    def __init__(self, size: str) -> None:
        self.packages = {
            kind: expert(f"{size}-{kind}") for kind in ("a", "b", "sparse", "sparse-b")
        }
        whole = sum(package.bytes_on_disk for package in self.packages.values())
        self.arena = Arena(whole + (16 << 20))
        for _ in self.arena.populate():
            pass
        self.host = HostTier(self.arena, Lru(), SystemClock())
        self.bench = Workbench(self.arena.readable(Span(start=0, bytes=self.arena.capacity_bytes)))

    def load(self, kind: str) -> None:
        """Bring an expert from disk to where it can be asked."""
        package = self.packages[kind]
        loading = self.host.begin(package)
        if loading is None:
            raise RuntimeError("there is no room")
        self.host.finish(loading, read_bytes=read_loading(loading), seconds=0.0)
        self.prepare(kind)

    def prepare(self, kind: str) -> None:
        """Make an expert of the host tier ready."""
        package = self.packages[kind]
        tensors, files = self.host.places(package.expert_hash)
        preparation = Preparation(package=package, tensors=tensors, files=files)
        self.bench.prepare(package.expert_hash, preparation)

    def leave(self, kind: str) -> None:
        """Take an expert out of both tiers."""
        key = self.packages[kind].expert_hash
        self.bench.drop(key)
        if key in self.host.residents:
            self.host.evict(key)

    def switch(self, kind: str) -> None:
        """Turn to an active expert, asking it nothing."""
        key = self.packages[kind].expert_hash
        command = Command(
            leaving=(), expert_hash=key, preparation=None, operation="queries", items=()
        )
        self.bench(command)


def _figures(size: str) -> list[Figure]:
    bench = Bench(size)
    package = bench.packages["a"]
    weights = package.folder / "model.safetensors"
    ways = _Ways(size, bench, weights)
    seconds = ways.fastest(cold=True)
    raw, ours = seconds["raw read"], seconds["ours"]
    figures = [
        Figure(
            name=f"{size} dense, {_bytes(package):,} bytes, cold: over one sequential read",
            value=ours / raw,
            unit="x",
            peer=f"raw read {raw * 1e3:.1f} ms, ours {ours * 1e3:.1f} ms",
            target="<= 1.2",
            met=ours <= 1.2 * raw,
        )
    ]
    for peer, target in (("torch.load + copy", 3.0), ("safetensors + copy", 2.0)):
        ratio = seconds[peer] / ours
        figures.append(
            Figure(
                name=f"{size} dense, cold: {peer} over ours",
                value=ratio,
                unit="x",
                peer=f"{peer} {seconds[peer] * 1e3:.1f} ms",
                target=f">= {target:g}",
                met=ratio >= target,
            )
        )
    figures.append(_cached(size, ways))
    figures += _warm(size, bench)
    figures += _packed(size, bench)
    return figures


class _Ways:
    """The ways to bring the dense expert from its file.

    Args:
        size: ``large`` or ``small``.
        bench: Ours.
        weights: Its file of weights.
    """

    def __init__(self, size: str, bench: Bench, weights: Path) -> None:
        self._room = Arena(weights.stat().st_size)  # the same large pages as ours
        for _ in self._room.populate():
            pass
        buffer = self._room.writable(Span(start=0, bytes=weights.stat().st_size))
        model = Encoder(config_of(size), torch.Generator().manual_seed(0)).requires_grad_(
            requires_grad=False
        )
        self._rounds = ROUNDS[size]
        self._bench = bench
        self._ways: dict[str, tuple[Path, Callable[[], object]]] = {
            "raw read": (weights, partial(_read, weights, buffer)),
            "ours": (weights, partial(bench.load, "a")),
            "torch.load + copy": (FOLDER / f"{size}-a.pt", partial(_torch_load, size, model)),
            "safetensors + copy": (
                FOLDER / f"{size}-a.safetensors",
                partial(_safetensors_load, size, model),
            ),
        }

    def fastest(self, *, cold: bool) -> dict[str, float]:
        """Return the fastest of some rounds of each.

        Args:
            cold: Whether files are sent out of memory before; else the system has them cached.
        """
        found: dict[str, list[float]] = {name: [] for name in self._ways}
        self._bench.load("a")
        for _ in range(self._rounds):
            for name, (path, way) in self._ways.items():
                self._bench.leave("a")
                if cold:
                    make_cold([path])
                found[name].append(_timed(way))
                if name == "ours" and is_mapped(path):
                    raise RuntimeError("a switch left the file mapped")
        self._bench.leave("a")
        return {name: min(times) for name, times in found.items()}


def _cached(size: str, ways: _Ways) -> Figure:
    """Compare where the disk has no part: what each way costs beside it."""
    seconds = ways.fastest(cold=False)
    others = ", ".join(f"{name} {spent * 1e3:.1f} ms" for name, spent in seconds.items())
    return Figure(
        name=f"{size} dense, its file in the system's cache: torch.load + copy over ours",
        value=seconds["torch.load + copy"] / seconds["ours"],
        unit="x",
        peer=others,
    )


def _warm(size: str, bench: Bench) -> list[Figure]:
    """Time switches between experts that are resident: dense ones and packed ones."""
    for kind in bench.packages:
        if bench.packages[kind].expert_hash not in bench.host.residents:
            bench.load(kind)
    package = bench.packages["a"]
    copied = _copy_seconds(_bytes(package))
    figures = []
    for name, pair in (("dense", ("a", "b")), ("packed 2:8", ("sparse", "sparse-b"))):
        times = [_timed(partial(bench.switch, pair[turn % 2])) for turn in range(WARM_SWITCHES)]
        median = float(np.median(times)) * 1e3
        figures.append(
            Figure(
                name=f"{size}, warm switch between {name}, median",
                value=median,
                unit="ms",
                peer=f"a copy of the dense bytes {copied * 1e3:.1f} ms",
                target="< 1",
                met=median < 1,
            )
        )
    return figures


def _packed(size: str, bench: Bench) -> list[Figure]:
    """Time making a packed expert active, and say what it moves and how many fit."""
    dense, sparse = bench.packages["a"], bench.packages["sparse"]
    weights = sparse.folder / "model.safetensors"
    cold, ready = [], []
    for _ in range(ROUNDS[size]):
        bench.leave("sparse")
        make_cold([weights])
        cold.append(_timed(partial(bench.load, "sparse")))
        ready.append(_timed(partial(bench.prepare, "sparse")))
    held = active_bytes(sparse)
    moved = _bytes(sparse), _bytes(dense)
    return [
        Figure(
            name=f"{size} 2:8, {moved[0]:,} bytes, cold until it is active",
            value=min(cold) * 1e3,
            unit="ms",
        ),
        Figure(
            name=f"{size} 2:8, host tier to active ({held:,} bytes of forms at most)",
            value=min(ready) * 1e3,
            unit="ms",
            peer=f"a copy of as many bytes {_copy_seconds(held) * 1e3:.1f} ms",
        ),
        Figure(
            name=f"{size}, bytes that a cold switch moves, 2:8 over dense fp32",
            value=moved[0] / moved[1],
            unit="x",
            peer=f"dense {moved[1]:,}",
        ),
        Figure(
            name=f"{size}, experts in a GiB of the host tier, 2:8",
            value=GB / moved[0],
            unit="",
            peer=f"dense {GB / moved[1]:.1f}",
        ),
    ]


def _bytes(package: ExpertPackage) -> int:
    return sum(tensor.stored_bytes for tensor in package.tensors.values())


def _timed(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def _read(path: Path, buffer: memoryview) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        place = 0
        while place < len(buffer):
            place += os.preadv(descriptor, [buffer[place:]], place)
    finally:
        os.close(descriptor)


def _copy_seconds(size: int) -> float:
    """Return what one copy of so many bytes takes, between memory that is there."""
    source, target = (np.ones(size, np.uint8) for _ in range(2))
    return min(_timed(partial(np.copyto, target, source)) for _ in range(5))


def _torch_load(size: str, model: Encoder) -> None:
    state = torch.load(FOLDER / f"{size}-a.pt", weights_only=True)  # noqa: TID251  the peer
    model.load_state_dict(state)


def _safetensors_load(size: str, model: Encoder) -> None:
    model.load_state_dict(load_file(FOLDER / f"{size}-a.safetensors"))


if __name__ == "__main__":
    main()
