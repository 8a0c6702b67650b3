"""A decoder that follows some hypotheses: what greedy and beam search have in common."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tidemill.core.errors import InputError, SettingError
from tidemill.models.seq2seq.batch import SourceBatch
from tidemill.models.seq2seq.candidates import Candidates, next_candidates
from tidemill.models.seq2seq.constraint import Constraint
from tidemill.models.seq2seq.hypothesis import Path, first_paths
from tidemill.models.seq2seq.model import Seq2Seq, mirrored

__all__ = ["Following"]


class Following:
    """The decoder's state for the paths of a search.

    Args:
        network: Is asked.
        batch: The inputs.
        constraints: One a text, or None for those without.
        prompts: What each text begins with, as many for each input, side by side and of equal
            length; by default each input has one, which begins with nothing.
        most_tokens: That may be written for each; by default the config's
            ``max_target_tokens``.

    Attributes:
        most_tokens: That may be written.
        width: Texts of each input.
        first: A path for every text, with nothing written.

    Raises:
        InputError: Constraints or prompts do not fit the inputs.
        SettingError: More would be written than the model may.
    """

    def __init__(
        self,
        network: Seq2Seq,
        batch: SourceBatch,
        constraints: Sequence[Constraint[Any] | None] | None,
        *,
        prompts: Sequence[Sequence[int]] | None = None,
        most_tokens: int | None = None,
    ) -> None:
        config = network.config
        self.most_tokens: int = config.max_target_tokens if most_tokens is None else most_tokens
        if not 1 <= self.most_tokens <= config.max_target_tokens:
            raise SettingError(
                f"most_tokens is {self.most_tokens:,}; it is 1 to {config.max_target_tokens:,}"
            )
        start = config.decoder_start_token_id
        read = [[start, *prompt] for prompt in prompts or [()] * len(batch.ids)]
        self.width: int = _width(read, len(batch.ids))
        self.first: list[Path] = first_paths([tokens[-1] for tokens in read], constraints)
        self._network = network
        self._head = network.head()
        self._device = batch.ids.device
        most = self.most_tokens + len(read[0]) - 1
        encoded = network.encode(batch)
        self._state = network.start(encoded, most)
        owners = torch.arange(len(read), device=self._device) // self.width
        self._seen: Tensor | None = None
        if config.mirrors_prompts and len(read[0]) > 1:
            asked = torch.tensor([tokens[1] for tokens in read], device=self._device)
            self._seen = mirrored(encoded.states, batch.ids, owners, asked)
        if self.width > 1:
            self._state.select(owners.tolist())
        for column in range(len(read[0]) - 1):
            self._read([tokens[column] for tokens in read])

    def candidates(self, paths: Sequence[Path]) -> Candidates:
        """Return what may come next after the last tokens of the paths that are followed.

        Args:
            paths: One a row of the state.
        """
        hidden = self._read([path.token for path in paths])
        allowed = [path.allowed() for path in paths]
        return next_candidates(self._head, hidden, allowed, self._network.config.vocab_size)

    def select(self, rows: Sequence[int]) -> None:
        """Follow these of the present paths from now on.

        Args:
            rows: Their numbers; any may come several times, or not at all.
        """
        self._state.select(rows)

    def _read(self, tokens: list[int]) -> Tensor:
        # The first token after the start is that of the prompt; nothing is selected before it.
        seen = self._seen if self._state.length == 1 else None
        return self._network.read(self._state, torch.tensor(tokens, device=self._device), seen)


def _width(read: Sequence[Sequence[int]], inputs: int) -> int:
    """Return how many texts each input has.

    Raises:
        InputError: Not all have as many, or what they begin with differs in length.
    """
    if not read or len(read) % inputs or len({len(tokens) for tokens in read}) > 1:
        raise InputError(
            f"{len(read):,} texts to write for {inputs:,} inputs",
            hint="Give as many prompts for each, all of one length.",
        )
    return len(read) // inputs
