"""libCacheSim's policies, as peers: the simulator that most papers on eviction use by now."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["PEERS", "Peer", "misses_of", "prepare"]

PACKAGE = "libcachesim==0.3.5"
FOLDER = Path(__file__).parents[1] / "build" / "bench" / "libcachesim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A policy of libCacheSim.

    Attributes:
        name: Its class.
        unit: Bytes of an expert. Shares of a cache are rounded down to bytes there, and some
            of its policies take bytes for requests, so each has the unit that it does best
            with here.
        window: Whether it is given a window of one expert, for one of less admits nobody.
    """

    name: str
    unit: int = 1_000
    window: bool = False


PEERS = {
    "lru": Peer(name="LRU"),
    "sieve": Peer(name="Sieve"),
    "s3-fifo": Peer(name="S3FIFO"),
    "w-tinylfu": Peer(name="WTinyLFU", unit=1, window=True),
    "gdsf": Peer(name="GDSF"),
    "arc": Peer(name="ARC"),
    "lirs": Peer(name="LIRS", unit=1),
    "lecar": Peer(name="LeCaR"),
    "cacheus": Peer(name="Cacheus", unit=1),
    "lhd": Peer(name="LHD", unit=1),
}
"""By our names; the last five are not among ours."""


def prepare() -> None:
    """Install libCacheSim into a folder of its own; without it, the bench goes without."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Without its dependencies: of those it only needs numpy, which is here, for what is used.
    command = [*pip, "--no-deps", "--upgrade", "--target", str(FOLDER), PACKAGE]
    if subprocess.run(command, check=False).returncode:
        print(f"{PACKAGE} cannot be installed here; the bench will say nothing of it")


def misses_of(peer: Peer, trace: Sequence[str], capacity: int) -> int | None:
    """Return how often a peer misses with experts of one size; None where it is not there.

    Args:
        peer: The policy.
        trace: The expert of every request.
        capacity: In experts.
    """
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    try:
        library: Any = import_module("libcachesim")
    except ImportError:
        return None
    settings = {"window_size": 1 / capacity + 1e-4} if peer.window else {}
    cache = getattr(library, peer.name)(capacity * peer.unit, **settings)
    numbers = {key: number for number, key in enumerate(sorted(set(trace)), start=1)}
    request = library.Request()
    request.obj_size = peer.unit
    misses = 0
    for key in trace:
        request.obj_id = numbers[key]
        misses += not cache.get(request)
    return misses
