"""One file for a whole package: ``<name>.tidemill``, an uncompressed zip.

Uncompressed, because weights hardly get smaller and because then no archive can hold more
than its own size: there are no bombs. A zip, because any program opens it and because it
needs none of the links, devices and long names of a tar, which a reader would have to refuse
one by one. The same package gives the same bytes.
"""

import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import placed
from tidemill.experts.folder import (
    MOST_FILES,
    blocks_of,
    fresh_file,
    opened,
    staged,
    write_new,
)
from tidemill.experts.names import MANIFEST, check_file_name
from tidemill.experts.package import LARGEST_PACKAGE_BYTES, ExpertPackage

__all__ = ["ENDING", "pack_expert", "unpack_archive"]

ENDING: Final = ".tidemill"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The moment that every file in an archive has: the first that a zip can name."""

PUBLIC_FILE: Final = 0o644
LARGEST_DIRECTORY_BYTES: Final = 1 << 16
END_BYTES: Final = 22
LOCATOR_BYTES: Final = 20

_END = b"PK\x05\x06"
_LOCATOR_64 = b"PK\x06\x07"
_UNIX = 3
_MODE_SHIFT = 16
_ENCRYPTED = 0x1
_DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What the library raises over an archive that is not as it says."""


def pack_expert(expert: ExpertPackage, archive: Path) -> None:
    """Pack an expert into one file.

    Args:
        expert: Sound, as a registry hands it out.
        archive: The file; it appears in one step, and nothing may be there.

    Raises:
        ExpertError: The package changed since it was opened.
        InputError: Something is there already.
        CapacityError: The disk is full.
        StoreError: The package cannot be read, or the file not written.
    """
    with fresh_file(archive, mode=PUBLIC_FILE) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as packed:
            for name in (MANIFEST, *sorted(expert.manifest.files)):
                _pack_file(packed, expert.folder / name)
        expert.check_unchanged()


def _pack_file(packed: zipfile.ZipFile, path: Path) -> None:
    info = zipfile.ZipInfo(path.name, EPOCH)
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | PUBLIC_FILE) << _MODE_SHIFT
    with opened(path) as file, packed.open(info, "w") as out:
        for block in blocks_of(file):
            out.write(block)


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack an archive into a new folder, and nowhere else.

    What is in it is still to be verified.

    Args:
        archive: The file.
        folder: Where to; nothing may be there.

    Raises:
        ExpertError: It is no archive of an expert, damaged, or made to do harm.
        InputError: Something is in the folder's place.
        CapacityError: The disk is full.
        StoreError: The archive cannot be read, or the folder not written.
    """
    with (
        opened(archive) as file,
        staged(folder) as stage,
        _damage_named(archive),
        _directory(archive, file) as packed,
    ):
        for info in packed.infolist():
            with packed.open(info) as member:
                write_new(stage / info.filename, blocks_of(member))


@contextmanager
def _damage_named(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise ExpertError(f"{archive}: a damaged archive: {error}") from error


@contextmanager
def _directory(archive: Path, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose list of files was checked."""
    size = file.seek(0, 2)
    if size > LARGEST_PACKAGE_BYTES:
        raise ExpertError(f"{archive}: larger than {LARGEST_PACKAGE_BYTES:,} bytes")
    _check_end(archive, file, size)
    with zipfile.ZipFile(file) as packed:
        infos = packed.infolist()
        for info in infos:
            _check_member(archive, info)
        if len({info.filename.lower() for info in infos}) < len(infos):
            raise ExpertError(f"{archive}: a file is in it twice")
        if sum(info.file_size for info in infos) > size:
            raise ExpertError(f"{archive}: claims to hold more than its own size")
        yield packed


def _check_end(archive: Path, file: BinaryIO, size: int) -> None:
    """Bound the list of files before the library reads it into memory."""
    file.seek(max(0, size - END_BYTES - LOCATOR_BYTES))
    tail = file.read()
    end = tail[-END_BYTES:]
    if len(end) < END_BYTES or not end.startswith(_END) or end[-2:] != b"\0\0":
        raise ExpertError(f"{archive}: no archive of an expert, or cut off")
    if tail.startswith(_LOCATOR_64):
        raise ExpertError(f"{archive}: a zip of the 64-bit kind, which no expert needs")
    entries, directory_bytes = struct.unpack_from("<HI", end, 10)
    if entries > MOST_FILES or directory_bytes > LARGEST_DIRECTORY_BYTES:
        raise ExpertError(f"{archive}: {entries:,} files; {MOST_FILES} may be")


def _check_member(archive: Path, info: zipfile.ZipInfo) -> None:
    if info.orig_filename != info.filename:
        raise ExpertError(f"{archive}: {info.orig_filename!r} is no name of a file in an expert")
    with placed(str(archive)):
        check_file_name(info.filename)
    kind = stat.S_IFMT(info.external_attr >> _MODE_SHIFT)
    if kind not in {0, stat.S_IFREG}:
        raise ExpertError(f"{archive}: {info.filename} is a link or a device")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise ExpertError(
            f"{archive}: {info.filename} is compressed, and archives of experts are not",
            hint="pack it with: tidemill experts pack, or: zip -0 -X",
        )
    if info.flag_bits & _ENCRYPTED:
        raise ExpertError(f"{archive}: {info.filename} is encrypted")
