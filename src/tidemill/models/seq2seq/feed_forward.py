"""The feed-forward part of T5: two maps with ReLU, or three with a gate (T5 1.1)."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.dropout import Dropout
from tidemill.models.seq2seq.joint import join_packed, outputs_of

__all__ = ["FeedForward"]


class FeedForward(nn.Module):
    """Changes each place by itself.

    Args:
        config: The model's.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.wide: tuple[str, ...] = ("wi_0", "wi_1") if config.is_gated else ("wi",)
        for name in self.wide:
            self.add_module(name, nn.Linear(config.d_model, config.d_ff, bias=False))
        self.wo: nn.Linear = nn.Linear(config.d_ff, config.d_model, bias=False)
        self.joint: nn.Module | None = None

    @override
    def forward(
        self, hidden: Float[Tensor, "*places width"], dropout: Dropout
    ) -> Float[Tensor, "*places width"]:
        """Return wo(ReLU(wi x)), or wo(GELU(wi_0 x) * wi_1 x) with GELU by tanh."""
        first, *gated = outputs_of(self, self.wide, hidden)
        if gated:
            middle = functional.gelu(first, approximate="tanh") * gated[0]
        else:
            middle = functional.relu(first)
        return self.wo(dropout(middle))  # type: ignore[no-any-return]

    def join(self) -> None:
        """Make one product of the gate and what it lets through where they are packed."""
        join_packed(self, self.wide)
