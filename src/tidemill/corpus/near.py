"""Functions that are almost the same: MinHash over shingles of tokens, in bands.

Ours, after Broder 1997 (signatures) and Leskovec, Rajaraman and Ullman, Mining
of Massive Datasets, section 3.4 (bands). What the bands propose is judged by
the sets of shingles themselves, so that chance may miss a pair (one in four
thousand at a similarity of .8) but never makes one up.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shingles: TypeAlias = NDArray[np.uint64]

__all__ = ["PERMUTATIONS", "SHINGLE", "TOKEN", "near_duplicates", "shingles_of"]

PERMUTATIONS = 64
BANDS = 16
SHINGLE = 5
AT_ONCE = 2_048
HASHES_SEED = 64_05_08
TOKEN = re.compile(r"\w+|[^\w\s]")


def near_duplicates(texts: Sequence[str], similarity: float) -> dict[int, int]:
    """Find the texts that are almost the same as an earlier one that stays.

    Args:
        texts: In order of precedence: the first of several alike stays.
        similarity: Jaccard similarity of the sets of 5-token shingles, above 0, from
            which two texts count as one.

    Returns:
        For the place of each text that goes, the place of the one that it is like.
    """
    known: list[Shingles] = []
    buckets: defaultdict[bytes, list[int]] = defaultdict(list)
    gone: dict[int, int] = {}
    for start in range(0, len(texts), AT_ONCE):
        fresh = [shingles_of(text) for text in texts[start : start + AT_ONCE]]
        known += fresh
        for place, bands in enumerate(_bands(fresh), start=start):
            proposed = {other for band in bands for other in buckets.get(band, ())}
            like = next((p for p in sorted(proposed) if _alike(known, p, place, similarity)), None)
            if like is not None:
                gone[place] = like
                continue
            for band in bands:
                buckets[band].append(place)
    return gone


def shingles_of(text: str) -> "Shingles":
    """Return the hashes of a text's shingles, each once, ascending.

    A text of fewer than five tokens is one shingle.
    """
    import numpy as np

    words = TOKEN.findall(text)
    tokens = np.zeros(max(len(words), SHINGLE), dtype=np.uint64)
    tokens[: len(words)] = [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words]
    count = len(tokens) - SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(SHINGLE):
        mixed = mixed * np.uint64(0x9E37_79B9_7F4A_7C15) + tokens[place : place + count]
    # Without this step the products below would keep an order of the inputs.
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    return np.unique(mixed ^ (mixed >> np.uint64(32)))


def _bands(sets: "Sequence[Shingles]") -> list[list[bytes]]:
    """Return the keys of each set's bands: its least hashes under 64 functions, four a key."""
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(HASHES_SEED))
    odd = chance.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    starts = np.cumsum([0, *map(len, sets[:-1])])
    everything = np.concatenate(list(sets))
    least = np.stack([np.minimum.reduceat(everything * by, starts) for by in odd], axis=1)
    width = PERMUTATIONS // BANDS
    return [
        [bytes([band]) + row[band * width : (band + 1) * width].tobytes() for band in range(BANDS)]
        for row in least
    ]


def _alike(known: "Sequence[Shingles]", one: int, other: int, similarity: float) -> bool:
    import numpy as np

    left, right = known[one], known[other]
    if min(len(left), len(right)) < similarity * max(len(left), len(right)):
        return False
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared >= similarity * (len(left) + len(right) - shared)
