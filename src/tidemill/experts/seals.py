"""Which packages were checked in full, so that nobody checks them again before they change.

A seal is a small file beside the registry's packages that holds size, time and inode of
every file of one package at the moment it was found sound.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tidemill.core.errors import CapacityError, ExpertError, StoreError
from tidemill.core.files import make_private_directory, named_failures, write_atomically
from tidemill.experts.documents import Facts, canonical_json, json_object
from tidemill.experts.folder import FileStamp, read_whole
from tidemill.experts.package import ExpertPackage

__all__ = ["SEALS", "break_seal", "is_sealed", "seal"]

SEALS: Final = ".sealed"
LARGEST_SEAL_BYTES: Final = 1 << 16


def seal(registry: Path, package: ExpertPackage) -> None:
    """Write down that a package is sound.

    Where that cannot be written, it will be checked again the next time.

    Args:
        registry: The folder of the registry.
        package: Just checked.
    """
    stamps = {name: asdict(stamp) for name, stamp in package.stamps.items()}
    facts = {"folder": str(package.folder), "stamps": stamps}
    with suppress(StoreError, CapacityError):
        make_private_directory(registry / SEALS)
        write_atomically(_path(registry, package.name), canonical_json(facts))


def is_sealed(registry: Path, package: ExpertPackage) -> bool:
    """Say whether a package is as it was when it was found sound.

    Args:
        registry: The folder of the registry.
        package: Just opened.
    """
    try:
        return _sealed_stamps(registry, package) == dict(package.stamps)
    except (ExpertError, StoreError):
        return False


def break_seal(registry: Path, name: str) -> None:
    """Forget that a package is sound.

    Args:
        registry: The folder of the registry.
        name: The expert's.

    Raises:
        StoreError: The seal cannot be removed.
    """
    path = _path(registry, name)
    with named_failures(path, doing="remove"):
        path.unlink(missing_ok=True)


def _path(registry: Path, name: str) -> Path:
    return registry / SEALS / f"{name}.json"


def _sealed_stamps(registry: Path, package: ExpertPackage) -> Mapping[str, FileStamp]:
    path = _path(registry, package.name)
    data = read_whole(path, most_bytes=LARGEST_SEAL_BYTES)
    facts = Facts(fields=json_object(data, where=str(path)), where=str(path))
    if facts.text("folder") != str(package.folder):
        return {}
    return {
        name: FileStamp(
            bytes=entry.whole("bytes"),
            mtime_ns=entry.whole("mtime_ns"),
            inode=entry.whole("inode", most=2**64 - 1),
        )
        for name, entry in facts.inner("stamps").entries()
    }
