"""What a sprout learns: how far each stored value moves away from the base's.

Of an N:M matrix the kept values alone are parameters, so that its mask cannot change: no
pruning follows, and the moments of the optimizer are a quarter of the dense matrix's.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tidemill.experts.parts import EncodedTensor
from tidemill.training.sprouting.weights import packed_of, rewritten, values_of

__all__ = ["Changes"]


class Changes(nn.Module):
    """Changes of stored values; at first there are none.

    Args:
        starts: The base's tensors, by name.
        values: Values that were learnt already, by name: changes count from these.
    """

    def __init__(
        self, starts: Mapping[str, EncodedTensor], values: Mapping[str, Tensor] | None = None
    ) -> None:
        super().__init__()
        self._starts = dict(starts)
        self._values: dict[str, Tensor] = {}
        self._places: dict[str, Tensor] = {}
        known = values or {}
        for name, start in starts.items():
            stored = torch.from_numpy(np.array(values_of(start)))
            self._values[name] = known.get(name, stored)
            self.register_parameter(_key(name), nn.Parameter(torch.zeros_like(stored)))
            packed = packed_of(start)
            if packed is not None:
                rows = torch.arange(packed.rows)[:, None] * packed.columns
                self._places[name] = (packed.columns_kept() + rows).flatten()

    def values(self, reach: float = 1.0) -> dict[str, Tensor]:
        """Return the stored values by name.

        Args:
            reach: How much of the changes counts: 0 is where they began, 1 where training is.
        """
        return {
            name: start + reach * self.get_parameter(_key(name))
            for name, start in self._values.items()
        }

    def tensors(self, reach: float = 1.0) -> dict[str, Tensor]:
        """Return the tensors by name, N:M matrices with their zeros; gradients reach the changes.

        Args:
            reach: As in `values`.
        """
        return {name: self._whole(name, part) for name, part in self.values(reach).items()}

    def encoded(self, reach: float = 1.0) -> dict[str, EncodedTensor]:
        """Return the tensors as they will be stored, masks to the byte the base's.

        Args:
            reach: As in `values`.
        """
        with torch.no_grad():
            return {
                name: rewritten(self._starts[name], part.numpy())
                for name, part in self.values(reach).items()
            }

    def _whole(self, name: str, values: Tensor) -> Tensor:
        places = self._places.get(name)
        if places is None:
            return values
        shape = self._starts[name].shape
        empty = torch.zeros(shape[0] * shape[1], dtype=values.dtype)
        return empty.scatter(0, places, values.flatten()).view(shape)


def _key(name: str) -> str:
    """Return a tensor's name as torch lets a parameter be called."""
    return name.replace(".", "/")
