"""A small convolutional encoder over lexical tokens: cheap, and order matters a little.

Layers of width-5 convolutions over embeddings, then the mean and the maximum over places
(Kim 2014 in outline; residuals, norms and the pooling are ours).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.core.errors import ExpertError
from tidemill.models.tables import new_embedding

__all__ = ["Convolution", "ConvolutionConfig", "convolution_config"]

PADDING = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvolutionConfig:
    """The shape of a convolutional encoder.

    Attributes:
        vocab_size: Rows of the table; row 0 is padding.
        hidden_size: Width of a place.
        num_hidden_layers: Convolutions.
        kernel_size: Places that one sees; odd.
        vector_size: Width of what it says of a text.
        max_tokens: Tokens that are read.
    """

    vocab_size: int
    hidden_size: int = 128
    num_hidden_layers: int = 2
    kernel_size: int = 5
    vector_size: int = 128
    max_tokens: int = 256

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        return {"model_type": "tidemill-convolution", **asdict(self)}


def convolution_config(facts: Mapping[str, object]) -> ConvolutionConfig:
    """Read the shape from the facts of a ``config.json``.

    Raises:
        ExpertError: A field is missing or no positive number, or the kernel is even.
    """
    names = [field.name for field in fields(ConvolutionConfig)]
    sizes = {name: facts.get(name) for name in names}
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ExpertError(f"config.json: {name} is {size!r}, not a number of 1 or more")
    config = ConvolutionConfig(**sizes)  # type: ignore[arg-type]  # all are numbers by now
    if config.kernel_size % 2 == 0:
        raise ExpertError(f"config.json: kernel_size is {config.kernel_size}; it is odd")
    return config


class Convolution(nn.Module):
    """Token ids become one vector.

    Args:
        config: Its shape.
        generator: Where first weights come from; without one they are zero, to be loaded over.
    """

    dense_layers: ClassVar[frozenset[str]] = frozenset({"projection"})

    def __init__(self, config: ConvolutionConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        width = config.hidden_size
        self.embedding: nn.Module = new_embedding(config.vocab_size, width, PADDING)
        self.layers: nn.ModuleList = nn.ModuleList(
            nn.Linear(config.kernel_size * width, width) for _ in range(config.num_hidden_layers)
        )
        self.norms: nn.ModuleList = nn.ModuleList(
            nn.LayerNorm(width) for _ in range(config.num_hidden_layers)
        )
        self.projection: nn.Linear = nn.Linear(2 * width, config.vector_size)
        _initialise(self, generator)

    @override
    def forward(self, ids: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch vector"]:
        """Return a vector of length 1 for each text; id 0 is padding."""
        there = ids != PADDING
        hidden = self.embedding(ids)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            around = _shifted(hidden, self.config.kernel_size)
            hidden = norm(functional.gelu(layer(around)) + hidden)
            hidden = hidden * there[..., None]
        pooled = torch.cat([_mean(hidden, there), _maximum(hidden, there)], dim=1)
        return functional.normalize(self.projection(pooled).float(), dim=1)


def _shifted(
    hidden: Float[Tensor, "batch tokens width"], kernel: int
) -> Float[Tensor, "batch tokens kernel*width"]:
    """Put each place's neighbours beside it: a convolution is then one product."""
    half, length = kernel // 2, hidden.shape[1]
    padded = functional.pad(hidden, (0, 0, half, half))
    return torch.cat([padded[:, place : place + length] for place in range(kernel)], dim=2)


def _mean(hidden: Tensor, there: Bool[Tensor, "batch tokens"]) -> Tensor:
    return hidden.sum(dim=1) / there.sum(dim=1, keepdim=True).clamp(min=1)


def _maximum(hidden: Tensor, there: Bool[Tensor, "batch tokens"]) -> Tensor:
    lowest = torch.finfo(hidden.dtype).min
    found = hidden.masked_fill(~there[..., None], lowest).amax(dim=1)
    return torch.where(there.any(dim=1, keepdim=True), found, 0.0)


def _initialise(module: nn.Module, generator: torch.Generator | None) -> None:
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                scale = part.weight.shape[1] ** -0.5 if isinstance(part, nn.Linear) else 0.1
                if generator is None:
                    part.weight.zero_()
                else:
                    part.weight.normal_(0.0, scale, generator=generator)
                if isinstance(part, nn.Linear):
                    part.bias.zero_()
                else:
                    part.weight[PADDING].zero_()
