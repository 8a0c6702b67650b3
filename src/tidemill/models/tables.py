"""Embeddings whose table stays as it is stored: 8-bit integers, or floats of any width."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from typing_extensions import override

__all__ = ["StoredTable", "TableEmbedding", "new_embedding", "row"]


class StoredTable:
    """A table as it is stored.

    Args:
        numbers: [rows, columns]; float32, float16, bfloat16 or int8.
        scales: What each row of integers is multiplied with; None for floats.
    """

    __slots__ = ("numbers", "scales")

    def __init__(self, numbers: Tensor, scales: Tensor | None = None) -> None:
        self.numbers: Tensor = numbers
        self.scales: Tensor | None = scales

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.numbers.shape)

    def rows(self, places: Int[Tensor, "*places"]) -> Float[Tensor, "*places columns"]:
        """Return some rows as float32, equal to those of the whole table to the last bit.

        Args:
            places: Which.
        """
        flat = places.reshape(-1)  # selecting rows takes half as long as indexing with them
        chosen = self.numbers.index_select(0, flat).float()
        if self.scales is not None:
            chosen = chosen * self.scales.index_select(0, flat)[:, None]
        return chosen.view(*places.shape, self.shape[1])

    def row(self, place: int) -> Float[Tensor, " columns"]:
        """Return one row as float32, equal to that of the whole table to the last bit.

        Args:
            place: Which.
        """
        chosen = self.numbers[place].float()
        return chosen if self.scales is None else chosen * self.scales[place]

    def whole(self) -> Float[Tensor, "rows columns"]:
        """Return the table as float32; itself where that is what is stored."""
        values = self.numbers.float()
        return values if self.scales is None else values * self.scales[:, None]


class TableEmbedding(nn.Module):
    """An embedding over a stored table, for answering; it has nothing to train.

    Args:
        table: As it is stored.
    """

    def __init__(self, table: StoredTable) -> None:
        super().__init__()
        self.table: StoredTable = table

    @override
    def forward(self, ids: Int[Tensor, "*places"]) -> Float[Tensor, "*places columns"]:
        """Return the rows of the ids."""
        return self.table.rows(ids)


def new_embedding(rows: int, columns: int, padding: int | None = None) -> nn.Embedding:
    """Return an embedding whose numbers are still to be filled in.

    `nn.Embedding` draws some first, and on the meta device that makes torch load its compiler:
    seconds, for numbers that nobody wants.

    Args:
        rows: Of the table.
        columns: Of the table.
        padding: The id that stands for nothing.
    """
    return nn.Embedding(rows, columns, padding, _weight=torch.empty(rows, columns))


def row(table: nn.Module, place: int) -> Float[Tensor, " columns"]:
    """Return one row of an embedding.

    Args:
        table: A dense embedding, or one over a stored table.
        place: Which.
    """
    if isinstance(table, TableEmbedding):
        return table.table.row(place)
    return table.get_parameter("weight")[place]
