"""From which number of tokens a sparse layer trains faster than a dense one, given its times.

Nothing here loads torch or measures; `tidemill.sparsity.timing` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LEAST_GAIN", "LayerTimes", "PassTimes"]

LEAST_GAIN = 1.05
"""What a step must gain to be called a gain: less is within what two measurements differ by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTimes:
    """Seconds that a layer's products take at one number of tokens.

    Attributes:
        tokens: Rows of the activations.
        dense_forward: Of Y = X W^T with the whole weight.
        dense_backward: Of dX = dY W with the whole weight.
        update: Of dW = dY^T X, which is dense either way.
        sparse_forward: Of the first with its sparse operand; equal where there is none.
        sparse_backward: Of the second likewise.
        noise: How many times as long as the fastest rounds the usual one took; 1 on a machine
            that does nothing else.
    """

    tokens: int
    dense_forward: float
    dense_backward: float
    update: float
    sparse_forward: float
    sparse_backward: float
    noise: float = 1.0

    @property
    def forward_gain(self) -> float:
        """Dense by sparse seconds of the forward product."""
        return self.dense_forward / self.sparse_forward

    @property
    def backward_gain(self) -> float:
        """Dense by sparse seconds of the input's gradient."""
        return self.dense_backward / self.sparse_backward

    @property
    def dense_step(self) -> float:
        """Seconds of all three products of a dense layer."""
        return self.dense_forward + self.dense_backward + self.update

    @property
    def sparse_step(self) -> float:
        """Seconds of all three products of a sparse layer, without making its operands."""
        return self.sparse_forward + self.sparse_backward + self.update


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimes:
    """What a layer of some shape takes.

    Attributes:
        passes: One for each number of tokens, rising.
        pack_seconds: Of choosing masks and making both operands, once an update; 0 if dense.
        fill_seconds: Of making the forward form of a packed weight, once a loading; 0 if dense.
    """

    passes: tuple[PassTimes, ...]
    pack_seconds: float = 0.0
    fill_seconds: float = 0.0

    def at(self, tokens: int) -> PassTimes:
        """Return the times at one of the numbers of tokens.

        Raises:
            KeyError: It was not measured.
        """
        return {times.tokens: times for times in self.passes}[tokens]

    def sparse_step(self, tokens: int) -> float:
        """Return the seconds of a training step of so many tokens, its operands included."""
        return self.at(tokens).sparse_step + self.pack_seconds

    def gain(self, tokens: int) -> float:
        """Return how many times as fast as dense a training step of so many tokens is."""
        return self.at(tokens).dense_step / self.sparse_step(tokens)

    def gains(self, tokens: int) -> bool:
        """Say whether it is faster by more than measurements differ."""
        return self.gain(tokens) >= LEAST_GAIN

    def gains_from(self, tried: Sequence[int]) -> int | None:
        """Return the smallest number of tokens from which all that were tried gain.

        Args:
            tried: Numbers of tokens, rising.

        Returns:
            None where the largest does not gain.
        """
        found = None
        for tokens in reversed(tried):
            if not self.gains(tokens):
                break
            found = tokens
        return found
