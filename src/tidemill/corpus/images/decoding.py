"""Pictures are decoded in this file alone: what comes in is somebody else's bytes."""

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8
from typing_extensions import override

from tidemill.core.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MOST_PIXELS", "DecodedImage", "decoded"]

DecodedImage = UInt8[np.ndarray, "rows columns channels"]
"""Red, green and blue of each pixel."""

KINDS = ("JPEG", "PNG")
MOST_PIXELS = 1 << 22
"""Of one picture; the head of a small file can promise many more."""


class _Refusal(Exception):  # noqa: N818  never leaves this file
    """Why a picture is not read."""

    @override
    def __str__(self) -> str:
        return str(self.args[0])


def decoded(data: bytes, *, side: int, path: str) -> DecodedImage:
    """Return a picture as a square of pixels, scaled where it has another size.

    Args:
        data: A JPEG or PNG.
        side: Rows and columns that it shall have.
        path: Where it comes from, for errors.

    Raises:
        InputError: It is no such picture, is damaged, or has too many pixels.
        MissingExtraError: Nothing here can read pictures.
    """
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  heavy, and an extra
    except ImportError as error:
        raise MissingExtraError("reading pictures", extra="images") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=KINDS) as picture:
                return _pixels(picture, side)
    except UnidentifiedImageError as error:
        raise InputError("neither JPEG nor PNG", path=path) from error
    except (
        *(OSError, ValueError, SyntaxError, EOFError, _Refusal),
        *(Image.DecompressionBombError, Image.DecompressionBombWarning),
    ) as error:
        raise InputError(f"the picture cannot be read: {error}", path=path) from error


def _pixels(picture: "Image", side: int) -> DecodedImage:
    if picture.width * picture.height > MOST_PIXELS:
        raise _Refusal(f"{picture.width} x {picture.height} pixels, more than {MOST_PIXELS:,}")
    picture.load()
    coloured = _of_bytes(picture).convert("RGB")
    if coloured.size != (side, side):
        coloured = coloured.resize((side, side))
    return np.asarray(coloured, dtype=np.uint8)


def _of_bytes(picture: "Image") -> "Image":
    """Return shades of 16 bits as the 8 that count most: Pillow by itself cuts off the brighter."""
    if not picture.mode.startswith("I"):
        return picture
    from PIL import Image  # noqa: PLC0415  heavy, and an extra

    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
