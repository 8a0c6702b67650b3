"""``tidemill runs compare``."""

from typing import Annotated

import typer

from tidemill.faces.cli.options import AsJson, settings_from
from tidemill.faces.cli.output import columns, ink_for, printable, write, write_json
from tidemill.training.runs import RunState, named_run

__all__ = ["compare"]


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names, or folders.")],
    as_json: AsJson = False,
) -> None:
    """Put training runs side by side.

    What differs in their recipes, and what came out.

    For example:

        tidemill runs compare search-terms search-code
    """
    settings = settings_from()
    found = [named_run(name, settings) for name in runs]
    if as_json:
        write_json([run.to_dict() | {"recipe": run.recipe.to_dict()} for run in found])
        return
    head, *lines = columns([["", *(printable(run.folder.name) for run in found)], *_rows(found)])
    write(ink_for().dim(head))
    for line in lines:
        write(line)


def _rows(runs: list[RunState]) -> list[list[str]]:
    recipes = [_flat(run.recipe.to_dict()) for run in runs]
    names = dict.fromkeys(name for recipe in recipes for name in recipe)
    rows = [["corpus", *(run.corpus_hash[:12] for run in runs)]]
    for name in names:
        values = [recipe.get(name, "") for recipe in recipes]
        if len(set(values)) > 1:
            rows.append([name, *values])
    rows.append(["steps done", *(f"{run.step:,}" for run in runs)])
    rows.append(["tokens", *(f"{run.places:,}" for run in runs)])
    for name in dict.fromkeys(name for run in runs for name in run.measures):
        measured = [run.measures.get(name) for run in runs]
        rows.append([name, *("" if value is None else f"{value:.4f}" for value in measured)])
    return rows


def _flat(facts: object, name: str = "") -> dict[str, str]:
    """Return nested facts as one row a value, named by where it stands."""
    if isinstance(facts, dict):
        items = [(str(key), value) for key, value in facts.items()]
    elif isinstance(facts, list | tuple):
        items = [(str(place), value) for place, value in enumerate(facts)]
    else:
        return {name: str(facts)}
    found: dict[str, str] = {}
    for key, value in items:
        found |= _flat(value, f"{name}.{key}" if name else key)
    return found
