"""One content hash for everything: bodies, files, finished steps."""

import hashlib
from pathlib import Path

DIGEST_BYTES = 16
BLOCK_BYTES = 1 << 18


def content_hash(data: bytes) -> str:
    """Name a content by its bytes.

    Args:
        data: The content.

    Returns:
        BLAKE2b with a 16-byte digest, as 32 hexadecimal characters.
    """
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def file_hash(path: Path) -> str:
    """Name a file by its bytes, read in blocks so that its size costs no memory.

    Args:
        path: A regular file.

    Returns:
        The ``content_hash`` of what the file holds.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
        return digest.hexdigest()
