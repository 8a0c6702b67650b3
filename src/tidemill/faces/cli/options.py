"""Options that several verbs share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.settings import Settings, resolve

__all__ = ["AsJson", "Seed", "StoreFolder", "Workers", "settings_from"]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
StoreFolder = Annotated[
    Path | None,
    typer.Option("--store", metavar="FOLDER", help="The store; else the nearest .tidemill."),
]
Workers = Annotated[int | None, typer.Option("--workers", metavar="N", help="Processes at work.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of what is drawn by chance.")]


def settings_from(**flags: object) -> Settings:
    """Return the settings in force, with the flags that were given on top."""
    return resolve(flags).settings
