"""Training a convolutional encoder over lexical tokens."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from tidemill.core.errors import InputError
from tidemill.models.convolution import Convolution
from tidemill.models.lexemes import UNKNOWN_ID, padded
from tidemill.models.ngrams import FEATURES, NgramSpace
from tidemill.training.chance import Chance
from tidemill.training.columns import Ragged
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["ConvolutionTrainee"]

MEASURED_AT_ONCE = 64


class ConvolutionTrainee:
    """A convolutional encoder with a corpus as it reads it.

    Args:
        space: The tokens that it knows.
        ids: The corpus's code, in numbers of tokens.
        network: What is trained.
        dropout: Share of tokens that training makes unknown.
        device: Where the products are made.
    """

    def __init__(
        self,
        space: NgramSpace,
        ids: Ragged,
        network: Convolution,
        *,
        dropout: float,
        device: torch.device,
    ) -> None:
        self._space = space
        self._ids = ids
        self._network = network.to(device)
        self._dropout = dropout
        self._device = device
        self.depth: int | None = None
        self.unit: str = "tokens"

    @property
    def network(self) -> nn.Module:
        """The encoder."""
        return self._network

    def code(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:
        """Return the vectors of code."""
        if torch.is_grad_enabled():
            return self._vectors(rows, chance)
        order = np.argsort(self._ids.lengths()[rows], kind="stable")
        parts = [
            self._vectors(rows[order[start : start + MEASURED_AT_ONCE]], None)
            for start in range(0, len(rows), MEASURED_AT_ONCE)
        ]
        back = torch.from_numpy(np.argsort(order, kind="stable")).to(self._device)
        return torch.cat(parts)[back]

    def queries(self, rows: Rows, chance: Chance | None) -> Float[Tensor, "rows vector"]:  # noqa: ARG002
        """Refuse: it reads code alone.

        Raises:
            InputError: Always.
        """
        raise InputError("a convolution reads code alone", hint="Train it with groups.")

    def places(self, rows: Rows) -> int:
        """Return the number of tokens of these examples."""
        return int((self._ids.offsets[rows + 1] - self._ids.offsets[rows]).sum())

    def facts(self) -> ModelFacts:
        """Return the weights and the hashes of the tokens."""
        return ModelFacts(
            architecture="convolution",
            config=self._network.config.to_dict(),
            tensors=self._network.state_dict(),
            texts={FEATURES: self._space.to_json()},
        )

    def _vectors(self, rows: Rows, chance: Chance | None) -> Tensor:
        ids = padded([self._ids[row] for row in rows])
        if chance is not None and self._dropout:
            gone = chance.numpy("code").random(ids.shape) < self._dropout
            ids = np.where(gone & (ids > UNKNOWN_ID), UNKNOWN_ID, ids)
        return self._network(torch.from_numpy(ids).to(self._device))  # type: ignore[no-any-return]
