"""``tidemill lsp``: this face's own verb, which the command line names by a string."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import SettingError
from tidemill.core.settings import Settings, resolve
from tidemill.faces.lsp.configuration import LONGEST_DEBOUNCE, Configuration
from tidemill.faces.lsp.serving import Plan, serve_pipes, serve_port
from tidemill.tasks.types.experts import type_source

__all__ = ["lsp"]

USUAL = Configuration()

Port = Annotated[
    int | None,
    typer.Option(
        "--port", min=0, max=65_535, help="Listen at this port of 127.0.0.1; 0: any free one."
    ),
]
Expert = Annotated[
    str | None, typer.Option("--expert", metavar="NAME", help="Who is asked for types.")
]
ExpertsFolder = Annotated[
    Path | None, typer.Option("--experts", metavar="FOLDER", help="Your experts.")
]
Compiler = Annotated[
    Path | None,
    typer.Option(
        "--typescript",
        metavar="FOLDER",
        help="A TypeScript 5; else the project's, but not over a port.",
    ),
]
Confidence = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="Of types that are shown.")
]
Debounce = Annotated[
    int,
    typer.Option(
        "--debounce",
        metavar="MS",
        min=0,
        max=LONGEST_DEBOUNCE,
        help="Pause in typing after which a file is looked at.",
    ),
]
AsRoot = Annotated[bool, typer.Option("--as-root", help="Listen even as root.")]


def lsp(  # noqa: PLR0913, PLR0917  a verb's parameters are its flags
    port: Port = None,
    expert: Expert = None,
    experts: ExpertsFolder = None,
    typescript: Compiler = None,
    min_confidence: Confidence = USUAL.minimum_confidence,
    debounce: Debounce = USUAL.debounce_milliseconds,
    as_root: AsRoot = False,
) -> int:
    """Show types in the editor where the compiler says any.

    A language server for JavaScript and TypeScript, beside the one that you have. Names without
    a type get an inlay hint with how sure it is; a hover says what else it may be and how the
    name is used; a code action inserts the type once the compiler has nothing against it. The
    editor starts it and speaks through standard input and output.

    For example:

        tidemill lsp --min-confidence 0.5
    """
    resolved = resolve({"type_expert": expert, "experts": experts, "typescript": typescript})
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    # What it has to say about bad messages is said by us, on a line each.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    plan = _plan(resolved.settings, min_confidence, debounce)
    if port is None:
        if os.isatty(0):
            typer.echo("waiting for an editor on standard input; Ctrl-C ends it", err=True)
        return serve_pipes(plan)
    if os.geteuid() == 0 and not as_root:
        raise SettingError(
            "a server that others of this machine may reach does not run as root",
            hint="Start it as another user, or allow root expressly: --as-root",
        )
    serve_port(plan, port, _say)
    return 0


def _plan(settings: Settings, min_confidence: float, debounce: int) -> Plan:
    configuration = Configuration(minimum_confidence=min_confidence, debounce_milliseconds=debounce)
    return Plan(
        source=partial(type_source, settings), settings=settings, configuration=configuration
    )


def _say(host: str, port: int) -> None:
    typer.echo(f"listening at {host} port {port}")
    typer.echo("Ctrl-C ends it")
    sys.stdout.flush()
