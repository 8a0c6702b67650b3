"""The last product: which token a state stands for."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from tidemill.models.tables import TableEmbedding
from tidemill.sparsity.packed_layers import PackedLinear

__all__ = ["Head"]


class Head:
    """Scores of tokens, for all of them or for some.

    Args:
        layer: Has a row of weights for each token: the table of words, or a layer of its own.
        scale: What states are multiplied with first.
    """

    def __init__(self, layer: nn.Module, scale: float) -> None:
        self._layer = layer
        self._scale = scale
        self._whole: Tensor | None = None

    def scores(self, hidden: Float[Tensor, "*places width"]) -> Float[Tensor, "*places tokens"]:
        """Return a score for every token, in fp32.

        Args:
            hidden: The decoder's last states.
        """
        return functional.linear(hidden * self._scale, self._matrix()).float()

    def scores_of(
        self, hidden: Float[Tensor, "places width"], tokens: Int[Tensor, " tokens"]
    ) -> Float[Tensor, "places chosen"]:
        """Return a score for some tokens, in fp32; only their rows of weights are read.

        Args:
            hidden: The decoder's last states.
            tokens: Which.
        """
        return functional.linear(hidden * self._scale, self._rows(tokens)).float()

    def _rows(self, tokens: Tensor) -> Tensor:
        if isinstance(self._layer, TableEmbedding):
            return self._layer.table.rows(tokens)
        return self._matrix().index_select(0, tokens)

    def _matrix(self) -> Tensor:
        """Return all rows; of what is stored otherwise, made once."""
        if isinstance(self._layer, nn.Linear | nn.Embedding):
            return self._layer.weight
        if self._whole is None:
            self._whole = self._made()
        return self._whole

    def _made(self) -> Tensor:
        if isinstance(self._layer, TableEmbedding):
            return self._layer.table.whole()
        if isinstance(self._layer, PackedLinear):
            return self._layer.packed.to_dense().float()
        return self._layer.get_parameter("weight")
