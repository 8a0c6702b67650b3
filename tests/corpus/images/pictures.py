"""Pictures made on the spot."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.corpus.making import tarred


def picture(seed: int, *, size: tuple[int, int] = (32, 32), kind: str = "PNG") -> bytes:
    """Return the bytes of a picture of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=95, subsampling=0)
    return file.getvalue()


def promising(width: int, height: int) -> bytes:
    """Return a small PNG whose head promises many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def two_classes(path: Path, each: int = 10) -> Path:
    """Write an archive of two classes of noise."""
    files = {
        f"train/{name}/{number:04d}.png": picture(100 * place + number, size=(8, 8))
        for place, name in enumerate(("cat", "dog"))
        for number in range(each)
    }
    return tarred(path, files)
