"""``tidemill experts remove``."""

from typing import Annotated

import typer

from tidemill.faces.cli.experts_options import registry_from
from tidemill.faces.cli.options import AsJson, ExpertsFolder
from tidemill.faces.cli.output import printable, write, write_json

__all__ = ["remove"]


def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The expert's.")],
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Remove one of your experts.

    Those that come with Tidemill stay. Whoever has the expert open keeps it.

    For example:

        tidemill experts remove search-python
    """
    folder = registry_from(experts).remove(name)
    if as_json:
        write_json({"removed": name, "folder": str(folder)})
    else:
        write(f"removed {printable(str(folder))}")
