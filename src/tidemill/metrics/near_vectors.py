"""Which of many vectors point the same way, exactly, in blocks that fit in memory."""

import numpy as np
from jaxtyping import Float, Int

__all__ = ["near_vectors"]

ROWS_AT_ONCE = 512
COLUMNS_AT_ONCE = 4_096


def near_vectors(
    vectors: Float[np.ndarray, "rows width"], *, cosine: float, most: int
) -> tuple[Int[np.ndarray, "pairs 2"], Float[np.ndarray, " pairs"]]:
    """Find pairs of rows with at least this cosine.

    Args:
        vectors: Rows of unit length.
        cosine: The least cosine of a pair.
        most: How many partners a row may choose, its nearest; at least 1. A pair counts
            when one of both has chosen the other.

    Returns:
        Places of the two rows of each pair, the smaller first, in rising order; and
        their cosines.
    """
    found: dict[tuple[int, int], float] = {}
    for low in range(0, len(vectors), ROWS_AT_ONCE):
        rows, columns, values = _nearest(vectors, low, cosine, most)
        for row, column, value in zip(
            rows.tolist(), columns.tolist(), values.tolist(), strict=True
        ):
            found[min(row, column), max(row, column)] = value
    pairs = sorted(found)
    return (
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.array([found[pair] for pair in pairs], dtype=vectors.dtype),
    )


Best = tuple[Int[np.ndarray, " best"], Int[np.ndarray, " best"], Float[np.ndarray, " best"]]
Hits = tuple[Int[np.ndarray, " hits"], Int[np.ndarray, " hits"], Float[np.ndarray, " hits"]]


def _nearest(vectors: Float[np.ndarray, "rows width"], low: int, cosine: float, most: int) -> Best:
    """Return row, column and cosine of the nearest other rows of each row of a block."""
    block = vectors[low : low + ROWS_AT_ONCE]
    parts: list[Best] = []
    for first in range(0, len(vectors), COLUMNS_AT_ONCE):
        values = block @ vectors[first : first + COLUMNS_AT_ONCE].T
        rows, columns = np.nonzero(values >= cosine)
        is_other = rows + low != columns + first
        rows, columns = rows[is_other], columns[is_other]
        parts.append(_best((rows + low, columns + first, values[rows, columns]), most))
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _best((rows, columns, values), most)


def _best(hits: Hits, most: int) -> Best:
    """Keep the best of each row; of equal ones those with the smaller column."""
    rows, columns, values = hits
    order = np.lexsort((columns, -values, rows))
    rows = rows[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = order[rank < most]
    return hits[0][kept], columns[kept], values[kept]
