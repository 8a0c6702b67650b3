"""Every classifier of images that is known, by the type that its ``config.json`` names."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import nn

from tidemill.core.errors import ExpertError
from tidemill.models.image_config import ResNetConfig, ViTConfig, resnet_config, vit_config
from tidemill.models.loading import Weights, load_weights
from tidemill.models.resnet import ResNet9
from tidemill.models.vit import ViT

__all__ = ["Classifier", "load_classifier", "new_classifier", "weights_of"]

Classifier: TypeAlias = ResNet9 | ViT

COUNTER = "num_batches_tracked"
"""What torch counts batches with; nothing that is computed depends on it."""


def new_classifier(
    config: ResNetConfig | ViTConfig, generator: torch.Generator | None = None
) -> Classifier:
    """Return a classifier with first weights.

    Args:
        config: Its shape.
        generator: Where they come from; without one they are zero.
    """
    if isinstance(config, ResNetConfig):
        return ResNet9(config, generator)
    return ViT(config, generator)


def load_classifier(facts: Mapping[str, object], tensors: Weights) -> Classifier:
    """Return an expert's classifier, ready to be asked.

    Args:
        facts: The parsed ``config.json``.
        tensors: Its weights, and the statistics of its batch norms.

    Raises:
        ExpertError: It is of another kind, or config and tensors do not belong together.
    """
    kind = facts.get("model_type")
    if kind not in _CONFIGS:
        raise ExpertError(
            f"config.json: model_type is {kind!r}", hint=f"Known: {', '.join(sorted(_CONFIGS))}"
        )
    # Counters that are left out, torch begins at 0 itself.
    config = _CONFIGS[str(kind)](facts)
    return load_weights(lambda: new_classifier(config), tensors)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return what an expert keeps of a classifier: all but the counters of batches."""
    return {
        name: part
        for name, part in network.state_dict().items()
        if not name.endswith(f".{COUNTER}")
    }


_CONFIGS: Mapping[str, Callable[[Mapping[str, object]], ResNetConfig | ViTConfig]] = {
    ResNetConfig.model_type: resnet_config,
    ViTConfig.model_type: vit_config,
}
