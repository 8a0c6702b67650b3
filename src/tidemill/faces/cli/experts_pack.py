"""``tidemill experts pack``."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.experts.archive import ENDING, pack_expert
from tidemill.faces.cli.experts_options import ExpertWord, registry_from, sound_package
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path
from tidemill.faces.cli.output import printable, write, write_json
from tidemill.tasks.diagnosis import readable_bytes

__all__ = ["pack"]


def pack(
    expert: ExpertWord,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", parser=named_path, help="Else <name>.tidemill here."
        ),
    ] = None,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Pack an expert into one file.

    An uncompressed zip, the same bytes for the same expert; `tidemill experts
    import` takes it in on another machine.

    For example:

        tidemill experts pack search-python -o search-python.tidemill
    """
    package = sound_package(expert, registry_from(experts))
    archive = output or Path(package.name + ENDING)
    pack_expert(package, archive)
    size = archive.stat().st_size
    if as_json:
        write_json({"name": package.name, "archive": str(archive), "bytes": size})
    else:
        write(f"wrote {printable(str(archive))} ({readable_bytes(size)})")
