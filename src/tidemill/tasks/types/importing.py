"""Where and how a file imports the types that it is given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tidemill.source.typescript.syntax.importplace import ImportPlace, import_place
from tidemill.tasks.types.edits import Insertion
from tidemill.tasks.types.naming import Import
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile

__all__ = ["import_insertions"]

FIRST = -1
"""Rank: an import stands before whatever else is inserted there."""


def import_insertions(
    file: ProjectFile, offers: Mapping[int, Offer]
) -> dict[Insertion, tuple[int, ...]]:
    """Return one ``import type`` for each module that types need, with the sites that do.

    Args:
        file: In TypeScript; a module.
        offers: What is written, by number of the site.
    """
    users: defaultdict[str, list[int]] = defaultdict(list)
    wanted: defaultdict[str, set[Import]] = defaultdict(set)
    for number, offer in offers.items():
        for one in offer.imports:
            users[one.module].append(number)
            wanted[one.module].add(one)
    place = import_place(file.tree)
    found = {}
    for rank, module in enumerate(sorted(wanted), FIRST - len(wanted)):
        lines = _lines(module, wanted[module], place)
        found[_insertion(file, place, lines, rank)] = tuple(dict.fromkeys(users[module]))
    return found


def _lines(module: str, imports: set[Import], place: ImportPlace) -> list[str]:
    """Return the statements for a module: its default stands alone, as a type has to."""
    source = f"{place.quote}{module}{place.quote}{place.end}"
    defaults = sorted(one.local for one in imports if one.exported == "default")
    named = [
        one.local if one.local == one.exported else f"{one.exported} as {one.local}"
        for one in sorted(imports)
        if one.exported != "default"
    ]
    lines = [f"import type {local} from {source}" for local in defaults]
    return lines + ([f"import type {{ {', '.join(named)} }} from {source}"] if named else [])


def _insertion(file: ProjectFile, place: ImportPlace, lines: Sequence[str], rank: int) -> Insertion:
    newline = file.newline.decode()
    text = newline.join(lines)
    text = f"{newline}{text}" if place.is_behind else f"{text}{newline}"
    return Insertion(at=place.at, rank=rank, text=text.encode())
