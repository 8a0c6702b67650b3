"""Which lines of a hit to show, and which words in them to mark."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["MatchingLine", "matching_lines"]

WORD = re.compile(r"\w+")
LONGEST_LINE = 2_000
LINES_SHOWN = 3

Terms = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingLine:
    """One line of a hit.

    Args:
        line: Its number in the file, counted from 1.
        text: The line without its ending.
        spans: Byte spans in ``text`` (as UTF-8) of the words that match, in order.
    """

    line: int
    text: str
    spans: tuple[tuple[int, int], ...]


def matching_lines(
    body: str, first_line: int, weights: Mapping[str, float], terms: Terms
) -> tuple[MatchingLine, ...]:
    """Return the one to three lines that best show why a text was found.

    A line is worth the sum of the weights of the query terms in it, each counted
    once; later lines are chosen only for terms that earlier ones do not show.
    Ours.

    Args:
        body: The text of the hit.
        first_line: The number of its first line in the file.
        weights: What each query term added to the hit's score.
        terms: Cuts a word into lexical terms, as it was done for the index.
    """
    rows = [_marked(text[:LONGEST_LINE], weights, terms) for text in body.split("\n")]
    chosen: list[int] = []
    missing = dict(weights)
    while missing and len(chosen) < LINES_SHOWN:
        best = max(range(len(rows)), key=lambda row: (_worth(rows[row][1], missing), -row))
        if not _worth(rows[best][1], missing):
            break
        chosen.append(best)
        missing = {term: weight for term, weight in missing.items() if term not in rows[best][1]}
    if not chosen:
        chosen = [next((row for row, (text, _, _) in enumerate(rows) if text.strip()), 0)]
    return tuple(
        MatchingLine(line=first_line + row, text=rows[row][0], spans=rows[row][2])
        for row in sorted(chosen)
    )


def _worth(found: frozenset[str], weights: Mapping[str, float]) -> float:
    return sum(weight for term, weight in weights.items() if term in found)


Marked = tuple[str, frozenset[str], tuple[tuple[int, int], ...]]


def _marked(line: str, weights: Mapping[str, float], terms: Terms) -> Marked:
    """Return a line with the query terms in it and the places of their words."""
    text = line.rstrip("\r")
    found: set[str] = set()
    spans: list[tuple[int, int]] = []
    for word in WORD.finditer(text):
        here = [term for term in terms(word.group()) if term in weights]
        found.update(here)
        spans += [_place(text, word, term) for term in here]
    return text, frozenset(found), _merged(spans)


def _place(text: str, word: re.Match[str], term: str) -> tuple[int, int]:
    """Return the bytes of ``term`` inside ``word``: the whole word where it is spelt otherwise."""
    within = word.group().lower().find(term)
    start = word.start() + max(within, 0)
    end = start + len(term) if within >= 0 else word.end()
    return len(text[:start].encode("utf-8", "replace")), len(text[:end].encode("utf-8", "replace"))


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the spans in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
