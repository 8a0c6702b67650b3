"""``tidemill experts export``."""

from pathlib import Path
from typing import Annotated

import typer

from tidemill.experts.exporting import export_huggingface
from tidemill.faces.cli.experts_options import ExpertWord, registry_from, sound_package
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path
from tidemill.faces.cli.output import printable, write, write_json

__all__ = ["export"]


def export(
    expert: ExpertWord,
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", parser=named_path, help="Where; nothing may be there."),
    ],
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write an expert so that Hugging Face's programs load it.

    RobertaModel and AutoTokenizer of transformers take the folder. Weights that
    are kept as 8-bit integers are written as float32, and a last linear map
    goes into projection.safetensors.

    For example:

        tidemill experts export search-python ./search-python-hf
    """
    package = sound_package(expert, registry_from(experts))
    export_huggingface(package, folder)
    if as_json:
        write_json({"name": package.name, "folder": str(folder)})
    else:
        write(f"wrote {printable(str(folder))}")
