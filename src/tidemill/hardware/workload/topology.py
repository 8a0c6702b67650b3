"""Layers as SCALE-Sim is given them: a topology file, one layer a line.

Two forms are known by their first line, that of convolutions and that of products (GEMM). What
follows a layer's numbers is how sparse it is, as N:M, or nothing; commas may end a line. A
convolution whose name has ``DP`` in it is depth-wise: each channel is one by itself, with all of
the filters. All as in SCALE-Sim 2 and 3 (``topology_utils.py``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts
from tidemill.models.products import ModelProducts, WeightProduct

__all__ = ["Topology", "read_topology"]

MOST_BYTES = 1 << 20
MOST_LAYERS = 10_000
LARGEST = 1 << 31
LONGEST_SHOWN = 160
"""Characters of a line that an error shows."""

DEPTHWISE = "DP"

CONVOLUTION = (
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter,"
    " Strides"
)
PRODUCT = "Layer, M, N, K"
FORMS = f"Convolutions: {CONVOLUTION}. Or products: {PRODUCT}. Sparsity may follow."

_NUMBER = re.compile(r"[0-9]{1,10}")
_SPARSITY = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What a file says.

    Attributes:
        products: Its layers, for one example.
        sparsity: For each layer N:M as it is written, or nothing where the file says none.
    """

    products: ModelProducts
    sparsity: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the file, and the cells between its commas."""

    path: str
    number: int
    text: str
    cells: tuple[str, ...]

    def refuse(self, reason: str, hint: str, cell: int = 0) -> NoReturn:
        """Refuse the line for one of its cells, or for what is missing after the last."""
        parts = self.text.split(",")
        before = sum(len(part) + 1 for part in parts[:cell])
        written = parts[cell] if cell < len(parts) else ""
        column = min(before + len(written) - len(written.lstrip()), len(self.text)) + 1
        raise InputError(
            reason,
            path=self.path,
            line=self.number,
            column=column,
            source_line=self.text[:LONGEST_SHOWN] if column <= LONGEST_SHOWN else None,
            hint=hint,
        )

    def counts(self, count: int) -> list[int]:
        """Return the numbers after the name."""
        if not self.cells[0]:
            self.refuse("a layer without a name", FORMS)
        return [self._count(cell) for cell in range(1, count + 1)]

    def _count(self, cell: int) -> int:
        written = self.cells[cell]
        value = int(written) if _NUMBER.fullmatch(written) else 0
        if not 1 <= value <= LARGEST:
            self.refuse(f"{written[:40]!r} is no number from 1 to {LARGEST:,}", FORMS, cell)
        return value

    def sparsity(self, cell: int) -> str:
        """Return what is written after the numbers."""
        written = self.cells[cell] if cell < len(self.cells) else ""
        found = _SPARSITY.fullmatch(written)
        if written and not (found and 1 <= int(found[1]) <= int(found[2])):
            hint = "Write it as 2:4, where 2 of 4 weights stay, or leave it away."
            self.refuse(f"{written[:40]!r} is no sparsity", hint, cell)
        return written


def read_topology(path: Path) -> Topology:
    """Read a topology file.

    The layers are taken for those of a model that can be trained: nobody asks for the gradient of
    what the first reads.

    Args:
        path: The file.

    Raises:
        InputError: It cannot be read, is too large, or a line in it is wrong; names the place.
    """
    header, *lines = _lines(_text(path), str(path))
    read, columns = _form(header)
    if not lines:
        raise InputError("no layer after the first line", path=str(path), hint=FORMS)
    if len(lines) > MOST_LAYERS:
        lines[MOST_LAYERS].refuse(f"more than {MOST_LAYERS:,} layers", "Leave some away.")
    found: list[WeightProduct] = []
    for line in lines:
        if not columns <= len(line.cells) <= columns + 1:
            cells = min(len(line.cells), columns + 1)
            line.refuse(f"{len(line.cells)} columns, not {columns}", FORMS, cells)
        found.append(read(line, not found))
    is_image = read is _convolution
    products = ModelProducts(
        kind="scale-sim",
        example="image" if is_image else "text",
        unit="pixels" if is_image else "tokens",
        places=max(product.rows for product in found),
        products=tuple(found),
    )
    return Topology(products=products, sparsity=tuple(line.sparsity(columns) for line in lines))


def _text(path: Path) -> str:
    try:
        _, raw, _ = bytes_and_facts(str(path), MOST_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except InputError as error:
        raise InputError("no regular file", path=str(path)) from error
    if len(raw) > MOST_BYTES:
        raise InputError(f"longer than {MOST_BYTES:,} bytes", path=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = "Save it as UTF-8, or as plain ASCII."
        raise InputError("not UTF-8", path=str(path), line=line, hint=hint) from error


def _lines(text: str, path: str) -> list[_Line]:
    """Return the lines that are not empty; at least one."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            cells = tuple(cell.strip() for cell in line.rstrip(", \t\r").split(","))
            found.append(_Line(path=path, number=number, text=line.rstrip("\r"), cells=cells))
    if not found:
        raise InputError("an empty file", path=path, hint=FORMS)
    return found


def _form(header: _Line) -> tuple[Callable[[_Line, bool], WeightProduct], int]:
    """Return what reads the lines after the first, and how many columns they have."""
    names = [cell.casefold() for cell in header.cells]
    if names[1:4] == ["m", "n", "k"]:
        return _product, len(PRODUCT.split(","))
    if len(names) > 3 and names[1].startswith("ifmap") and names[3].startswith("filter"):
        return _convolution, len(CONVOLUTION.split(","))
    return header.refuse("the first line names no columns that are known", FORMS)


def _product(line: _Line, is_first: bool) -> WeightProduct:
    rows, outputs, inputs = line.counts(3)
    return WeightProduct(
        name=line.cells[0], inputs=inputs, outputs=outputs, rows=rows, is_first=is_first
    )


def _convolution(line: _Line, is_first: bool) -> WeightProduct:
    high, wide, rows, columns, channels, filters, stride = line.counts(7)
    for cell, filter_side, side in ((3, rows, high), (4, columns, wide)):
        if filter_side > side:
            line.refuse(
                f"a filter of {filter_side:,} over an input of {side:,}",
                "The input's height and width include its padding.",
                cell,
            )
    is_depthwise = DEPTHWISE in line.cells[0]
    return WeightProduct(
        name=line.cells[0],
        kind="convolution",
        inputs=1 if is_depthwise else channels,
        outputs=filters,
        window=(rows, columns),
        stride=(stride, stride),
        groups=channels if is_depthwise else 1,
        rows=_places(high, rows, stride) * _places(wide, columns, stride),
        is_first=is_first,
    )


def _places(side: int, filter_side: int, stride: int) -> int:
    """Return how many windows there are; SCALE-Sim counts one that hangs over."""
    return -(-(side - filter_side + stride) // stride)
