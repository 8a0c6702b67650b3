"""A function without what a copier changes: the tokens that clones are compared by.

White space, comments and documentation are no tokens. A name or the value of a literal
is written as *how many others have stood since it last did*, so that two functions
have equal codes if, and only if, one becomes the other by renaming one to one, and an
inserted statement changes the codes of few names after it. (Baker's parameterised
strings, "Parameterized duplication in strings", SIAM Journal on Computing 26(5), 1997,
count all tokens in between, which every insertion changes.)

Where line ends and indentation have a meaning, the end of a statement is a mark of its
own, so that functions of equal tokens and another structure have other codes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from tidemill.core.hashing import content_hash
from tidemill.source.alphabet import (
    COMMENT,
    MARK,
    NAME,
    NUMBER,
    PLAIN,
    STRING,
    Alphabet,
    alphabet_of,
)
from tidemill.source.dataflow.flatten import FlatTree, flatten
from tidemill.source.parsing import SyntaxTree
from tidemill.source.units import Unit

__all__ = ["NORMAL_VERSION", "NormalForm", "Normaliser"]

NORMAL_VERSION = 1
"""Raised whenever the same function would get another form."""

MARK_TEXT = "\n"
NO_TEXT = "\\\ufeff"
"""Signs that join lines or begin files, and mean nothing."""

NEAR = 64
"""Names are counted back as far as this; one from farther away is told by its number."""

# Role and text.
Token: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalForm:
    """One function as clones are compared.

    Attributes:
        tokens: How many tokens it has.
        exact: Hash of the tokens as they stand: equal for functions that differ in
            white space, comments and documentation at most.
        renamed: Hash of the codes: equal for functions that differ besides in a
            one-to-one renaming of names, of numbers and of strings.
        codes: The tokens with names and values told by their recency.
    """

    tokens: int
    exact: str
    renamed: str
    codes: tuple[str, ...]


class Normaliser:
    """Makes the normal forms of one file's functions; the tree is flattened once.

    Args:
        tree: The parsed file.
        units: Its units.
    """

    def __init__(self, tree: SyntaxTree, units: Sequence[Unit]) -> None:
        alphabet = alphabet_of(tree.language.name)
        # What stands before a fragment is its surroundings, whose text nobody reads.
        source = b" " * tree.offset + tree.text if tree.offset else tree.text
        docs = {
            (span.start + tree.offset, span.end + tree.offset)
            for unit in units
            for span in unit.doc_spans
        }
        placed = list(_tokens(flatten(tree.tree.root_node, source, alphabet), alphabet, docs))
        self._offset = tree.offset
        self._places = [place for place, _ in placed]
        self._tokens = [token for _, token in placed]

    def form(self, unit: Unit) -> NormalForm:
        """Return the normal form of one of the units."""
        first = bisect_left(self._places, unit.start + self._offset)
        after = bisect_left(self._places, unit.end + self._offset)
        # Marks at the end say where a function stands, not what it is.
        while after > first and self._tokens[after - 1][0] == MARK:
            after -= 1
        tokens = self._tokens[first:after]
        codes = tuple(_codes(tokens))
        return NormalForm(
            tokens=sum(role != MARK for role, _ in tokens),
            exact=_hash(f"{role}{text}" for role, text in tokens),
            renamed=_hash(codes),
            codes=codes,
        )


def _hash(words: Iterable[str]) -> str:
    """Hash some words; none is empty, and no text that is read holds a NUL."""
    return content_hash("\0".join(words).encode())


def _tokens(
    flat: FlatTree, alphabet: Alphabet, docs: AbstractSet[tuple[int, int]]
) -> Iterator[tuple[int, Token]]:
    """Yield the tokens of a tree with their first bytes, which never fall.

    Grammars hide some text between the leaves (`.2f` of a format), which counts as a string.
    """
    covered = 0
    for start, stop, role in _Leaves(flat, alphabet, docs):
        gap = flat.text[covered : stop if role == MARK else start]
        if gap and not gap.isspace():
            hidden = gap.decode("utf-8", "replace").strip().strip(NO_TEXT)
            if hidden:
                yield covered, (STRING, hidden)
        covered = max(covered, stop)
        if role == MARK:
            yield start, (MARK, MARK_TEXT)
        elif role != COMMENT:
            text = flat.text[start:stop]
            # Go and Ruby have tokens of line ends, which their marks stand for.
            if role or not text.isspace():
                yield start, (role, text.decode("utf-8", "replace"))


class _Leaves:
    """The leaves of a tree in order, and between them where statements end.

    Args:
        flat: The tree.
        alphabet: What its kinds are.
        docs: Spans of documentation, which counts as a comment.
    """

    def __init__(
        self, flat: FlatTree, alphabet: Alphabet, docs: AbstractSet[tuple[int, int]]
    ) -> None:
        self._flat = flat
        self._alphabet = alphabet
        self._docs = docs
        self._marks: dict[int, list[int]] = {}

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Yield first byte, byte after the last, and role."""
        kinds, end, lists = self._flat.kinds, self._flat.end, self._alphabet.lists
        index, count = 0, len(kinds)
        while index < count:
            # Of statements that end together the inner one was noted last.
            for place in reversed(self._marks.pop(index, [])):
                yield place, place + 1, MARK
            if kinds[index] in lists:
                self._note_statements(index)
            if end[index] > index + 1 and not self._is_whole(index):
                index += 1
                continue
            start, stop = self._flat.starts[index], self._flat.stops[index]
            if start < stop:
                is_doc = (start, stop) in self._docs
                yield start, stop, COMMENT if is_doc else self._alphabet.roles[kinds[index]]
            index = end[index]

    def _note_statements(self, index: int) -> None:
        """Note where the statements of a list end; comments and documentation are none."""
        flat, statement = self._flat, self._alphabet.statement
        child = index + 1
        while child < flat.end[index]:
            place = (flat.starts[child], flat.stops[child])
            if statement[flat.kinds[child]] and place not in self._docs:
                self._marks.setdefault(flat.end[child], []).append(place[1] - 1)
            child = flat.end[child]

    def _is_whole(self, index: int) -> bool:
        """Whether a node with children is one leaf: a comment, a string without code in it."""
        kinds = self._flat.kinds
        role = self._alphabet.roles[kinds[index]]
        if role != STRING:
            return role == COMMENT
        return self._alphabet.holes.isdisjoint(kinds[index + 1 : self._flat.end[index]])


@dataclass(slots=True)
class _Recency:
    """How long ago each name stood, among names of one role.

    Attributes:
        sign: What the codes of the role begin with.
        recent: The names that stood last, the latest first.
        numbers: Every name that stood, in order of its first time.
    """

    sign: str
    recent: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def code(self, text: str) -> str:
        """Return the code of the next occurrence of a name."""
        recent = self.recent
        if text in recent:
            back = recent.index(text)
            del recent[back]
            code = f"{self.sign}{back}"
        elif text in self.numbers:
            code = f"{self.sign}#{self.numbers[text]}"
        else:
            self.numbers[text] = len(self.numbers)
            code = self.sign
        recent.insert(0, text)
        del recent[NEAR:]
        return code


def _codes(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the code of each token; no word of a language begins with NUL."""
    memory = {role: _Recency(sign=f"\0{role}") for role in (NAME, NUMBER, STRING)}
    for role, text in tokens:
        yield text if role in {PLAIN, MARK} else memory[role].code(text)
