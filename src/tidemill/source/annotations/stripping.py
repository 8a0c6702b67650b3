"""A file without its annotations, in which every other byte keeps its place."""

from collections.abc import Iterable

from tidemill.source.annotations.site import TypeSite

__all__ = ["stripped"]


def stripped(text: bytes, sites: Iterable[TypeSite]) -> bytes:
    """Blank the annotations of sites: line breaks stay, all else becomes spaces.

    The mark of a value that is given later (``x!: T``) goes with its annotation.

    Args:
        text: The file.
        sites: Whose annotations go.
    """
    blanked = bytearray(text)
    for site in sites:
        if site.annotation is None:
            continue
        start, end = site.annotation.start, site.annotation.end
        before = blanked[site.place.end : start]
        if before.strip() == b"!":
            start = site.place.end
        blanked[start:end] = bytes(byte if byte in b"\r\n" else 32 for byte in blanked[start:end])
    return bytes(blanked)
