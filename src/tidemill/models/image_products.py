"""The products of classifiers of images, from their configs alone."""

from collections.abc import Mapping

from tidemill.models.image_config import resnet_config, vit_config
from tidemill.models.product_record import ProductRecord
from tidemill.models.products import ANSWER, FIRST, ModelProducts, WeightProduct

__all__ = ["resnet_products", "vit_products"]


def vit_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what a vision transformer computes.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    config = vit_config(facts)
    width, places, heads = config.hidden_size, config.places, config.num_attention_heads
    record = ProductRecord()
    record.product(
        WeightProduct(
            name="patch_embedding",
            kind="convolution",
            inputs=config.images.channels,
            outputs=width,
            window=(config.patch_size,) * 2,
            stride=(config.patch_size,) * 2,
            rows=places,
            dense_because=FIRST,
            is_first=True,
        )
    )
    for number in range(config.num_hidden_layers):
        block = f"blocks.{number}"
        record.work(f"{block}.norm1", "layer-norm", places * width)
        record.linear(f"{block}.attention.qkv", (places, width, 3 * width))
        record.attention(f"{block}.attention", heads, (places, places), width // heads)
        record.linear(f"{block}.attention.output", (places, width, width))
        record.work(block, "add", places * width)
        record.work(f"{block}.norm2", "layer-norm", places * width)
        record.linear(f"{block}.fc1", (places, width, config.intermediate_size))
        record.work(block, "gelu", places * config.intermediate_size)
        record.linear(f"{block}.fc2", (places, config.intermediate_size, width))
        record.work(block, "add", places * width)
    record.work("norm", "layer-norm", places * width)
    record.work("model", "average-pool", places * width)
    record.linear("classifier", (1, width, len(config.images.labels)), ANSWER)
    return record.made(config.model_type, places=places, example="image", unit="patches")


def resnet_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what a ResNet-9 computes.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    config = resnet_config(facts)
    first, second, third, fourth = config.widths
    side = config.images.size
    record = ProductRecord()
    _unit(record, "stem", (config.images.channels, first), side)
    _unit(record, "layer1", (first, second), side)
    record.work("model", "max-pool", second * side**2)
    _residual(record, "residual1", second, side // 2)
    _unit(record, "layer2", (second, third), side // 2)
    record.work("model", "max-pool", third * (side // 2) ** 2)
    _unit(record, "layer3", (third, fourth), side // 4)
    record.work("model", "max-pool", fourth * (side // 4) ** 2)
    _residual(record, "residual3", fourth, side // 8)
    record.work("model", "max-pool", fourth * (side // 8) ** 2)
    record.linear("classifier", (1, fourth, len(config.images.labels)), ANSWER)
    return record.made(config.model_type, places=side**2, example="image", unit="pixels")


def _residual(record: ProductRecord, name: str, width: int, side: int) -> None:
    _unit(record, f"{name}.first", (width, width), side)
    _unit(record, f"{name}.second", (width, width), side)
    record.work(name, "add", width * side**2)


def _unit(record: ProductRecord, name: str, channels: tuple[int, int], side: int) -> None:
    """Note a convolution that leaves the sides of an image, its norm and its ReLU."""
    inputs, outputs = channels
    is_first = name == "stem"
    record.product(
        WeightProduct(
            name=f"{name}.convolution",
            kind="convolution",
            inputs=inputs,
            outputs=outputs,
            window=(3, 3),
            rows=side**2,
            dense_because=FIRST if is_first else "",
            is_first=is_first,
        )
    )
    record.work(f"{name}.norm", "batch-norm", outputs * side**2)
    record.work(name, "relu", outputs * side**2)
