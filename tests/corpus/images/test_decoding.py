"""Pictures are read as they are, and nothing else is."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.corpus.images.pictures import picture, promising
from tidemill.core.errors import InputError, MissingExtraError
from tidemill.corpus.images.decoding import MOST_PIXELS, decoded


def test_a_picture_is_read_pixel_by_pixel() -> None:
    expected = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    assert np.array_equal(decoded(picture(3), side=32, path="x"), expected)
    close = decoded(picture(3, kind="JPEG"), side=32, path="x").astype(int) - expected
    assert np.abs(close).mean() < 8


def test_shades_of_16_bits_stay_shades() -> None:
    data = io.BytesIO()
    shades = np.array([[0, 0x3FFF], [0x8000, 0xFFFF]], np.uint16)
    Image.fromarray(shades).save(data, "PNG")
    found = decoded(data.getvalue(), side=2, path="a.png")
    assert found[..., 0].tolist() == [[0, 0x3F], [0x80, 0xFF]]


def test_another_size_is_scaled() -> None:
    assert decoded(picture(0, size=(40, 20)), side=16, path="x").shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither JPEG nor PNG"),
        (b"GIF89a" + b"\0" * 64, "neither JPEG nor PNG"),
        (picture(1)[:-40], "cannot be read"),
        (picture(1, kind="JPEG")[:100], "neither JPEG nor PNG|cannot be read"),
        (promising(100_000, 100_000), "cannot be read"),
        (promising(4_000, 4_000), f"more than {MOST_PIXELS:,}"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        decoded(data, side=32, path="a.tar: b.png")
    assert caught.value.path == "a.tar: b.png"


def test_without_a_reader_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['PIL'] = None; sys.modules['sklearn'] = None\n"
        "from tidemill.corpus.images.decoding import decoded\n"
        "from tidemill.corpus.images.digits import digits\n"
        "for ask in (lambda: decoded(b'', side=8, path='x'), lambda: digits(8)):\n"
        "    try: ask()\n"
        "    except Exception as error: print(type(error).__name__, error.extra)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.splitlines() == [f"{MissingExtraError.__name__} images"] * 2
