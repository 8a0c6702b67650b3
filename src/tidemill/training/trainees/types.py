"""Training an encoder-decoder that answers windows with types."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.scope import TYPES_ARCHITECTURE
from tidemill.training.columns import Ragged
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["AnsweredBatch", "TypeTrainee"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnsweredBatch:
    """Windows side by side, padded on the right.

    Attributes:
        inputs: Token ids of what the encoder reads.
        there: What of them is no padding.
        answers: Token ids of what is to be written.
        lines: Number of the line that each belongs to.
        wanted: What of them is to be learnt: no padding, and not the sentinels, which are said
            to the decoder.
    """

    inputs: Int[Tensor, "rows source"]
    there: Bool[Tensor, "rows source"]
    answers: Int[Tensor, "rows target"]
    lines: Int[Tensor, "rows target"]
    wanted: Bool[Tensor, "rows target"]


class TypeTrainee:
    """An encoder-decoder with windows and their answers.

    Args:
        network: What is trained.
        inputs: Token ids of each window.
        answers: Token ids of each answer.
        newline: The token that ends a line of an answer.
        texts: What an expert needs besides: ``tokenizer.json``, and the lexicon.
        facts: Says in the end what ``config.json`` says besides.
        device: Where the products are made.
    """

    def __init__(  # noqa: PLR0913  all but the network by name
        self,
        network: Seq2Seq,
        *,
        inputs: Ragged,
        answers: Ragged,
        newline: int,
        texts: Mapping[str, str],
        facts: Callable[[], dict[str, object]],
        device: torch.device,
    ) -> None:
        self.model: Seq2Seq = network.to(device)
        self._inputs = inputs
        self._answers = answers
        self._newline = newline
        self._texts = texts
        self._facts = facts
        self._device = device
        self.depth: int | None = None
        self.unit: str = "tokens"

    @property
    def network(self) -> nn.Module:
        """The encoder-decoder."""
        return self.model

    @property
    def count(self) -> int:
        """Windows in all."""
        return len(self._inputs)

    def batch(self, rows: Rows) -> AnsweredBatch:
        """Return windows side by side."""
        inputs, there = _padded([self._inputs[row] for row in rows], self._device)
        answers, written = _padded([self._answers[row] for row in rows], self._device)
        ended = torch.zeros_like(written)
        ended[:, 1:] = answers[:, :-1] == self._newline
        is_first = ended.clone()
        is_first[:, 0] = True
        return AnsweredBatch(
            inputs=inputs,
            there=there,
            answers=answers,
            lines=ended.cumsum(dim=1),
            wanted=written & ~is_first,
        )

    def lengths(self, rows: Rows) -> Rows:
        """Return the tokens of each window."""
        return self._inputs.lengths()[rows]

    def places(self, rows: Rows) -> int:
        """Return the number of tokens of windows and answers."""
        return int(self._inputs.lengths()[rows].sum() + self._answers.lengths()[rows].sum())

    def facts(self) -> ModelFacts:
        """Return the weights, the tokenizer and the types of the language."""
        return ModelFacts(
            architecture=TYPES_ARCHITECTURE,
            config=self.model.config.to_dict() | self._facts(),
            tensors=self.model.state_dict(),
            texts=self._texts,
        )


def _padded(rows: list[NDArray[np.int32]], device: torch.device) -> tuple[Tensor, Tensor]:
    lengths = np.array([len(row) for row in rows])[:, None]
    ids = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    there = np.arange(ids.shape[1]) < lengths
    return torch.from_numpy(ids).to(device), torch.from_numpy(there).to(device)
