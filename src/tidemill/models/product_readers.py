"""The products of a model from its ``config.json`` alone and without torch.

What the models declare as ``dense_layers`` is repeated by their readers.
"""

from collections.abc import Callable, Mapping

from tidemill.core.errors import ExpertError
from tidemill.models.image_config import ResNetConfig, ViTConfig
from tidemill.models.image_products import resnet_products, vit_products
from tidemill.models.products import ModelProducts
from tidemill.models.seq2seq.products import seq2seq_products
from tidemill.models.text_products import (
    convolution_products,
    encoder_products,
    router_products,
    static_products,
)

__all__ = ["PLANNED_TYPES", "model_products"]

_READERS: dict[str, Callable[[Mapping[str, object]], ModelProducts]] = {
    "bert": encoder_products,
    "roberta": encoder_products,
    "tidemill-convolution": convolution_products,
    "tidemill-router": router_products,
    ResNetConfig.model_type: resnet_products,
    "t5": seq2seq_products,
    "tidemill-static": static_products,
    ViTConfig.model_type: vit_products,
}

PLANNED_TYPES = tuple(_READERS)
"""The models whose products follow from their config."""


def model_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what a model computes.

    Args:
        facts: The parsed ``config.json``; its ``model_type`` says which kind of model.

    Raises:
        ExpertError: The kind is unknown, or a field is missing or wrong.
    """
    kind = facts.get("model_type")
    if not isinstance(kind, str) or kind not in _READERS:
        raise ExpertError(
            f"config.json: model_type is {kind!r}", hint=f"Known: {', '.join(PLANNED_TYPES)}"
        )
    return _READERS[kind](facts)
