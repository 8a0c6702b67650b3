"""A file as type inference reads it: its words, and the places that want a type."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tidemill.source.annotations.site import TypeSite
from tidemill.source.leaves import leaves_of
from tidemill.source.parsing import SyntaxTree

__all__ = ["Document", "Mark", "document_of"]

LONGEST_WORD = 60
"""Characters that are read of a word: strings and numbers may be of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place that wants a type.

    Attributes:
        word: The word after which its sentinel stands.
        site: Number of the site.
    """

    word: int
    site: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file in words.

    Attributes:
        words: Its lexical tokens, comments left out.
        starts: First byte of each in the file.
        marks: Where sentinels go, in the order of the words.
    """

    words: Sequence[str]
    starts: Sequence[int]
    marks: Sequence[Mark]


def document_of(tree: SyntaxTree, sites: Sequence[TypeSite], asked: Sequence[int]) -> Document:
    """Cut a file into words.

    Args:
        tree: The file, parsed, without the annotations that are to be inferred.
        sites: Its sites.
        asked: Numbers of those that want a type.
    """
    leaves = leaves_of(tree)
    ends = [leaf.end for leaf in leaves]
    marks = []
    for number in asked:
        word = bisect_left(ends, sites[number].place.end)
        if word < len(leaves):
            marks.append(Mark(word=word, site=number))
    marks.sort(key=lambda mark: (mark.word, mark.site))
    words = [leaf.text[: 4 * LONGEST_WORD].decode("utf-8", "ignore") for leaf in leaves]
    return Document(
        words=["".join(word[:LONGEST_WORD].split()) or "''" for word in words],
        starts=[leaf.start for leaf in leaves],
        marks=marks,
    )
