"""The documented functions of sources: read over processes, kept, and each of them once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from tidemill.core.choosing import chosen_executor
from tidemill.core.errors import InputError
from tidemill.core.executor import Resources
from tidemill.core.files import bytes_and_facts, make_private_directory
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings
from tidemill.corpus.documented import DocumentedFunction, distinct, functions_in
from tidemill.corpus.harvest import EDITION, Harvest, HarvestedFile, Source, harvest
from tidemill.corpus.keeping import keep, kept
from tidemill.corpus.left_out import is_made
from tidemill.corpus.licence import PERMISSIVE
from tidemill.corpus.near import near_duplicates
from tidemill.tasks.sprouting.sources import SproutSource, digest_of

__all__ = ["FoundFunction", "Harvests", "chosen", "harvested"]

LONGEST_BYTES = 5_000
"""Longer functions are left out, as in the set that the base learnt from."""

NEAR = 0.8
"""Similarity from which two functions count as one, as there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFunction:
    """A documented function at its place in the tree of all code.

    Attributes:
        place: Where: ``("networkx", "algorithms", "dag.py")``.
        licence: Of its package.
        function: Itself.
    """

    place: tuple[str, ...]
    licence: str
    function: DocumentedFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvests:
    """What was read of sources, and where it is kept.

    Attributes:
        sources: All that were read, in order.
        places: The file of each.
    """

    sources: Sequence[SproutSource]
    places: Sequence[Path]

    @property
    def key(self) -> str:
        """Names all that was read."""
        return content_hash(repr([place.name for place in self.places]).encode())


def harvested(
    sources: Sequence[SproutSource], cache: Path, *, settings: Settings, progress: Progress
) -> Harvests:
    """Read sources over processes; those that did not change are found as they were kept.

    Args:
        sources: What to read.
        cache: Where what was read is kept.
        settings: Limits of reading, and workers.
        progress: Told of every source.

    Raises:
        InputError: A file cannot be read any more.
        CapacityError: The disk is full.
    """
    make_private_directory(cache)
    executor = chosen_executor(settings, in_order=True)
    work = partial(_kept, cache=cache, settings=settings)
    places = []
    outcomes = executor.map(work, sources, resources=Resources(workers=settings.workers))
    for done, outcome in enumerate(outcomes, start=1):
        places.append(outcome.unwrap())
        progress.advance(done, len(sources), "/".join(outcome.shard.name))
    return Harvests(sources=sources, places=places)


def chosen(
    harvests: Harvests, languages: frozenset[str]
) -> tuple[list[FoundFunction], Counter[str]]:
    """Return each documented function once, and what was left out, counted by reason.

    As in a packed corpus: no package that names another than a permissive licence, no function
    that is too long, that says what another said before, or that is almost the same as one.

    Args:
        harvests: What was read.
        languages: Those that are taken; all when empty.
    """
    left_out: Counter[str] = Counter()
    found = [
        function
        for source, place in zip(harvests.sources, harvests.places, strict=True)
        for function in _functions(source, place, left_out)
        if not languages or function.function.language in languages
    ]
    once = _once(found)
    left_out["said before"] = len(found) - len(once)
    gone: set[int] = set()
    for language in {own.function.language for own in once}:
        places = [n for n, own in enumerate(once) if own.function.language == language]
        alike = near_duplicates([once[place].function.code for place in places], NEAR)
        gone |= {places[place] for place in alike}
    left_out["near duplicate"] = len(gone)
    return [own for place, own in enumerate(once) if place not in gone], +left_out


def _kept(source: SproutSource, *, cache: Path, settings: Settings) -> Path:
    """What a worker does: read a source, or find that it was read before."""
    facts = (EDITION, digest_of(source), settings.max_file_bytes, settings.parse_seconds)
    place = cache / content_hash(repr(facts).encode())
    if kept(place) is None:
        keep(_documented(_read(source, settings)), place)
    return place


def _read(source: SproutSource, settings: Settings) -> Harvest:
    name = source.name[0]
    if source.place.is_dir():
        try:
            return harvest(Source(archive=source.place, name=name), settings)
        except InputError as error:
            reason = error.message.partition(":")[0]
            return Harvest(files=(), left_out={reason: 1}, licences=frozenset())
    _, data, _ = bytes_and_facts(str(source.place), settings.max_file_bytes)
    if is_made(source.place.name, data):
        return Harvest(files=(), left_out={"made by a program": 1}, licences=frozenset())
    functions, reason = functions_in(data, source.place.name, name, settings)
    file = HarvestedFile(path="", hash=content_hash(data), functions=functions)
    left_out = {reason.partition(":")[0]: 1} if reason else {}
    return Harvest(files=(file,), left_out=left_out, licences=frozenset())


def _documented(found: Harvest) -> Harvest:
    """Leave out functions without a query: most have none."""
    files = tuple(
        replace(file, functions=tuple(own for own in file.functions if own.query))
        for file in found.files
    )
    return replace(found, files=files)


def _functions(
    source: SproutSource, place: Path, left_out: Counter[str]
) -> Iterator[FoundFunction]:
    found = kept(place)
    if found is None:
        raise InputError(
            f"what was read of {source.place} is gone", path=str(place), hint="Give it again."
        )
    left_out.update(found.left_out)
    licences = source.licences | found.licences
    functions = [(file.path, own) for file in found.files for own in file.functions]
    if not licences <= PERMISSIVE:
        left_out["under another than a permissive licence"] += len(functions)
        return
    licence = " AND ".join(sorted(licences)) or "unknown"
    for path, own in functions:
        if len(own.code.encode("utf-8", "replace")) > LONGEST_BYTES:
            left_out["too long"] += 1
            continue
        inner = PurePosixPath(path).parts
        yield FoundFunction(place=(*source.name, *inner), licence=licence, function=own)


def _once(found: Sequence[FoundFunction]) -> list[FoundFunction]:
    """Leave out functions whose code or query occurred before."""
    first = {id(own) for own in distinct(own.function for own in found)}
    return [own for own in found if id(own.function) in first]
