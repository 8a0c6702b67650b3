"""A model's products and the work between them, noted down in the order in which they run."""

from typing import Literal

from tidemill.models.products import (
    BatchedProduct,
    ModelProducts,
    PointwiseKind,
    PointwiseWork,
    WeightProduct,
)

__all__ = ["ProductRecord"]


class ProductRecord:
    """What has been noted down so far, for one example."""

    def __init__(self) -> None:
        self._products: list[WeightProduct] = []
        self._attention: list[BatchedProduct] = []
        self._between: list[PointwiseWork] = []

    def product(self, product: WeightProduct) -> None:
        """Note a product with weights."""
        self._products.append(product)

    def linear(self, name: str, sides: tuple[int, int, int], dense_because: str = "") -> None:
        """Note a linear map.

        Args:
            name: Of the layer.
            sides: Rows of an example, inputs and outputs.
            dense_because: Why it stays dense; empty where it need not.
        """
        rows, inputs, outputs = sides
        self.product(
            WeightProduct(
                name=name, inputs=inputs, outputs=outputs, rows=rows, dense_because=dense_because
            )
        )

    def batched(self, name: str, count: int, sides: tuple[int, int, int]) -> None:
        """Note products of two activations.

        Args:
            name: Of the attention.
            count: Independent ones.
            sides: Rows, contraction and columns.
        """
        rows, contraction, columns = sides
        self._attention.append(
            BatchedProduct(
                name=name,
                after=len(self._products),
                count=count,
                rows=rows,
                contraction=contraction,
                columns=columns,
            )
        )

    def attention(self, name: str, heads: int, places: tuple[int, int], width: int) -> None:
        """Note attention: scores, their softmax, and the values that they weigh.

        Args:
            name: Of the module.
            heads: That look.
            places: Queries, and keys.
            width: Of a head.
        """
        queries, keys = places
        self.batched(name, heads, (queries, width, keys))
        self.work(name, "softmax", heads * queries * keys)
        self.batched(name, heads, (queries, keys, width))

    def work(self, name: str, kind: PointwiseKind, elements: int) -> None:
        """Note work between products; none is nothing to note."""
        if elements:
            self._between.append(PointwiseWork(name=name, kind=kind, elements=elements))

    def made(
        self,
        kind: str,
        *,
        places: int,
        example: Literal["text", "image"] = "text",
        unit: Literal["tokens", "patches", "pixels"] = "tokens",
    ) -> ModelProducts:
        """Return everything that was noted down.

        Args:
            kind: The ``model_type``.
            places: Rows of an example where it is longest.
            example: What the model is shown.
            unit: What the rows are.
        """
        return ModelProducts(
            kind=kind,
            example=example,
            unit=unit,
            places=places,
            products=tuple(self._products),
            attention=tuple(self._attention),
            between=tuple(self._between),
        )

    @property
    def longest(self) -> int:
        """Rows of the longest product with weights so far."""
        return max((product.rows for product in self._products), default=0)

    @property
    def attends(self) -> bool:
        """Whether any attention was noted down."""
        return bool(self._attention)
