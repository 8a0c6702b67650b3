"""What a decoder remembers from step to step, for every hypothesis that it follows."""

from collections.abc import Sequence
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from tidemill.core.errors import CapacityError, InputError
from tidemill.models.seq2seq.attention import KeysValues

__all__ = ["DecoderState"]

GROWTH = 32
"""Places for which room is made at once."""


class DecoderState:
    """Keys and values of what was written so far, and of the inputs.

    The first grow with every step. The second are made once and kept once an input, however
    many hypotheses read them: those stand side by side, as many for each input.

    Args:
        source: [layers, 2, inputs, heads, places, head width]: the inputs' keys and values.
        added: What is added to scores of the inputs' places; None where all are seen.
        bias: What is added for distances, the furthest first, as long as may be written.

    Attributes:
        length: Tokens that were read so far.
        width: Hypotheses of each input.
    """

    def __init__(
        self,
        source: Float[Tensor, "layers 2 inputs heads places head"],
        added: Float[Tensor, "inputs 1 1 places"] | None,
        bias: Float[Tensor, "heads longest"],
    ) -> None:
        layers, _, inputs, heads, _, head = source.shape
        self.length: int = 0
        self.width: int = 1
        self.added: Tensor | None = added
        self._source = source
        self._own = source.new_empty((layers, 2, inputs, heads, GROWTH, head))
        self._bias = bias

    @property
    def rows(self) -> int:
        """Hypotheses that are followed, of all inputs."""
        return self._own.shape[2]

    @property
    def inputs(self) -> int:
        """Inputs that they read."""
        return self._source.shape[2]

    @property
    def bias(self) -> Float[Tensor, "1 heads 1 keys"]:
        """What is added to the scores of the present query, for all keys up to its own."""
        longest = self._bias.shape[1]
        return self._bias[None, :, None, longest - self.length - 1 :]

    def make_room(self) -> None:
        """Make sure that one more token can be read.

        Raises:
            CapacityError: As many as may be have been.
        """
        longest, capacity = self._bias.shape[1], self._own.shape[4]
        if self.length >= longest:
            raise CapacityError(
                f"the decoder has read {self.length:,} tokens, and was started for no more",
                hint="Start it with a larger most_tokens.",
            )
        if self.length == capacity:
            self._own = functional.pad(self._own, (0, 0, 0, GROWTH))

    def keep(self, layer: int, key: Tensor, value: Tensor) -> KeysValues:
        """Remember the present token, and return all that are remembered.

        Args:
            layer: Which one it is of.
            key: [rows, heads, 1, head width].
            value: Likewise.
        """
        here = slice(self.length, self.length + 1)
        self._own[layer, 0, :, :, here] = key
        self._own[layer, 1, :, :, here] = value
        keys, values = self._own[layer, :, :, :, : self.length + 1]
        return keys, values

    def source(self, layer: int) -> KeysValues:
        """Return the inputs' keys and values as a layer reads them."""
        keys, values = self._source[layer]
        return keys, values

    def select(self, rows: Sequence[int]) -> None:
        """Follow other hypotheses: some of the present ones, in any order, each as often as named.

        It costs least where every input has as many, side by side.

        Args:
            rows: Numbers of present ones, at least one.

        Raises:
            InputError: There are none, or one that is not there.
        """
        if not rows or min(rows) < 0 or max(rows) >= self.rows:
            raise InputError(f"rows {list(rows)[:8]} of {self.rows} hypotheses cannot be selected")
        if list(rows) == list(range(self.rows)):
            return
        owners = [
            (owner, len(list(same))) for owner, same in groupby(r // self.width for r in rows)
        ]
        widths = {width for _, width in owners}
        if len(widths) == 1:
            self.width, inputs = widths.pop(), [owner for owner, _ in owners]
        else:
            inputs = [row // self.width for row in rows]
            self.width = 1
        self._own = self._own.index_select(2, self._index(rows))
        self._select_inputs(inputs)

    def _select_inputs(self, inputs: Sequence[int]) -> None:
        if inputs == list(range(self.inputs)):
            return
        index = self._index(inputs)
        self._source = self._source.index_select(2, index)
        if self.added is not None:
            self.added = self.added.index_select(0, index)

    def _index(self, places: Sequence[int]) -> Tensor:
        return torch.tensor(places, device=self._own.device)
