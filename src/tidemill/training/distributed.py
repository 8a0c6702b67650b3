"""Several processes train together: each sees its part of a batch, gradients are averaged.

Started by ``torchrun``, which says by environment variables who is who. One process alone is
the same code with nobody to talk to.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from tidemill.core.errors import InputError
from tidemill.training.trainees.trainee import Rows

__all__ = ["Workers", "workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The processes that train together.

    Attributes:
        rank: Number of this one; 0 writes.
        count: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    count: int = 1
    device: torch.device

    def own(self, rows: Rows, members: int) -> Rows:
        """Return this process's part of a batch; groups are not cut apart.

        Args:
            rows: The batch, the same in every process.
            members: Examples that stand together.

        Raises:
            InputError: The batch does not divide.
        """
        if self.count == 1:
            return rows
        size, rest = divmod(len(rows), self.count)
        if rest or size % members:
            raise InputError(f"a batch of {len(rows)} does not divide among {self.count} processes")
        return rows[self.rank * size : (self.rank + 1) * size]

    def wait(self, *, for_first: bool) -> None:
        """Let the first process go ahead, or let it wait for nobody and the others pass it.

        A pair of calls encloses what the first process does alone before the others do it.

        Args:
            for_first: Whether this is the call before that work.
        """
        if self.count > 1 and (self.rank > 0) == for_first:
            distributed.barrier()

    def average(self, network: nn.Module) -> None:
        """Make every gradient the mean of all processes'."""
        if self.count == 1:
            return
        for parameter in network.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)
            parameter.grad /= self.count


@contextmanager
def workers(device: str = "auto") -> Iterator[Workers]:
    """Join the other processes, if ``torchrun`` started this one among several.

    Args:
        device: ``cpu``, ``cuda``, or ``auto`` for a GPU where there is one.

    Raises:
        InputError: A GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no GPU that torch can use", hint="Leave --device out.")
    rank, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if on_gpu else None
    if count > 1:
        distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Workers(rank=rank, count=count, device=place or torch.device("cpu"))
    finally:
        if count > 1:
            distributed.destroy_process_group()
