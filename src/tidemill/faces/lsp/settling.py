"""Which types of a file hold together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.faces.lsp.compilers import OpenProject
from tidemill.faces.lsp.view import MOST_DEPENDENTS, checker_of
from tidemill.tasks.types.checking import Checking
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.writing import written

__all__ = ["Verdict", "accepted", "settled"]

ALONE = 0
"""Number of the only file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the compiler says of types.

    Attributes:
        standing: Types that hold together, by number of the site.
        refused: Types that it has something against.
        is_whole: Whether there was time to look at all of them.
    """

    standing: Mapping[int, Offer] = field(default_factory=dict)
    refused: Mapping[int, tuple[Offer, ...]] = field(default_factory=dict)
    is_whole: bool = True


def settled(
    project: OpenProject,
    file: ProjectFile,
    offers: Mapping[int, Sequence[Offer]],
    *,
    invoked: Mapping[int, frozenset[str]],
    seconds_left: Callable[[], float],
    dependents: int = MOST_DEPENDENTS,
) -> Verdict:
    """Find the types of a file that hold together, as ``tidemill types`` does for a program.

    The compiler is to be shown the file again afterwards.

    Args:
        project: The file's project, with the file as it is shown.
        file: The file.
        offers: By number of the site, best first.
        invoked: What is invoked on the values of sites.
        seconds_left: How long it may still take; of what is open then nothing is said.
        dependents: Files that import this one and are looked at as well, at most.

    Raises:
        CapacityError: The compiler took too long, or has ended.
        TidemillError: It refused.
    """
    project.suppose(file.path)
    checking = Checking(
        checker_of(project, file, dependents=dependents),
        [file],
        invoked={(ALONE, number): names for number, names in invoked.items()},
        seconds_left=seconds_left,
        told=lambda _: None,
    )
    checking.run({(ALONE, number): own for number, own in offers.items()})
    is_over = seconds_left() <= 0
    standing = {number: offer for (_, number), offer in checking.standing.items()}
    return Verdict(
        standing=standing,
        refused={
            number: _before(own, standing.get(number))
            for number, own in offers.items()
            if number in standing or not is_over
        },
        is_whole=not is_over,
    )


def accepted(
    project: OpenProject, file: ProjectFile, number: int, offers: Sequence[Offer]
) -> list[bool]:
    """Return of each type whether the compiler has nothing against it at a place.

    The compiler is to be shown the file again afterwards.

    Args:
        project: The file's project, with the file as it is shown.
        file: The file.
        number: Of the site.
        offers: The types, each by itself.

    Raises:
        CapacityError: The compiler took too long, or has ended.
        TidemillError: It refused.
    """
    project.suppose(file.path)
    checker = checker_of(project, file)
    found = []
    for offer in offers:
        changed = checker.write({ALONE: written(file, {number: offer})})
        found.append(not checker.objections(changed, suspected={(ALONE, number)}))
    return found


def _before(offers: Sequence[Offer], standing: Offer | None) -> tuple[Offer, ...]:
    """Return the types that were given up before the one that stands, or all of them."""
    return tuple(offers if standing is None else offers[: list(offers).index(standing)])
