"""Which packages are to get a sprout, written down with their pairs: the plan of a run."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tidemill.core.errors import InputError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.hashing import content_hash
from tidemill.corpus.example import FOUND_COLUMNS, SPLITS, Example, identity
from tidemill.tasks.sprouting.division import Division, divided
from tidemill.tasks.sprouting.harvesting import FoundFunction
from tidemill.tasks.sprouting.naming import names_of, title_of
from tidemill.training.sprouting.pairs import part_of, write_pairs

__all__ = ["PlannedPackage", "SproutPlan", "Wishes", "made_plan", "plan_in", "plan_key"]

PAIRS = "pairs"
PLAN_FILE = "plan.json"
EDITION = "1"
"""Part of a plan's key: new whenever the same code would be divided otherwise."""

MOST_PAIRS = 400
"""Of one package: more would cost time and bring little."""

FEWEST_PAIRS = 2
"""In a part: of one alone nothing can be found among others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a plan is to be.

    Attributes:
        task: Of the base, and so of the sprouts.
        count: Sprouts.
        least: Documented functions of a package at least.
    """

    task: str
    count: int
    least: int

    @property
    def spare(self) -> int:
        """Packages beyond the count: each takes the place of one that is refused."""
        return max(2, self.count // 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPackage:
    """One package of a plan.

    Attributes:
        name: Of its expert.
        title: In words.
        language: Of its functions.
        functions: How many documented ones there are.
        pairs: How many of them are used, by part.
        hash: Of its file of pairs.
    """

    name: str
    title: str
    language: str
    functions: int
    pairs: Mapping[str, int]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutPlan:
    """Packages, the largest first.

    Attributes:
        folder: The run's: pairs lie in it, and what comes out will.
        key: Names the code and the wishes that it was made of.
        count: How many sprouts are wanted; packages beyond are spare.
        packages: In the order in which they are taken.
        functions: Documented functions that were found in all.
        left_out: What was not taken, counted by reason.
    """

    folder: Path
    key: str
    count: int
    packages: Sequence[PlannedPackage]
    functions: int
    left_out: Mapping[str, int]

    def pairs_of(self, package: PlannedPackage) -> Path:
        """Return the file of a package's pairs."""
        return self.folder / PAIRS / f"{package.name}.jsonl"

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        return asdict(self) | {"folder": str(self.folder)}


def plan_in(folder: Path, key: str) -> SproutPlan | None:
    """Return the plan that a folder holds; None where it holds none, or another.

    Args:
        folder: The run's.
        key: Of the code and the wishes as they now are.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / PLAN_FILE).read_bytes())
        packages = [PlannedPackage(**own) for own in facts.pop("packages")]
        found = SproutPlan(**(facts | {"folder": folder, "packages": packages}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.key == key else None


def plan_key(code: str, wishes: Wishes, languages: frozenset[str]) -> str:
    """Return the name of everything that a plan depends on.

    Args:
        code: Names the code.
        wishes: What the plan is to be.
        languages: Those that are taken.
    """
    facts = (EDITION, MOST_PAIRS, code, sorted(asdict(wishes).items()), sorted(languages))
    return content_hash(repr(facts).encode())


def made_plan(
    folder: Path,
    key: str,
    wishes: Wishes,
    *,
    found: Sequence[FoundFunction],
    left_out: Counter[str],
) -> SproutPlan:
    """Divide functions into packages, and write the plan and its pairs.

    Args:
        folder: The run's.
        key: As `plan_key` says.
        wishes: What it is to be.
        found: All functions.
        left_out: What was not taken already.

    Raises:
        InputError: There are fewer packages than wanted.
        CapacityError: The disk is full.
    """
    divisions = _divisions(found, wishes)
    names = names_of(wishes.task, divisions)
    members = _members(found, divisions)
    _cleared(folder)
    packages = []
    for number, own in enumerate(divisions):
        examples = _examples(members[number], names[number])
        parts = Counter(part_of(example.id) for example in examples)
        if min(parts[part] for part in SPLITS) < FEWEST_PAIRS:
            left_out["in a package too small for three parts"] += own[1].size
            continue
        left_out["over the limit of its package"] += own[1].size - len(examples)
        packages.append(_written(folder, names[number], own, examples))
    left_out["in no package"] = len(found) - sum(division.size for _, division in divisions)
    _check_enough(packages, wishes, len(found))
    plan = SproutPlan(
        folder=folder,
        key=key,
        count=wishes.count,
        packages=packages,
        functions=len(found),
        left_out=dict(sorted((+left_out).items())),
    )
    data = json.dumps(plan.to_dict(), indent=1).encode()
    write_atomically(folder / PLAN_FILE, data)
    return plan


def _cleared(folder: Path) -> None:
    """Take away an earlier plan and its pairs, in this order: a plan is there with its pairs."""
    (folder / PLAN_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / PAIRS, ignore_errors=True)
    make_private_directory(folder / PAIRS)


def _divisions(found: Sequence[FoundFunction], wishes: Wishes) -> list[tuple[str, Division]]:
    """Return the packages of all languages, the largest first; none has two languages."""
    counts = Counter(_place(own) for own in found)
    wanted = wishes.count + wishes.spare
    parts = divided(counts, least=wishes.least, wanted=wanted, depth=2)
    return [(part.members[0][0], part) for part in parts]


def _place(own: FoundFunction) -> tuple[str, ...]:
    """Return where a function stands in the tree that is divided."""
    return (own.function.language, *own.place)


def _members(
    found: Sequence[FoundFunction], divisions: Sequence[tuple[str, Division]]
) -> Mapping[int, list[FoundFunction]]:
    """Return the functions of each package, by its number."""
    owner = {path: number for number, (_, own) in enumerate(divisions) for path in own.members}
    members: defaultdict[int, list[FoundFunction]] = defaultdict(list)
    for own in found:
        place = _place(own)
        paths = (place[:depth] for depth in range(1, len(place) + 1))
        number = next((owner[path] for path in paths if path in owner), None)
        if number is not None:
            members[number].append(own)
    return members


def _examples(found: Sequence[FoundFunction], name: str) -> list[Example]:
    """Return the pairs of a package: of too many, those whose ids come first, as by chance."""
    examples = [_example(own, name) for own in found]
    return sorted(examples, key=lambda row: row.id)[:MOST_PAIRS]


def _example(own: FoundFunction, name: str) -> Example:
    function = own.function
    facts = {column: getattr(function, column) for column in FOUND_COLUMNS}
    return Example(
        id=identity(function.language, function.query, function.code),
        package=name.partition("-")[2],
        family=own.place[0],
        licence=own.licence,
        group="",
        **(facts | {"path": "/".join(own.place)}),
    )


def _written(
    folder: Path, name: str, own: tuple[str, Division], examples: Sequence[Example]
) -> PlannedPackage:
    language, division = own
    parts = Counter(part_of(example.id) for example in examples)
    return PlannedPackage(
        name=name,
        title=title_of(division),
        language=language,
        functions=division.size,
        pairs={part: parts[part] for part in SPLITS},
        hash=write_pairs(folder / PAIRS / f"{name}.jsonl", examples),
    )


def _check_enough(packages: Sequence[PlannedPackage], wishes: Wishes, functions: int) -> None:
    """Refuse a plan with fewer packages than wanted.

    Raises:
        InputError: There are fewer.
    """
    if len(packages) >= wishes.count:
        return
    if not packages:
        raise InputError(
            f"no package has {wishes.least:,} documented functions; {functions:,} were found",
            hint="Name folders with more code, or take fewer: --least",
        )
    raise InputError(
        f"{wishes.count:,} packages are wanted, and there are {len(packages):,} with"
        f" {wishes.least:,} documented functions or more",
        hint=f"Take --count {len(packages)}, a lower --least, or name more folders.",
    )
