"""What is in a packed set of images, and whether one split gives another away."""

from dataclasses import dataclass
from pathlib import Path

from tidemill.core.hashing import content_hash
from tidemill.corpus.example import SPLITS
from tidemill.corpus.images.packed import classes_of, read_images, read_labels
from tidemill.corpus.packed import PackedCorpus

__all__ = ["ImageInspection", "inspect_images"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInspection:
    """What is in a packed set of images.

    Attributes:
        name: Of the set.
        about: What it is for.
        folder: Where it is.
        shape: Rows, columns and channels of an image.
        classes: For each class the images of each split.
        equal: Images whose pixels, all of them, came before in any split.
        equal_across: Of those, the ones whose like is in another split.
    """

    name: str
    about: str
    folder: Path
    shape: tuple[int, ...]
    classes: dict[str, dict[str, int]]
    equal: int
    equal_across: int

    @property
    def leaks(self) -> bool:
        """Whether one split gives away what another asks."""
        return self.equal_across > 0


def inspect_images(corpus: PackedCorpus) -> ImageInspection:
    """Look into a packed set of images; every file is compared with its hash first.

    Args:
        corpus: The set.

    Raises:
        InputError: It is no set of images, or damaged.
    """
    corpus.verify()
    classes = classes_of(corpus)
    counted = {name: dict.fromkeys(SPLITS, 0) for name in classes}
    homes: dict[str, str] = {}
    total = across = 0
    for split in SPLITS:
        for label in read_labels(corpus, split).tolist():
            counted[classes[label]][split] += 1
        for image in read_images(corpus, split):
            across += homes.setdefault(content_hash(image.tobytes()), split) != split
            total += 1
    return ImageInspection(
        name=corpus.name,
        about=str(corpus.manifest["about"]),
        folder=corpus.folder,
        shape=tuple(corpus.manifest["shape"]),
        classes=counted,
        equal=total - len(homes),
        equal_across=across,
    )
