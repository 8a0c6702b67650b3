"""The one door to Parquet: written the same way every time, read a few thousand rows at a time."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tidemill.core.errors import InputError, MissingExtraError

__all__ = ["parquet_bytes", "parquet_rows", "require_parquet"]

ROWS_AT_ONCE = 8_192
ROW_GROUP = 32_768
PAGE_BYTES = 8 << 20
COMPRESSION_LEVEL = 19
FEW_VALUES = ["language", "package", "family", "licence", "path", "kind"]
"""Columns whose values come again and again; the others would only fill a dictionary."""


def parquet_bytes(rows: Sequence[object], columns: Sequence[str], kinds: Sequence[type]) -> bytes:
    """Pack rows; equal rows give equal bytes.

    Args:
        rows: Objects with an attribute for every column.
        columns: Their names, in order.
        kinds: ``str``, ``int`` or ``bool`` for every column.

    Raises:
        MissingExtraError: Nothing here can write Parquet.
    """
    arrow = require_parquet()
    types = {str: arrow.string(), int: arrow.int32(), bool: arrow.bool_()}
    schema = arrow.schema([(name, types[kind]) for name, kind in zip(columns, kinds, strict=True)])
    values = [
        arrow.array([getattr(row, field.name) for row in rows], type=field.type) for field in schema
    ]
    sink = io.BytesIO()
    arrow.parquet.write_table(
        arrow.Table.from_arrays(values, schema=schema),
        sink,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        row_group_size=ROW_GROUP,
        data_page_size=PAGE_BYTES,
        use_dictionary=[name for name in columns if name in FEW_VALUES],
        write_statistics=False,
        store_schema=False,
    )
    return sink.getvalue()


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Read the rows of a file.

    Args:
        path: The file.
        columns: Those that are wanted; by default all.

    Raises:
        InputError: It is no Parquet, or damaged, or lacks a column.
        MissingExtraError: Nothing here can read Parquet.
    """
    arrow = require_parquet()
    names = None if columns is None else list(columns)
    try:
        with arrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=names):
                yield from batch.to_pylist()
    except (arrow.ArrowException, OSError, KeyError) as error:
        raise InputError(f"cannot be read as Parquet: {error}", path=str(path)) from error


def require_parquet() -> Any:
    """Return pyarrow, with its Parquet part loaded.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("a packed training set", extra="data") from error
    return pa
