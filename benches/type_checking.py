"""How many types are filled in, and whether the compiler's own command agrees.

From whole packages with their dependencies all annotations are blanked; then ``tidemill types
--check --apply`` writes back what it finds. Counted are the places that the compiler knows
nothing of and that have a type then (``any``, ``unknown``, ``object``, ``Function`` and ``{}``
are never written), how many types are those that the authors wrote, and what ``tsc`` itself,
under ``strict``, objects to before and after: an error is new when there were fewer of its number
in its line before. In other words it may be the same one: an object that was wrong before is
called by the types of its methods. How many are in other words is said besides.

    .venv/bin/python benches/type_checking.py --prepare
    .venv/bin/python benches/type_checking.py [--quick] [--experts FOLDER]
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alone import NOBODYS
from type_programs import (
    PROGRAMS,
    Diagnostic,
    ErrorPlace,
    bare_copy,
    diagnostics,
    original,
    original_types,
    prepare_programs,
    source_files,
    typed_copy,
)

from report import Figure, show
from tidemill.metrics.types.canonical import canonical, head

QUICK = ("immer",)
SURER = (0.05, 0.5)
"""Confidences at which types are parted: the expert says them before anything is checked."""

FILLED_TARGET = 20.0
"""Of the places that were untyped: the share that JoernTI fills in the artifact's tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of one package.

    Attributes:
        states: How many sites are in each state, by the command's own report.
        places: Sites that neither an author nor the compiler says anything of.
        written: Types that were written, and of these: compared with the authors', exact, head.
        new: Errors of the compiler's command that were not there before.
        reworded: Errors, new or not, in words that were not there before.
        clean: Files without an error: blanked, with types, and as the authors wrote them.
        errors: Errors of the same three.
        files: Files in all.
        seconds: Of the command.
    """

    states: Mapping[str, int]
    places: int
    written: Counter[str]
    new: Counter[ErrorPlace]
    reworded: int
    clean: tuple[int, int, int]
    errors: tuple[int, int, int]
    files: int
    seconds: float

    @property
    def filled(self) -> int:
        """Places that have a type now: written, or inferred from what is written."""
        return self.states["verified"] + self.states["derived"]


def checked(name: str, experts: Path) -> Checked:
    """Take a package's types away, let them be found, and look at what was written."""
    bare = bare_copy(name)
    before = diagnostics(bare, bare=bare)
    run = typed_copy(name, experts=experts)
    facts = json.loads(run.told)
    after = diagnostics(run.folder, bare=bare)
    whole = diagnostics(original(name), bare=bare)
    files = sum(1 for _ in source_files(original(name)))
    return Checked(
        states=facts["totals"],
        places=facts["totals"]["open"],
        written=_compared(facts["sites"], original_types(name)),
        new=Counter(one.place for one in after) - Counter(one.place for one in before),
        reworded=(
            Counter(one.wording for one in after) - Counter(one.wording for one in before)
        ).total(),
        clean=(_clean(files, before), _clean(files, after), _clean(files, whole)),
        errors=(len(before), len(after), len(whole)),
        files=files,
        seconds=run.seconds,
    )


def _clean(files: int, found: list[Diagnostic]) -> int:
    return files - len({one.file for one in found if one.file.startswith("src/")})


def _compared(sites: list[dict[str, Any]], authors: Mapping[Any, str]) -> Counter[str]:
    """Count the written types, and how many are those of the authors."""
    found: Counter[str] = Counter()
    for site in sites:
        if site["state"] != "verified":
            continue
        found["written"] += 1
        wrote = authors.get((site["path"], site["line"], site["column"], site["kind"]))
        if wrote is not None:
            found["compared"] += 1
            found["exact"] += canonical(wrote) == canonical(site["type"])
            found["head"] += head(wrote) == head(site["type"])
            surer = sum(site["confidence"] >= one for one in SURER)
            found[f"compared {surer}"] += 1
            found[f"exact {surer}"] += canonical(wrote) == canonical(site["type"])
    return found


def figures(name: str, one: Checked) -> Iterator[Figure]:
    """Yield the figures of one package, or of all together."""
    places, compared = max(1, one.places), max(1, one.written["compared"])
    yield Figure(
        name=f"{name}: filled",
        value=100 * one.filled / places,
        unit=f"% of {one.places:,}",
        peer=f"written {one.states['verified']:,}, derived {one.states['derived']:,},"
        f" refused {one.states['backed_off']:,}, none {one.states['left']:,}",
        target=f">= {FILLED_TARGET:.0f} (JoernTI's artifact 20.0)",
        met=100 * one.filled / places >= FILLED_TARGET,
    )
    yield Figure(
        name=f"{name}: written as its author wrote it",
        value=100 * one.written["exact"] / compared,
        unit=f"% of {one.written['compared']:,}",
        peer=f"heads {100 * one.written['head'] / compared:.1f} %; by confidence, "
        + _by_confidence(one.written),
    )
    yield Figure(
        name=f"{name}: new errors of tsc",
        value=one.new.total(),
        unit="errors",
        peer=f"blanked {one.errors[0]:,}, with types {one.errors[1]:,} (in other words"
        f" {one.reworded:,}), authors' {one.errors[2]:,}",
        target="0",
        met=not one.new,
    )
    yield Figure(
        name=f"{name}: files that check",
        value=100 * one.clean[1] / one.files,
        unit=f"% of {one.files}",
        peer=f"blanked {100 * one.clean[0] / one.files:.1f} %,"
        f" authors' {100 * one.clean[2] / one.files:.1f} %",
    )
    yield Figure(
        name=f"{name}: seconds",
        value=one.seconds,
        unit="s",
        peer=f"{one.places / one.seconds:.1f} places/s",
    )


def _by_confidence(written: Counter[str]) -> str:
    """Say how many types are exact of those that were unsure before the check, and of others."""
    names = (f"below {SURER[0]:g}", *(f"from {one:g}" for one in SURER))
    shares = (
        f"{name} {100 * written[f'exact {turn}'] / max(1, written[f'compared {turn}']):.0f} %"
        f" of {written[f'compared {turn}']}"
        for turn, name in enumerate(names)
    )
    return ", ".join(shares)


def together(found: list[Checked]) -> Checked:
    """Return the sums of several packages."""

    def three(own: str) -> tuple[int, int, int]:
        first, second, third = zip(*(getattr(one, own) for one in found), strict=True)
        return sum(first), sum(second), sum(third)

    states: Counter[str] = Counter()
    for one in found:
        states.update(one.states)
    return Checked(
        states=states,
        places=sum(one.places for one in found),
        written=sum((one.written for one in found), Counter()),
        new=sum((one.new for one in found), Counter()),
        reworded=sum(one.reworded for one in found),
        clean=three("clean"),
        errors=three("errors"),
        files=sum(one.files for one in found),
        seconds=sum(one.seconds for one in found),
    )


def main() -> None:
    """Prepare, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch the packages, once")
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone")
    parser.add_argument("--experts", type=Path, default=NOBODYS, help="experts that stand first")
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare_programs()
        return
    names = [*QUICK] if arguments.quick else [*PROGRAMS]
    if not all(original(name).is_dir() for name in names):
        raise SystemExit("the packages are not there; fetch them with --prepare")
    found: list[Checked] = []
    said: list[Figure] = []
    for name in names:
        one = checked(name, arguments.experts.resolve())
        for (file, code, line), count in one.new.items():
            print(f"new in {name}, {count} times: {file}, line {line} without types: TS{code}")
        found.append(one)
        said += figures(name, one)
    said += figures("all", together(found))
    show("type_checking", said, quick=arguments.quick)


if __name__ == "__main__":
    main()
