"""Training a classifier of images."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from tidemill.corpus.images.labelled import Images, Labels
from tidemill.models.classifiers import Classifier, weights_of
from tidemill.training.chance import Chance
from tidemill.training.trainees.trainee import ModelFacts, Rows

__all__ = ["Augmentation", "ImageTrainee", "cropped"]

Augmentation = Literal["none", "crop-flip"]

MARGIN = 4
"""Pixels that a crop may be off, to every side."""

BRIGHTEST = 255


class ImageTrainee:
    """A classifier with a set of images.

    Args:
        images: All of them.
        labels: Their classes.
        network: What is trained.
        architecture: How it is called.
        device: Where the products are made.
    """

    def __init__(
        self,
        images: Images,
        labels: Labels,
        network: Classifier,
        *,
        architecture: str,
        device: torch.device,
    ) -> None:
        self._images = images
        self._labels = torch.from_numpy(labels).to(device)
        self._config = network.config
        # A pixel's channels lie side by side on the disk, and convolutions are fastest so.
        self._network: nn.Module = network.to(device)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._architecture = architecture
        self._device = device
        shown = network.config.images
        scale = 1 / (BRIGHTEST * np.array(shown.std, np.float32))
        shift = -np.array(shown.mean, np.float32) / np.array(shown.std, np.float32)
        self._scale, self._shift = (
            torch.from_numpy(part.astype(np.float32)).to(device)[:, None, None]
            for part in (scale, shift)
        )
        self.depth: int | None = None
        self.unit: str = "images"

    @property
    def network(self) -> nn.Module:
        """The classifier."""
        return self._network

    def scores(
        self, rows: Rows, chance: Chance | None, augmentation: Augmentation = "none"
    ) -> Float[Tensor, "rows classes"]:
        """Return a score for each class.

        Args:
            rows: Numbers of images.
            chance: For the augmentation, and to say that statistics are taken from these
                images; None when measuring, with the statistics that training kept.
            augmentation: What training does to the images.
        """
        self._network.train(chance is not None)
        images = self._images[rows]
        if chance is not None and augmentation == "crop-flip":
            images = cropped(images, chance.numpy("crop-flip"))
        shown = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()
        return self._network(shown * self._scale + self._shift)  # type: ignore[no-any-return]

    def labels(self, rows: Rows) -> Int[Tensor, " rows"]:
        """Return the classes of images."""
        return self._labels[torch.from_numpy(rows).to(self._device)]

    def places(self, rows: Rows) -> int:
        """Return the number of images."""
        return len(rows)

    def facts(self) -> ModelFacts:
        """Return the weights, and the statistics of the batch norms."""
        return ModelFacts(
            architecture=self._architecture,
            config=self._config.to_dict(),
            tensors=weights_of(self._network),
            texts={},
        )


def cropped(images: Images, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Move each image by up to four pixels, and mirror half of them.

    What comes in at a border is the image's own mirror image there.

    Args:
        images: Some images; they are not changed.
        chance: Where the moves are drawn.
    """
    count, side = images.shape[:2]
    down, across = chance.integers(-MARGIN, MARGIN + 1, (2, count, 1))
    mirrored = chance.random((count, 1)) < 0.5
    places = np.arange(side)
    rows = _reflected(places + down, side)
    columns = _reflected(np.where(mirrored, side - 1 - places, places) + across, side)
    each = np.arange(count)[:, None, None]
    return images[each, rows[:, :, None], columns[:, None, :]]


def _reflected(places: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    last = side - 1
    reflected: NDArray[np.int64] = last - np.abs(last - np.abs(places))
    return reflected
