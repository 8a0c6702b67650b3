"""``tidemill experts verify``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tidemill.experts.package import ExpertPackage
from tidemill.experts.registry import ExpertRegistry
from tidemill.experts.verification import Verification, verify_expert
from tidemill.faces.cli.experts_options import is_path, registry_from
from tidemill.faces.cli.options import AsJson, ExpertsFolder, named_path
from tidemill.faces.cli.output import (
    Ink,
    counted,
    ink_for,
    printable,
    write,
    write_error,
    write_json,
)
from tidemill.faces.cli.progress import shown_progress
from tidemill.tasks.diagnosis import readable_bytes

__all__ = ["verify"]


def verify(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXPERT...", help="Names, or paths of folders; else all."),
    ] = None,
    experts: ExpertsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Check experts down to the last byte.

    Every hash, every number for NaN and infinity, what files begin with, strict
    JSON, the card, and the shapes where they follow from the config. Nothing is
    run. Ends with exit code 1 when something is wrong.

    For example:

        tidemill experts verify search-python ./packed/types-typescript
    """
    registry = registry_from(experts)
    found = _verified(words or [entry.name for entry in registry.list()], registry)
    if as_json:
        write_json([one.to_dict() for one in found])
    else:
        _report(found, ink_for())
        if not found:
            write_error(f"no experts here, and none in {printable(str(registry.own))}")
    raise typer.Exit(0 if all(one.sound for one in found) else 1)


def _verified(words: Sequence[str], registry: ExpertRegistry) -> list[Verification]:
    found = []
    for word in words:
        with shown_progress(unit="bytes") as progress:
            if is_path(word):
                found.append(verify_expert(named_path(word), progress=progress))
            else:
                found.append(registry.verify(word, progress=progress))
    return found


def _report(found: Sequence[Verification], ink: Ink) -> None:
    for one in found:
        package = one.package
        name = printable(package.name if package else one.folder.name)
        if package is None or not one.sound:
            write(f"{ink.bad('FAIL')}  {name}")
        else:
            shapes = "" if one.shapes_checked else "; no shapes follow from its config"
            write(f"{ink.good('ok')}    {name}  {ink.dim(_facts(package) + shapes)}")
        for finding in one.findings:
            write(f"      {printable(finding)}")
        if one.hint:
            write(f"      {printable(one.hint)}")


def _facts(package: ExpertPackage) -> str:
    facts = f"{counted(len(package.tensors), 'tensor')}, {package.parameters:,} values"
    if sparse := package.footprint:
        facts += (
            f"; {package.manifest.sparsity} in {sparse.tensors:,} of them:"
            f" {readable_bytes(sparse.packed_bytes)} instead of"
            f" {readable_bytes(sparse.dense_bytes)}"
        )
    return facts
