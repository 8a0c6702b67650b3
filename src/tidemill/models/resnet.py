"""ResNet-9: a residual network that learns CIFAR-10 in minutes.

The network of David Page's DAWNBench entry (2018): four depths of 3x3 convolutions, residuals at
the second and the last, a global maximum, and a classifier whose answers are scaled down.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.image_config import ResNetConfig

__all__ = ["ResNet9"]

ANSWER_SCALE = 0.125
"""What the classifier says is multiplied by it (Page): first steps are gentle."""


class ConvolutionUnit(nn.Module):
    """A 3x3 convolution, batch normalisation and ReLU.

    Args:
        inputs: Channels that go in.
        outputs: Channels that come out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution: nn.Conv2d = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm: nn.BatchNorm2d = nn.BatchNorm2d(outputs)

    @override
    def forward(
        self, images: Float[Tensor, "batch inputs rows columns"]
    ) -> Float[Tensor, "batch outputs rows columns"]:
        """Return as many rows and columns."""
        return functional.relu(self.norm(self.convolution(images)))


class Residual(nn.Module):
    """Two convolutions whose answer is added to what went in.

    Args:
        width: Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first: ConvolutionUnit = ConvolutionUnit(width, width)
        self.second: ConvolutionUnit = ConvolutionUnit(width, width)

    @override
    def forward(
        self, images: Float[Tensor, "batch width rows columns"]
    ) -> Float[Tensor, "batch width rows columns"]:
        """Return what went in, and what was found in it."""
        found: Tensor = self.second(self.first(images))
        return images + found


class ResNet9(nn.Module):
    """Images become a score for each class.

    Args:
        config: Its shape.
        generator: Where first weights come from; without one they are zero, to be loaded over.
    """

    dense_layers: ClassVar[frozenset[str]] = frozenset({"stem.convolution", "classifier"})
    """Never made sparse: three channels go into the first, and the last says the answer."""

    def __init__(self, config: ResNetConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        first, second, third, fourth = config.widths
        self.stem: ConvolutionUnit = ConvolutionUnit(config.images.channels, first)
        self.layer1: ConvolutionUnit = ConvolutionUnit(first, second)
        self.residual1: Residual = Residual(second)
        self.layer2: ConvolutionUnit = ConvolutionUnit(second, third)
        self.layer3: ConvolutionUnit = ConvolutionUnit(third, fourth)
        self.residual3: Residual = Residual(fourth)
        self.classifier: nn.Linear = nn.Linear(fourth, len(config.images.labels), bias=False)
        _initialise(self, generator)

    @override
    def forward(
        self, images: Float[Tensor, "batch channels rows columns"]
    ) -> Float[Tensor, "batch classes"]:
        """Return scores; images have mean 0 and deviation 1."""
        hidden = self.stem(images)
        hidden = self.residual1(functional.max_pool2d(self.layer1(hidden), 2))
        hidden = functional.max_pool2d(self.layer2(hidden), 2)
        hidden = self.residual3(functional.max_pool2d(self.layer3(hidden), 2))
        scores: Tensor = self.classifier(hidden.amax(dim=(2, 3)))
        return scores.float() * ANSWER_SCALE


def _initialise(module: nn.Module, generator: torch.Generator | None) -> None:
    """Draw weights of deviation sqrt(2 / inputs) (He et al. 2015); scales are 1, shifts 0."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.Conv2d):
                if generator is None:
                    part.weight.zero_()
                else:
                    scale = (2 / part.weight[0].numel()) ** 0.5
                    part.weight.normal_(0.0, scale, generator=generator)
