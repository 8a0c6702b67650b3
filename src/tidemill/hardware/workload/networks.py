"""Published networks that papers measure with, without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tidemill.hardware.workload.image_record import ImageRecord
from tidemill.models.image_config import ImageInput, ResNetConfig, ViTConfig
from tidemill.models.product_readers import model_products
from tidemill.models.products import ModelProducts

__all__ = ["NETWORKS", "PublishedNetwork"]

SMALL_BATCH, LARGE_BATCH = 512, 256
"""Assumed, of small images and of photographs; papers say it seldom."""

WIDTHS = (64, 128, 256, 512)
"""Channels of the four stages of a ResNet."""

VGG19 = (64, 64, 0, 128, 128, 0, *(256,) * 4, 0, *(512,) * 4, 0, *(512,) * 4, 0)
"""Channels of its convolutions; 0 is a pooling by two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNetwork:
    """A network, and what it is usually trained with.

    Attributes:
        name: As it is asked for.
        products: What it computes for an image.
        batch: Images of a step where nobody says otherwise.
        source: Where it is from, and on what images.
        notes: What is assumed about its shape.
    """

    name: str
    products: ModelProducts
    batch: int
    source: str
    notes: tuple[str, ...] = ()


def _resnet18(images: ImageRecord, classes: int) -> ModelProducts:
    for stage, width in enumerate(WIDTHS):
        for number in range(2):
            step = 2 if stage and not number else 1
            images.block(f"stage{stage}.{number}", ((width, 3, step), (width, 3, 1)))
    return images.classified(classes, "resnet")


def _large() -> ImageRecord:
    """Return a photograph of ImageNet after the first layer of a ResNet."""
    images = ImageRecord(224)
    images.unit("stem", WIDTHS[0], 7, 2)
    images.pool()
    return images


def _resnet18_of_64() -> ModelProducts:
    images = ImageRecord(64)
    images.unit("stem", WIDTHS[0], 3)
    return _resnet18(images, 200)


def _resnet50() -> ModelProducts:
    images = _large()
    for stage, (width, depth) in enumerate(zip(WIDTHS, (3, 4, 6, 3), strict=True)):
        for number in range(depth):
            step = 2 if stage and not number else 1
            units = ((width, 1, 1), (width, 3, step), (4 * width, 1, 1))
            images.block(f"stage{stage}.{number}", units)
    return images.classified(1_000, "resnet")


def _vgg19() -> ModelProducts:
    images = ImageRecord(32)
    for number, width in enumerate(VGG19):
        if width:
            images.unit(f"features.{number}", width, 3)
        else:
            images.pool()
    return images.classified(100, "vgg")


def _shown(classes: int) -> ImageInput:
    """Return small images; how light they are changes no product."""
    labels = tuple(map(str, range(classes)))
    return ImageInput(size=32, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3, labels=labels)


def _vit() -> ModelProducts:
    config = ViTConfig(
        images=_shown(100),
        patch_size=4,
        hidden_size=192,
        num_hidden_layers=12,
        num_attention_heads=3,
        intermediate_size=768,
    )
    return model_products(config.to_dict())


_PUBLISHED = (
    PublishedNetwork(
        name="resnet9",
        products=model_products(ResNetConfig(images=_shown(10)).to_dict()),
        batch=SMALL_BATCH,
        source="Page 2018 (DAWNBench), on CIFAR-10 (32 x 32 pixels)",
    ),
    PublishedNetwork(
        name="resnet18",
        products=_resnet18(_large(), 1_000),
        batch=LARGE_BATCH,
        source="He et al. 2016, on ImageNet (224 x 224 pixels)",
    ),
    PublishedNetwork(
        name="resnet18-64",
        products=_resnet18_of_64(),
        batch=SMALL_BATCH,
        source="He et al. 2016, on Tiny ImageNet (64 x 64 pixels)",
        notes=("the first convolution is assumed to be 3 x 3, and no pooling to follow it",),
    ),
    PublishedNetwork(
        name="resnet50",
        products=_resnet50(),
        batch=LARGE_BATCH,
        source="He et al. 2016, strides in the 3 x 3 (v1.5), on ImageNet (224 x 224 pixels)",
    ),
    PublishedNetwork(
        name="vgg19",
        products=_vgg19(),
        batch=SMALL_BATCH,
        source="Simonyan and Zisserman 2015, with batch norms, on CIFAR-100 (32 x 32 pixels)",
        notes=("one linear layer is assumed to classify",),
    ),
    PublishedNetwork(
        name="vit",
        products=_vit(),
        batch=SMALL_BATCH,
        source="Dosovitskiy et al. 2021, on CIFAR-100 (32 x 32 pixels)",
        notes=(
            "patches of 4 x 4, a width of 192, 12 layers and 3 heads are assumed",
            "no class token is assumed: the mean over places is classified",
        ),
    ),
)
NETWORKS: Mapping[str, PublishedNetwork] = MappingProxyType({one.name: one for one in _PUBLISHED})
"""By name."""
