"""``tidemill experts import``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.experts.importing import import_huggingface
from tidemill.experts.names import MANIFEST
from tidemill.experts.package import ExpertPackage
from tidemill.faces.cli.experts_options import described, registry_from
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path
from tidemill.faces.cli.output import printable, write, write_json
from tidemill.faces.cli.progress import shown_progress

__all__ = ["InputMode", "Pooling", "import_expert"]


class Pooling(StrEnum):
    """How the vectors of tokens become one."""

    POOLER = "pooler"
    CLS = "cls"
    MEAN = "mean"


class InputMode(StrEnum):
    """What an encoder is fed with."""

    GRAPH = "graph"
    TOKENS = "tokens"
    REFERENCE = "reference"


def import_expert(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", parser=named_path, help="An archive or a folder."),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What to call an encoder: <task>-<scope>."),
    ] = None,
    lang: Annotated[
        list[str] | None,
        typer.Option("--lang", metavar="NAME", help="A language that it knows; may be repeated."),
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", metavar="SPDX", help="The licence of its weights.")
    ] = "unknown",
    pooling: Annotated[
        Pooling | None, typer.Option("--pooling", help="How one vector comes of many.")
    ] = None,
    feeding: Annotated[
        InputMode | None, typer.Option("--input", help="What it is fed with; else tokens.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of one of the same name.")
    ] = False,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take in an expert, or an encoder from Hugging Face's layout.

    An expert comes as an archive (.tidemill) or as the folder of a package. A
    folder with config.json, model.safetensors and a tokenizer, of RoBERTa's or
    BERT's kind, becomes an expert; it needs a NAME. Everything is checked before
    it is let in; pickles and code never are, and nothing is run.

    For example:

        tidemill experts import ./unixcoder-base --name search-code --pooling mean
    """
    registry = registry_from(experts)
    if name is None:
        _refuse_options(source, lang=lang, pooling=pooling, input=feeding)
        with shown_progress(unit="bytes") as progress:
            package = registry.add(source, replace=replace, progress=progress)
    else:
        given = {"pooling": pooling, "input_mode": feeding}
        config = {field: str(value) for field, value in given.items() if value}
        draft = import_huggingface(
            source,
            name=name,
            task=name.partition("-")[0],
            languages=tuple(lang or ()),
            licence=licence,
            config=config,
        )
        package = registry.add_draft(draft, replace=replace)
    _report(package, as_json=as_json)


def _refuse_options(source: Path, **options: object) -> None:
    """Without a name it is a package, which says all that itself."""
    given = [name for name, value in options.items() if value]
    is_package = not source.is_dir() or (source / MANIFEST).exists()
    if given or not is_package:
        why = (
            f"--{given[0]} is for encoders" if given else f"{printable(str(source))} is no package"
        )
        raise SettingError(
            f"{why}, and an encoder needs a name", hint="for example: --name search-code"
        )


def _report(package: ExpertPackage, *, as_json: bool) -> None:
    if as_json:
        write_json(described(package))
    else:
        write(f"{package.name} is in: {printable(str(package.folder))}")
