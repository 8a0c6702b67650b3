"""Randomness of one training step, made from the seed and the step's number alone.

A step needs no state of any generator, so a run that is resumed at step 1,000 draws
exactly what it would have drawn there.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from tidemill.core.randomness import stream

__all__ = ["Chance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The random streams of one step.

    Attributes:
        seed: The run's.
        stage: Number of the stage.
        step: Number of the step in it.
        piece: Which part of the step, and in which process; all of it when empty.
    """

    seed: int
    stage: int
    step: int
    piece: str = ""

    def part(self, number: int, rank: int) -> "Chance":
        """Return the streams of one part of the step, in one of several processes."""
        return replace(self, piece=f"{number}/{rank}")

    def number(self, *names: str) -> int:
        """Return a seed for one purpose."""
        places = (str(self.stage), str(self.step), self.piece)
        return stream(self.seed, "training", *places, *names).getrandbits(62)

    def numpy(self, *names: str) -> np.random.Generator:
        """Return a numpy generator for one purpose."""
        return np.random.default_rng(self.number(*names))

    def torch(self, *names: str) -> torch.Generator:
        """Return a torch generator, on the processor, for one purpose."""
        return torch.Generator().manual_seed(self.number(*names))
