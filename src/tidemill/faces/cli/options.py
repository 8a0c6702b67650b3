"""Options that several verbs share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.core.settings import Settings, resolve

__all__ = [
    "AsJson",
    "ExpertsFolder",
    "Seed",
    "StoreFolder",
    "Workers",
    "named_path",
    "settings_from",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
StoreFolder = Annotated[
    Path | None,
    typer.Option("--store", metavar="FOLDER", help="The store; else the nearest .tidemill."),
]
Workers = Annotated[int | None, typer.Option("--workers", metavar="N", help="Processes at work.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of what is drawn by chance.")]


def named_path(text: str) -> Path:
    """Return a path that was named; an empty one is a variable that nobody set.

    Raises:
        SettingError: It is empty.
    """
    if not text:
        raise SettingError("a path is empty", hint="name a file or folder; . is this one")
    return Path(text)


ExpertsFolder = Annotated[
    Path | None,
    typer.Option(
        "--experts",
        metavar="FOLDER",
        parser=named_path,
        help="Your experts; else among your data files.",
    ),
]


def settings_from(**flags: object) -> Settings:
    """Return the settings in force, with the flags that were given on top."""
    return resolve(flags).settings
