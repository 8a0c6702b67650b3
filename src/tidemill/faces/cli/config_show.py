"""``tidemill config show``."""

from typing import Annotated

import typer

from tidemill.core.settings import resolve
from tidemill.faces.cli.output import columns, ink_for, printable, write, write_json

__all__ = ["show"]


def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print every setting, its value and where it was set.

    Values come from, later ones winning: the defaults, config.toml in
    $XDG_CONFIG_HOME/tidemill, tidemill.toml in this folder or the nearest one
    above it, environment variables TIDEMILL_<NAME>, and flags.

    For example:

        TIDEMILL_WORKERS=4 tidemill config show
    """
    rows = resolve().rows()
    if as_json:
        write_json(
            {
                name: {"value": value, "origin": origin, "about": about}
                for name, value, origin, about in rows
            }
        )
        return
    ink = ink_for()
    cells = [(name, _shown(value), origin) for name, value, origin, _about in rows]
    for line, (_name, _value, _origin, about) in zip(
        columns([tuple(map(printable, row)) for row in cells]), rows, strict=True
    ):
        write(line)
        write(ink.dim(f"    {about}"))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
