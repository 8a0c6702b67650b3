"""Harvests that are kept: what was read once is not read again, and survives a kill."""

import json
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.corpus.documented import DocumentedFunction
from tidemill.corpus.harvest import EDITION, Harvest, HarvestedFile
from tidemill.corpus.recipe import Package

__all__ = ["keep", "kept", "place_of"]

FIELDS = tuple(item.name for item in fields(DocumentedFunction))


def place_of(package: Package, cache: Path, settings: Settings) -> Path:
    """Return where a package's harvest is kept: a name for all that it depends on."""
    limits = [settings.max_file_bytes, settings.parse_seconds]
    facts = [EDITION, package.sha256, package.name, package.language, package.only, limits]
    return cache / "functions" / content_hash(json.dumps(facts).encode())


def keep(found: Harvest, place: Path) -> None:
    """Write a harvest down in one step."""
    files = [
        [file.path, file.hash, [[getattr(f, name) for name in FIELDS] for f in file.functions]]
        for file in found.files
    ]
    facts = {"files": files, "left_out": found.left_out, "licences": sorted(found.licences)}
    make_private_directory(place.parent)
    write_atomically(place, zlib.compress(json.dumps(facts).encode(), 1))


def kept(place: Path) -> Harvest | None:
    """Return a harvest that was kept; None when there is none, or it is damaged."""
    try:
        facts = json.loads(zlib.decompress(place.read_bytes()))
        files = tuple(
            HarvestedFile(path=path, hash=hash_, functions=tuple(_function(row) for row in rows))
            for path, hash_, rows in facts["files"]
        )
        licences = frozenset(facts["licences"])
        return Harvest(files=files, left_out=facts["left_out"], licences=licences)
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None


def _function(row: list[object]) -> DocumentedFunction:
    values: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    return DocumentedFunction(**values)
