"""Pictures in a folder or an archive, in which each class has a folder of its own."""

from pathlib import Path, PurePosixPath

import numpy as np

from tidemill.core.errors import InputError
from tidemill.core.progress import Progress
from tidemill.corpus.archive import Bounds, members
from tidemill.corpus.images.decoding import DecodedImage, decoded
from tidemill.corpus.images.labelled import LabelledImages

__all__ = ["pictures_in"]

ENDINGS = (".jpg", ".jpeg", ".png")
BOUNDS = Bounds(member_bytes=4 << 20, total_bytes=8 << 30, members=2_000_000)
EVERY = 1_000
MOST_CLASSES = 1 << 16
MOST_BYTES = 4 << 30
"""Of all pixels together: they are held in memory once while they are packed."""


def pictures_in(place: Path, *, side: int, progress: Progress) -> LabelledImages:
    """Read every picture; the folder around it is its class.

    Args:
        place: A folder, or an archive that is read where it lies.
        side: Rows and columns of an image.
        progress: Told of every thousand pictures.

    Raises:
        InputError: It is not there, is damaged or too large, or holds no two classes.
        MissingExtraError: Nothing here can read pictures.
    """
    if not place.exists():
        hint = "The setting data (TIDEMILL_DATA) names the folder of benchmark data."
        raise InputError("there is no such file or folder", path=str(place), hint=hint)
    found: list[tuple[str, DecodedImage]] = []
    for member in members(place, lambda name: name.lower().endswith(ENDINGS), BOUNDS):
        where = f"{place}: {member.path}"
        found.append((member.path, decoded(member.data, side=side, path=where)))
        if len(found) * found[0][1].nbytes > MOST_BYTES:
            hint = "Give fewer pictures, or a smaller side."
            raise InputError(f"more than {MOST_BYTES:,} bytes", path=str(place), hint=hint)
        if len(found) % EVERY == 0:
            progress.advance(len(found), None, "reading pictures")
    # By their paths, so that the order of an archive decides nothing.
    found.sort(key=lambda item: item[0])
    names = [PurePosixPath(path).parent.name for path, _ in found]
    classes = tuple(sorted(set(names)))
    if not 2 <= len(classes) <= MOST_CLASSES:
        hint = "Put the pictures of each class into a folder with its name."
        raise InputError(f"{len(classes)} classes of pictures", path=str(place), hint=hint)
    return LabelledImages(
        images=np.stack([image for _, image in found]),
        labels=np.array([classes.index(name) for name in names], np.int64),
        names=[path for path, _ in found],
        classes=classes,
    )
