"""Functions that are almost the same: MinHash over shingles of tokens, banded.

Ours, after Broder (1997) for the signatures and Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", section 3.4, for the bands.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PERMUTATIONS", "SHINGLE", "near_duplicates"]

PERMUTATIONS = 64
BANDS = 16
SHINGLE = 5
AT_ONCE = 2_048
SEED = 20_240_501
TOKEN = re.compile(r"\w+|[^\w\s]")


def near_duplicates(texts: Sequence[str], similarity: float) -> dict[int, int]:
    """Find the texts that are almost the same as an earlier one that stays.

    Args:
        texts: In order of precedence: the first of several alike stays.
        similarity: Jaccard similarity of the sets of 5-token shingles, from which
            two texts count as one.

    Returns:
        For the place of each text that goes, the place of the one that it is like.
    """
    import numpy as np

    shingles: list[NDArray[np.uint64]] = []
    buckets: dict[tuple[int, bytes], list[int]] = {}
    gone: dict[int, int] = {}
    for start in range(0, len(texts), AT_ONCE):
        sets = [_shingles(text) for text in texts[start : start + AT_ONCE]]
        shingles += sets
        signatures = _signatures(sets)
        width = PERMUTATIONS // BANDS
        for offset, signature in enumerate(signatures):
            place = start + offset
            keys = [
                (band, signature[band * width : (band + 1) * width].tobytes())
                for band in range(BANDS)
            ]
            seen: set[int] = set()
            for key in keys:
                seen.update(buckets.get(key, ()))
            match = next((o for o in sorted(seen) if _alike(shingles[o], sets[offset], similarity)), None)
            if match is not None:
                gone[place] = match
            else:
                for key in keys:
                    buckets.setdefault(key, []).append(place)
    return gone


def _shingles(text: str) -> "NDArray[np.uint64]":
    """Return the hashes of a text's shingles, each once, in order."""
    import numpy as np

    tokens = np.fromiter(
        (zlib.crc32(token.encode("utf-8", "surrogatepass")) for token in TOKEN.findall(text)), dtype=np.uint64
    )
    if len(tokens) < SHINGLE:
        tokens = np.concatenate([tokens, np.zeros(SHINGLE - len(tokens), dtype=np.uint64)])
    mixed = np.zeros(len(tokens) - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + tokens[place : len(tokens) - SHINGLE + 1 + place]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.unique(mixed)


def _signatures(sets: "Sequence[NDArray[np.uint64]]") -> "NDArray[np.uint32]":
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(SEED))
    multipliers = chance.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    starts = np.cumsum([0, *map(len, sets[:-1])])
    everything = np.concatenate(list(sets))
    rows = [
        np.minimum.reduceat((everything * multiplier) >> np.uint64(32), starts).astype(np.uint32)
        for multiplier in multipliers
    ]
    return np.ascontiguousarray(np.stack(rows, axis=1))


def _alike(one: "NDArray[np.uint64]", other: "NDArray[np.uint64]", similarity: float) -> bool:
    import numpy as np

    if min(len(one), len(other)) < similarity * max(len(one), len(other)):
        return False
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= similarity * (len(one) + len(other) - shared)
