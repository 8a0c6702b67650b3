"""Tables of positions that begin at another row."""

import numpy as np

from tidemill.experts.dtypes import Floats

__all__ = ["shifted"]


def shifted(table: Floats, rows: int) -> Floats:
    """Move a table's rows, so that what was row ``i`` is row ``i + rows``.

    Args:
        table: One row a position.
        rows: How far: rows of zeros go before the table, or its first rows are cut off.
    """
    if rows <= 0:
        return table[-rows:]
    return np.concatenate([np.zeros((rows, table.shape[1]), dtype=np.float32), table])
