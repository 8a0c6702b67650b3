"""Functions that do the same, by the vectors of an expert: also across languages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tidemill.core.errors import ExpertError, InputError
from tidemill.core.files import bytes_and_facts
from tidemill.core.progress import Progress
from tidemill.metrics.near_vectors import near_vectors
from tidemill.source.text import decode
from tidemill.tasks.clones.forms import Fragment
from tidemill.tasks.clones.grouping import Group, Member, ancestors, without_contained
from tidemill.tasks.clones.stars import linked, stars

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FunctionText", "FunctionVectors", "same_in_meaning"]

FUNCTIONS_AT_ONCE = 256
MOST_PARTNERS = 32
"""So many partners a function may choose, its nearest."""

UNIT_ERROR = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionText:
    """A function as an expert reads it.

    Attributes:
        language: Name of its language.
        text: UTF-8, from its first byte to its last.
    """

    language: str
    text: bytes


class FunctionVectors(Protocol):
    """Something that knows what functions do."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """The names of the languages that it knows; empty for every language."""
        ...

    @property
    def threshold(self) -> float:
        """The least cosine of two functions that do the same, as measured for this expert."""
        ...

    def vectors(self, functions: Sequence[FunctionText]) -> "NDArray[np.float32]":
        """Return a row of unit length for each function, in their order; or zeros."""
        ...


def same_in_meaning(
    fragments: Sequence[Fragment],
    groups: Sequence[Group],
    expert: FunctionVectors,
    *,
    most_bytes: int,
    progress: Progress,
) -> list[Group]:
    """Group what an expert calls the same, and what was not found to be alike before.

    Of a group that is known, its first stands for all.

    Args:
        fragments: In order of path and place.
        groups: What was found before.
        expert: Where vectors come from.
        most_bytes: Larger files are not read.
        progress: Told how many functions have their vectors.

    Raises:
        ExpertError: The vectors are not what was promised.
    """
    known = {member.fragment for members in groups for member in members[1:]}
    places = [
        place
        for place, fragment in enumerate(fragments)
        if place not in known and (not expert.languages or fragment.language in expert.languages)
    ]
    texts = dict(_texts([fragments[place] for place in places], places, most_bytes))
    nodes = sorted(texts)
    rows = _rows([texts[place] for place in nodes], expert, progress)
    if rows is None:
        return []
    pairs, cosines = near_vectors(rows, cosine=expert.threshold, most=MOST_PARTNERS)
    links = linked(
        (left, right, min(1.0, cosine))
        for (left, right), cosine in zip(pairs.tolist(), cosines.tolist(), strict=True)
        if not _is_inside(nodes[left], nodes[right], fragments)
    )
    found = [
        tuple(
            Member(fragment=nodes[node], type="semantic", similarity=likeness)
            for node, likeness in (
                (star.middle, 1.0),
                *((point, links[star.middle][point]) for point in star.points),
            )
        )
        for star in stars([1] * len(nodes), links)
    ]
    return without_contained(found, fragments)


def _is_inside(one: int, other: int, fragments: Sequence[Fragment]) -> bool:
    """Whether one of two functions is around the other."""
    return one in ancestors(other, fragments) or other in ancestors(one, fragments)


def _texts(
    fragments: Sequence[Fragment], places: Sequence[int], most_bytes: int
) -> Iterator[tuple[int, FunctionText]]:
    """Yield the texts of functions; of files that cannot be read any more, none."""
    path, text = "", b""
    for place, fragment in zip(places, fragments, strict=True):
        if fragment.path != path:
            path = fragment.path
            text = _text(path, most_bytes)
        own = text[fragment.start : fragment.end]
        if own:
            yield place, FunctionText(language=fragment.language, text=own)


def _text(path: str, most_bytes: int) -> bytes:
    try:
        _, raw, _ = bytes_and_facts(path, most_bytes)
        return decode(raw, path).data
    except (OSError, InputError):
        return b""


def _rows(
    texts: Sequence[FunctionText], expert: FunctionVectors, progress: Progress
) -> "NDArray[np.float32] | None":
    """Ask the expert in batches, and check what it says."""
    import numpy as np

    parts = []
    for first in range(0, len(texts), FUNCTIONS_AT_ONCE):
        batch = texts[first : first + FUNCTIONS_AT_ONCE]
        rows = np.asarray(expert.vectors(batch), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(batch):
            raise ExpertError(
                f"{expert.name} gave vectors of shape {rows.shape} for {len(batch)} functions",
                hint="an expert gives a row for each function",
            )
        lengths = np.linalg.norm(rows, axis=1)
        if not np.allclose(lengths[lengths != 0], 1.0, atol=UNIT_ERROR):
            raise ExpertError(
                f"{expert.name} gave vectors that are not of unit length",
                hint="divide each by its length",
            )
        parts.append(rows)
        progress.advance(first + len(batch), len(texts), f"asking {expert.name}")
    return np.concatenate(parts) if parts else None
