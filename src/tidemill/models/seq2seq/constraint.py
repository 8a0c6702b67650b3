"""The seam to what may be written: a grammar, a list of candidates, anything with states."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constraint", "TokenIds"]

TokenIds = NDArray[np.int64] | Sequence[int]

State = TypeVar("State")


class Constraint(Protocol[State]):
    """Says token by token what may be written.

    States are values that are never changed: hypotheses share those of what they have in
    common. A hypothesis ends with the config's ``eos_token_id``, where that is allowed, or where
    its state is done.
    """

    def start(self) -> State:
        """Return the state before the first token."""
        ...

    def allowed(self, state: State) -> TokenIds | None:
        """Return the tokens that may come next; None where all may.

        Args:
            state: One that is not done.

        Returns:
            Different ids, at least one. They are looked at as one array, so an array of int64
            that is made once a state is best.
        """
        ...

    def advance(self, state: State, token: int) -> State:
        """Return the state after a token.

        Args:
            state: Before it.
            token: One of those allowed.
        """
        ...

    def is_done(self, state: State) -> bool:
        """Tell whether nothing comes after a state."""
        ...
