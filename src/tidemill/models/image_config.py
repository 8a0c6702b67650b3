"""What shape a classifier of images has; nothing here loads torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from tidemill.core.errors import ExpertError

__all__ = ["ImageInput", "ResNetConfig", "ViTConfig", "resnet_config", "vit_config"]

MOST_LABELS = 100_000
LARGEST_SIZE = 1 << 20
"""Of anything that a config says."""

MOST_BLOCKS = 512
RESNET_STRIDE = 16
"""Four poolings by two, the last over what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInput:
    """What a classifier is shown, and what it may answer.

    Attributes:
        size: Rows and columns of an image, in pixels.
        channels: Colours of a pixel.
        mean: Of each channel over the training images, where 1 is full light.
        std: Of each channel likewise; images are shown with mean 0 and deviation 1.
        labels: Names of the classes, by number.
    """

    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if min(self.size, self.channels) < 1:
            raise ExpertError(f"images of {self.size} pixels and {self.channels} channels")
        if not len(self.mean) == len(self.std) == self.channels:
            raise ExpertError(
                f"{self.channels} channels, {len(self.mean)} means and {len(self.std)} deviations"
            )
        if min(self.std) <= 0:
            raise ExpertError(f"a deviation of {min(self.std)}; it is above 0")
        if not 2 <= len(self.labels) <= MOST_LABELS:
            raise ExpertError(f"{len(self.labels)} classes; there are 2 or more")

    def to_dict(self) -> dict[str, object]:
        """Return the facts under the names that Hugging Face's vision models use."""
        return {
            "image_size": self.size,
            "num_channels": self.channels,
            "image_mean": list(self.mean),
            "image_std": list(self.std),
            "id2label": {str(number): name for number, name in enumerate(self.labels)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNetConfig:
    """ResNet-9 (David Page's network of DAWNBench, 2018).

    Attributes:
        images: What it is shown.
        width: Channels of the first convolution, doubled three times; the published one has 64.
    """

    model_type: ClassVar[str] = "tidemill-resnet9"

    images: ImageInput
    width: int = 64

    def __post_init__(self) -> None:
        _at_least("width", self.width, 1)
        if self.images.size < RESNET_STRIDE // 2:
            raise ExpertError(f"images of {self.images.size} pixels; 8 or more can be pooled")

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels of the four depths."""
        return (self.width, 2 * self.width, 4 * self.width, 8 * self.width)

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        return {"model_type": self.model_type, **self.images.to_dict(), "width": self.width}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTConfig:
    """A small vision transformer (Dosovitskiy et al. 2021): pre-norm, mean over places.

    Attributes:
        images: What it is shown.
        patch_size: Rows and columns of a patch, in pixels; divides the image.
        hidden_size: Width of a place.
        num_hidden_layers: Blocks.
        num_attention_heads: Heads; they divide the width.
        intermediate_size: Width inside a block's feed-forward part.
    """

    model_type: ClassVar[str] = "tidemill-vit"

    images: ImageInput
    patch_size: int = 4
    hidden_size: int = 128
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    intermediate_size: int = 256

    def __post_init__(self) -> None:
        for name, size in _sizes(self).items():
            _at_least(name, size, 1)
        if self.num_hidden_layers > MOST_BLOCKS:
            raise ExpertError(f"num_hidden_layers is {self.num_hidden_layers} of {MOST_BLOCKS}")
        if self.images.size % self.patch_size:
            raise ExpertError(
                f"patches of {self.patch_size} do not divide images of {self.images.size} pixels"
            )
        if self.hidden_size % self.num_attention_heads:
            raise ExpertError(
                f"{self.num_attention_heads} heads do not divide a width of {self.hidden_size}"
            )

    @property
    def places(self) -> int:
        """Patches of an image."""
        return (self.images.size // self.patch_size) ** 2

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        return {"model_type": self.model_type, **self.images.to_dict(), **_sizes(self)}


def resnet_config(facts: Mapping[str, object]) -> ResNetConfig:
    """Read a ResNet-9's shape from the facts of a ``config.json``.

    Raises:
        ExpertError: A field is missing, of the wrong kind or out of range.
    """
    return ResNetConfig(images=_images(facts), width=_size(facts, "width"))


def vit_config(facts: Mapping[str, object]) -> ViTConfig:
    """Read a vision transformer's shape from the facts of a ``config.json``.

    Raises:
        ExpertError: A field is missing, of the wrong kind or out of range.
    """
    names = ("patch_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
    sizes = {name: _size(facts, name) for name in (*names, "intermediate_size")}
    return ViTConfig(images=_images(facts), **sizes)


def _sizes(config: ViTConfig) -> dict[str, int]:
    return {name: value for name, value in asdict(config).items() if name != "images"}


def _images(facts: Mapping[str, object]) -> ImageInput:
    named = facts.get("id2label")
    if not isinstance(named, Mapping) or set(named) != {str(i) for i in range(len(named))}:
        raise ExpertError("config.json: id2label is no table of classes from 0 on")
    return ImageInput(
        size=_size(facts, "image_size"),
        channels=_size(facts, "num_channels"),
        mean=_numbers(facts, "image_mean"),
        std=_numbers(facts, "image_std"),
        labels=tuple(str(named[str(number)]) for number in range(len(named))),
    )


def _numbers(facts: Mapping[str, object], name: str) -> tuple[float, ...]:
    listed = facts.get(name)
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise ExpertError(f"config.json: {name} is {listed!r}, not a list of numbers")
    for value in listed:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExpertError(f"config.json: {name} holds {value!r}, which is no number")
        if not abs(value) < LARGEST_SIZE:
            raise ExpertError(f"config.json: {name} holds a number that is too large")
    return tuple(float(value) for value in listed)


def _size(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ExpertError(f"config.json: {name} is {value!r}, not a number of 1 or more")
    if value > LARGEST_SIZE:
        raise ExpertError(f"config.json: {name} is larger than {LARGEST_SIZE:,}")
    return value


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ExpertError(f"{name} is {value}; it is at least {least}")
