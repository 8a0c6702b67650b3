"""What the verbs of ``tidemill experts`` share."""

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tidemill.experts.package import ExpertPackage
from tidemill.experts.registry import ExpertRegistry, open_registry
from tidemill.experts.verification import sound_expert
from tidemill.faces.cli.options import named_path, settings_from
from tidemill.faces.cli.progress import shown_progress

__all__ = ["ExpertWord", "described", "is_path", "registry_from", "sound_package"]

ExpertWord: TypeAlias = Annotated[
    str, typer.Argument(metavar="EXPERT", help="Its name, or the path of its folder.")
]


def registry_from(folder: Path | None) -> ExpertRegistry:
    """Return the registry in force, with the flag on top."""
    return open_registry(settings_from(experts=folder))


def is_path(word: str) -> bool:
    """Say whether a word is the path of a folder and not the name of an expert."""
    return os.sep in word or word in {"", ".", ".."}


def sound_package(word: str, registry: ExpertRegistry) -> ExpertPackage:
    """Open the expert that a word names, checked in full if it was not before."""
    with shown_progress(unit="bytes") as progress:
        if is_path(word):
            return sound_expert(named_path(word), progress=progress)
        return registry.get(word, progress=progress)


def described(package: ExpertPackage) -> dict[str, object]:
    """Return the facts of a package that was just made, ready for JSON."""
    return {
        "name": package.name,
        "folder": str(package.folder),
        "expert_hash": package.expert_hash,
        "parameters": package.parameters,
        "bytes": package.bytes_on_disk,
        "sparsity": package.manifest.sparsity,
    }
