"""Pieces of a glob, joined to a regular expression that takes no exponential time."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

__all__ = ["FOLDERS", "IN_NAME", "REST", "without_retries"]

IN_NAME = "[^/]*"
"""``*``: anything but a slash."""

FOLDERS = "(?:[^/]*/)*"
"""``**/``: any number of folders."""

REST = ".*"
"""``**`` at the end of a glob: whatever comes."""


def without_retries(pieces: Sequence[str]) -> str:
    """Join the pieces of a glob so that matching takes no exponential time.

    Of the places where what follows a star may stand, the first is as good as any
    other as long as another star comes behind it; an atomic group keeps to it. So
    only what follows the last ``**/``, and in there the last star, tries several.

    Args:
        pieces: Regular expressions without choices, and the wildcards of this module;
            `REST` at the end only.
    """
    *firsts, last = _split_at(pieces, {FOLDERS})
    if not firsts:
        return _run_of(pieces, final=True)
    head, *middle = [_run_of(run, final=False) for run in firsts]
    inner = "".join(f"(?>{FOLDERS}?{run})" for run in middle)
    return f"{head}{inner}{FOLDERS}?{_run_of(last, final=True)}"


def _run_of(pieces: Sequence[str], *, final: bool) -> str:
    """Join pieces without ``**/``; `final` says whether the glob ends with them."""
    head, *tails = _split_at(pieces, {IN_NAME, REST})
    joined = ["".join(head)]
    wild = [piece for piece in pieces if piece in {IN_NAME, REST}]
    for place, (star, tail) in enumerate(zip(wild, tails, strict=True), start=1):
        fixed = "".join(tail)
        ends = final and place == len(wild)
        joined.append(star + fixed if ends else f"(?>{star}?{fixed})")
    return "".join(joined)


def _split_at(pieces: Sequence[str], separators: AbstractSet[str]) -> list[list[str]]:
    """Return the runs of pieces between separators, as `str.split` does."""
    runs: list[list[str]] = [[]]
    for piece in pieces:
        if piece in separators:
            runs.append([])
        else:
            runs[-1].append(piece)
    return runs
