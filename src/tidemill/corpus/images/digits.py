"""Written digits, which come with scikit-learn: a set that needs no download.

The test part of Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998): 1,797
images of 8 x 8 places, each a number of dots from 0 to 16.
"""

import numpy as np

from tidemill.core.errors import InputError, MissingExtraError
from tidemill.corpus.images.labelled import LabelledImages

__all__ = ["digits"]

SIDE = 8
DARKEST = 16


def digits(side: int) -> LabelledImages:
    """Return the digits, white on black, each place made a square of pixels.

    Args:
        side: Rows and columns of an image: a multiple of 8.

    Raises:
        InputError: The side is no such multiple.
        MissingExtraError: scikit-learn is not installed.
    """
    if side % SIDE:
        raise InputError(f"digits of {side} pixels", hint=f"Give a multiple of {SIDE}.")
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  heavy, and an extra
    except ImportError as error:
        raise MissingExtraError("the set of digits", extra="images") from error
    found = load_digits()
    places = np.asarray(found.images, np.int64) * 255 // DARKEST
    factor = side // SIDE
    images = places.astype(np.uint8).repeat(factor, axis=1).repeat(factor, axis=2)
    return LabelledImages(
        images=images[..., None],
        labels=np.asarray(found.target, np.int64),
        names=[f"{number:04d}" for number in range(len(images))],
        classes=tuple(str(digit) for digit in range(10)),
    )
