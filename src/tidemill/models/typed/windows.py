"""Consecutive windows of a file's tokens, and what is to be answered for each.

CodeTIDAL5's format (create_dataset of the published code): after each identifier that wants
a type come a colon and the sentinel whose number is that of the identifier in the file, modulo
100; the tokens are cut into windows that do not overlap; each window follows a preamble and
ends with the end token. The answer lists for each sentinel, in order, the sentinel, the type and
a line feed; a window without sentinels is answered by ``No types inferred .``. A sentinel never
stands in another window than its identifier.

Ours: before the window may stand facts that it does not show (names of types that the file can
say, and usage slices), and a window also ends when it has as many sentinels as an answer holds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidemill.models.typed.document import Document
from tidemill.models.typed.vocabulary import SENTINELS, TypeVocabulary

__all__ = ["Window", "answer_of", "windows_of"]

WINDOW = 500
"""Tokens in a window, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a file.

    Attributes:
        ids: Its tokens, sentinels included.
        marks: Numbers of the sites that are asked about, in order.
        sentinels: Number of the sentinel of each.
        first: Its first word.
        last: The word after its last.
    """

    ids: tuple[int, ...]
    marks: tuple[int, ...]
    sentinels: tuple[int, ...]
    first: int
    last: int


def windows_of(
    document: Document,
    vocabulary: TypeVocabulary,
    *,
    size: int = WINDOW,
    most_sites: int = SENTINELS,
) -> Iterator[Window]:
    """Cut a document into windows.

    Args:
        document: In words.
        vocabulary: Whose tokens are counted.
        size: Tokens of a window at most; a word of more gets a window of its own, cut short.
        most_sites: Sentinels of a window at most; a word with more stands in several windows.
    """
    mark_tokens = len(vocabulary.colon) + 1
    most = max(1, min(most_sites, (size - 1) // mark_tokens))
    cutter = _Cutter()
    marks = _marks_by_word(document)
    for place, tokens in enumerate(vocabulary.words(document.words)):
        own = marks.get(place, [])
        for start in range(0, max(len(own), 1), most):
            group = own[start : start + most]
            word = tokens[: max(size - mark_tokens * len(group), 1)]
            added = len(word) + mark_tokens * len(group)
            is_full = len(cutter.ids) + added > size or len(cutter.asked) + len(group) > most
            if cutter.ids and is_full:
                yield cutter.window()
            cutter.add(place, word)
            for site, sentinel in group:
                cutter.ids += (*vocabulary.colon, vocabulary.sentinels[sentinel])
                cutter.asked.append((site, sentinel))
    if cutter.ids:
        yield cutter.window()


def _marks_by_word(document: Document) -> Mapping[int, list[tuple[int, int]]]:
    """Return the sites behind each word, with the numbers of their sentinels."""
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, mark in enumerate(document.marks):
        found[mark.word].append((mark.site, number % SENTINELS))
    return found


class _Cutter:
    """Gathers the tokens of the next window.

    Attributes:
        ids: Its tokens so far.
        asked: Its sites so far, with the numbers of their sentinels.
    """

    def __init__(self) -> None:
        self._places: list[int] = []
        self.ids: list[int] = []
        self.asked: list[tuple[int, int]] = []

    def add(self, place: int, tokens: Sequence[int]) -> None:
        """Take the next word."""
        self._places.append(place)
        self.ids += tokens

    def window(self) -> Window:
        """Return the window, and begin another."""
        made = Window(
            ids=tuple(self.ids),
            marks=tuple(site for site, _ in self.asked),
            sentinels=tuple(sentinel for _, sentinel in self.asked),
            first=self._places[0],
            last=self._places[-1] + 1,
        )
        self._places, self.ids, self.asked = [], [], []
        return made


def answer_of(
    window: Window, types: Sequence[Sequence[str]], vocabulary: TypeVocabulary
) -> tuple[int, ...]:
    """Return the tokens that answer a window, without beginning and end.

    Args:
        window: What was asked.
        types: The words of the type of each of its marks.
        vocabulary: Whose tokens.
    """
    if not window.marks:
        return vocabulary.negative
    answer: list[int] = []
    for sentinel, words in zip(window.sentinels, types, strict=True):
        answer.append(vocabulary.sentinels[sentinel])
        for word in vocabulary.words(words):
            answer += word
        answer.append(vocabulary.newline)
    return tuple(answer)
