"""``tidemill experts list``."""

import typer

from tidemill.experts.manifest import Manifest
from tidemill.experts.patterns import DENSE
from tidemill.experts.shelf import ExpertEntry
from tidemill.faces.cli.experts_options import registry_from
from tidemill.faces.cli.options import AsJson, ExpertsFolder
from tidemill.faces.cli.output import (
    Ink,
    columns,
    ink_for,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.tasks.diagnosis import readable_bytes

__all__ = ["list_experts"]

HEADINGS = ("name", "languages", "architecture", "parameters", "size", "measured", "from")
NUMBERS = frozenset({3, 4})


def list_experts(experts: ExpertsFolder = None, as_json: AsJson = False) -> None:
    """List the experts that are at hand.

    Those that come with Tidemill and your own, which are taken where both have
    one of the same name. Ends with exit code 1 when one of them cannot be opened.

    For example:

        tidemill experts list --json
    """
    registry = registry_from(experts)
    entries = registry.list()
    if as_json:
        facts = [entry.to_dict() for entry in entries]
        write_json({"folder": str(registry.own), "experts": facts})
    else:
        _report(entries, ink_for())
        if not entries:
            write_error(f"no experts here, and none in {printable(str(registry.own))}")
    raise typer.Exit(1 if any(entry.trouble for entry in entries) else 0)


def _report(entries: tuple[ExpertEntry, ...], ink: Ink) -> None:
    rows = [_row(entry) for entry in entries if entry.package]
    if rows:
        head, *lines = columns([HEADINGS, *rows], right=NUMBERS)
        write(ink.dim(head))
        for line in lines:
            write(line)
    for entry in entries:
        if entry.trouble:
            write(ink.bad(f"{printable(entry.name)}: {printable(entry.trouble)}"))


def _row(entry: ExpertEntry) -> tuple[str, ...]:
    package = entry.package
    if package is None:
        return ("",) * len(HEADINGS)
    manifest = package.manifest
    measured = [
        f"{metric.name} {metric.value:g}{metric.unit}" for metric in manifest.own_metrics[:1]
    ]
    return (
        manifest.name,
        ", ".join(manifest.languages) or "any",
        _architecture(manifest),
        f"{package.parameters:,}",
        readable_bytes(package.bytes_on_disk),
        printable(measured[0]) if measured else "-",
        "you" if entry.is_own else "tidemill",
    )


def _architecture(manifest: Manifest) -> str:
    sparse = "" if manifest.sparsity == DENSE else f" {manifest.sparsity}"
    return manifest.architecture + sparse
