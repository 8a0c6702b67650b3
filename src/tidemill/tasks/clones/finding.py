"""Clone detection: files -> normal forms -> pairs -> classes, and what of them is news."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.store.connection import DATABASE
from tidemill.store.shelf import Shelf
from tidemill.tasks.clones.baseline import Baseline, read_baseline
from tidemill.tasks.clones.forms import FileForms, Fragment
from tidemill.tasks.clones.grouping import alike
from tidemill.tasks.clones.reading import FormsReader
from tidemill.tasks.clones.report import CloneClass, CloneReport, duplicated_lines
from tidemill.tasks.clones.rules import CloneRules
from tidemill.tasks.clones.semantic import FunctionVectors, same_in_meaning
from tidemill.tasks.clones.showing import shown
from tidemill.tasks.discovery import discover, require
from tidemill.tasks.whereabouts import store_folder

__all__ = ["CloneReport", "CloneRules", "FunctionVectors", "clones"]

SHELF = "clones"


def clones(
    paths: Iterable[str | Path],
    *,
    rules: CloneRules | None = None,
    settings: Settings | None = None,
    experts: Sequence[FunctionVectors] = (),
    progress: Progress | None = None,
    cwd: Path | None = None,
) -> CloneReport:
    """Find functions that are copies of each other, in classes, across files and languages.

    Where the first path belongs to a store, what is made of a file is kept there, and a
    file whose content is known is not parsed again. Nothing else is written.

    Args:
        paths: Files and folders.
        rules: What counts as a clone, and what of it is asked for.
        settings: Limits of reading, and workers; by default those in force.
        experts: Whoever knows what functions do; without any no semantic clones are found.
        progress: Told how far each step is.
        cwd: Where relative paths count from, in and out; by default the working folder.

    Raises:
        InputError: No paths were given, one does not exist, or the baseline is no report.
        ExpertError: An expert's vectors are not what they should be.
    """
    rules = rules or CloneRules()
    settings = settings or resolve().settings
    progress = progress or Silence()
    cwd = (cwd or Path.cwd()).resolve()
    roots = _existing([cwd / path for path in paths])
    baseline = read_baseline(cwd / rules.baseline) if rules.baseline else Baseline(())
    files, reader = _read(roots, settings, progress)
    fragments = _fragments(files, rules)
    groups = alike(fragments, rules, progress)
    asked = experts if "semantic" in rules.types else ()
    for expert in asked:
        limit = settings.max_file_bytes
        groups += same_in_meaning(fragments, groups, expert, most_bytes=limit, progress=progress)
    found = [one for one in shown(groups, fragments, cwd) if _is_wanted(one, rules)]
    news = [one for one in map(baseline.news_of, found) if one is not None]
    return CloneReport(
        root=cwd,
        classes=tuple(news),
        functions=len(fragments),
        all_functions=sum(one.functions for one in files),
        files=len(files),
        lines=sum(one.lines for one in files),
        duplicated_lines=duplicated_lines(news),
        parsed=reader.parsed,
        skipped=tuple(sorted(reader.skipped, key=lambda one: one.path)),
        experts=tuple(expert.name for expert in asked),
        known=len(found) - len(news),
    )


def _existing(roots: Sequence[Path]) -> Sequence[Path]:
    """Return ``roots``, or raise `InputError` before anything is read."""
    if not roots:
        raise InputError("there is nothing to look at", hint="name a path: tidemill clones .")
    for root in roots:
        require(root)
    return roots


def _read(
    roots: Sequence[Path], settings: Settings, progress: Progress
) -> tuple[list[FileForms], FormsReader]:
    """Read the forms of all files, in order of path."""
    folder = store_folder(settings, roots[0])
    is_indexed = folder is not None and (folder / DATABASE).is_file()
    with ExitStack() as stack:
        shelf = stack.enter_context(Shelf(folder, SHELF)) if folder and is_indexed else None
        reader = FormsReader(settings, shelf, progress)
        top = folder.parent if folder and is_indexed else None
        found = reader.read(discover(roots, settings=settings, top=top))
        return sorted(found, key=lambda one: one.path), reader


def _fragments(files: Iterable[FileForms], rules: CloneRules) -> list[Fragment]:
    """Return the fragments that are large enough, with parents as places in the list."""
    chosen: list[Fragment] = []
    for one in files:
        places: dict[int | None, int] = {}
        for number, fragment in enumerate(one.fragments):
            if _is_compared(fragment, rules):
                places[number] = len(chosen)
                chosen.append(replace(fragment, parent=places.get(fragment.parent)))
    return chosen


def _is_compared(fragment: Fragment, rules: CloneRules) -> bool:
    if rules.languages and fragment.language not in rules.languages:
        return False
    lines = fragment.end_line - fragment.line + 1
    return fragment.tokens >= rules.tokens and lines >= rules.lines


def _is_wanted(found: CloneClass, rules: CloneRules) -> bool:
    spans = len(found.languages) > 1
    return found.type in rules.types and (spans or not rules.cross_language)
