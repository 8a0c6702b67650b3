"""Labelled packages that are kept: labelled once, so that a build that was killed goes on."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.hashing import content_hash
from tidemill.corpus.recipe import Package
from tidemill.corpus.typed.labelled import (
    FILE_COLUMNS,
    SITE_COLUMNS,
    LabelledFile,
    LabelledSite,
    TypedFile,
)

__all__ = ["EDITION", "LabelledPackage", "keep", "kept", "place_of"]

EDITION = "2"
"""Part of the key of what is kept: new whenever the same package would give other labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPackage:
    """What a package gave.

    Attributes:
        files: Its labelled files.
        left_out: Files that gave nothing, counted by reason.
        licences: What its metadata says, as far as that is known.
    """

    files: Sequence[LabelledFile]
    left_out: dict[str, int]
    licences: frozenset[str]


def place_of(package: Package, cache: Path, limits: Sequence[object]) -> Path:
    """Return where a package's labels are kept: a name for all that they depend on.

    Args:
        package: Which.
        cache: The build's.
        limits: What else decides: the compiler, sizes, the seed.
    """
    facts = [EDITION, package.sha256, package.name, package.only, *limits]
    return cache / "types" / content_hash(json.dumps(facts).encode())


def keep(found: LabelledPackage, place: Path) -> None:
    """Write labels down in one step."""
    rows = [
        [
            [getattr(labelled.file, name) for name in FILE_COLUMNS],
            [[getattr(site, name) for name in SITE_COLUMNS] for site in labelled.sites],
        ]
        for labelled in found.files
    ]
    facts = {"files": rows, "left_out": found.left_out, "licences": sorted(found.licences)}
    make_private_directory(place.parent)
    write_atomically(place, zlib.compress(json.dumps(facts).encode("utf-8", "replace"), 1))


def kept(place: Path) -> LabelledPackage | None:
    """Return labels that were kept; None when there are none, or they are damaged."""
    try:
        facts = json.loads(zlib.decompress(place.read_bytes()))
        return LabelledPackage(
            files=[_labelled(file, sites) for file, sites in facts["files"]],
            left_out=dict(facts["left_out"]),
            licences=frozenset(facts["licences"]),
        )
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None


def _labelled(file: Sequence[Any], sites: Sequence[Sequence[Any]]) -> LabelledFile:
    return LabelledFile(
        file=TypedFile(**dict(zip(FILE_COLUMNS, file, strict=True))),
        sites=tuple(LabelledSite(**dict(zip(SITE_COLUMNS, row, strict=True))) for row in sites),
    )
