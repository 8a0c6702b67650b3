"""The active tier of one worker: experts in the form that its kernels read, under a budget.

What an expert shares with the host tier costs nothing here: dense weights and tables are read
where they are. Its own are the forms of packed layers and what had to be converted. The budget is
kept before anything is made: first those go that have to, then the newcomer is made, so that the
peak of a switch is what was there before it, or what is there after it, and never the sum.
"""

from collections.abc import Mapping

from tidemill.core.errors import CapacityError
from tidemill.experts.package import ExpertPackage
from tidemill.experts.tensors import Tensor
from tidemill.serving.policies.policy import Policy

__all__ = ["ActiveTier", "active_bytes"]

FORM_BYTES = 6
"""Of one kept weight in float32: its value, and the place of its activation."""

FLOAT_BYTES = 4


def active_bytes(package: ExpertPackage) -> int:
    """Return how many bytes an expert takes in a worker at most, besides the host tier's.

    Args:
        package: The expert; its weights need not be at hand.
    """
    return sum(_own_bytes(tensor) for tensor in package.tensors.values())


def _own_bytes(tensor: Tensor) -> int:
    values = tensor.pieces.get("values")
    if values is None:
        return tensor.size * FLOAT_BYTES
    if "indices" in tensor.pieces:
        # Layers that read the same inputs are joined, and a joined weight is a copy.
        return int(values.shape[0] * values.shape[1] * FORM_BYTES) + tensor.stored_bytes
    is_looked_up = "embedding" in tensor.name or tensor.name == "table.weight"
    return 0 if tensor.is_plain or is_looked_up else tensor.size * FLOAT_BYTES


class ActiveTier:
    """Which experts one worker has made ready.

    Args:
        budget_bytes: Of all of them together.
        policy: Says who leaves.
    """

    def __init__(self, budget_bytes: int, policy: Policy) -> None:
        self.budget_bytes: int = budget_bytes
        self._policy = policy
        self._sizes: dict[str, int] = {}
        self._leaving: list[str] = []

    @property
    def used_bytes(self) -> int:
        """Bytes of the experts that are here."""
        return sum(self._sizes.values())

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each expert that is here, by hash."""
        return self._sizes

    def accessed(self, expert_hash: str) -> None:
        """Note that an expert is asked, whether it is here or not."""
        self._policy.accessed(expert_hash)

    def admit(self, package: ExpertPackage) -> None:
        """Make room for an expert and count it as here.

        Args:
            package: The expert.

        Raises:
            CapacityError: It is larger than the tier.
        """
        wanted = active_bytes(package)
        if wanted > self.budget_bytes:
            raise CapacityError(
                f"the expert {package.name} takes {wanted:,} bytes when it is active, and a"
                f" worker has {self.budget_bytes:,}",
                hint="Set active_bytes to more, or workers to fewer.",
            )
        while self.used_bytes + wanted > self.budget_bytes:
            victim = self._policy.victim(self._sizes.__contains__)
            if victim is None:
                victim = next(iter(self._sizes))
            self.drop(victim)
        self._sizes[package.expert_hash] = wanted
        self._policy.admitted(
            package.expert_hash, size_bytes=max(1, wanted), cost_seconds=wanted / 1e9
        )

    def measured(self, expert_hash: str, held_bytes: int) -> None:
        """Correct what an expert takes, as its worker has found it to be."""
        if expert_hash in self._sizes:
            self._sizes[expert_hash] = held_bytes

    def drop(self, expert_hash: str) -> None:
        """Let an expert go, if it is here; its worker is told with the next command."""
        if expert_hash in self._sizes:
            del self._sizes[expert_hash]
            self._policy.removed(expert_hash)
            self._leaving.append(expert_hash)

    def taken_leaving(self) -> tuple[str, ...]:
        """Return who has to go since this was last asked."""
        leaving, self._leaving = self._leaving, []
        return tuple(leaving)
