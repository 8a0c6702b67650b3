"""A flat tree whose kinds and fields are asked for by name."""

from tidemill.source.dataflow.flatten import flatten
from tidemill.source.parsing import SyntaxTree
from tidemill.source.slices.vocabulary import Kinds, Vocabulary, kinds_of, marked
from tidemill.source.spans import Span

__all__ = ["Syntax"]

LONGEST_LOOK = 64
"""How many nodes whose value is that of another one are looked through."""

MOST_ALTERNATIVES = 16
"""How many of the values that an expression may have are looked at."""

CHOOSING = frozenset({b"", b"||", b"&&", b"??", b"and", b"or"})
"""Operators whose value is that of one of their operands; without one, it is no operator."""


class Syntax:
    """The nodes of a text by their index in preorder; 0, the root, stands for no node.

    Args:
        tree: The parsed text.
        vocabulary: What its language calls things.

    Attributes:
        kinds: Number of each node's kind.
        starts: First byte of each node.
        stops: Byte after its last.
        fields: Number of the field under which it hangs.
        end: Index after the last node inside.
        text: What was parsed.
        words: The vocabulary.
        numbers: The kinds and fields by number.
    """

    def __init__(self, tree: SyntaxTree, vocabulary: Vocabulary) -> None:
        # What stands before a fragment is its surroundings, whose text nobody reads.
        self.text: bytes = b" " * tree.offset + tree.text if tree.offset else tree.text
        self.words: Vocabulary = vocabulary
        self.numbers: Kinds = kinds_of(tree.language.name, vocabulary.left_out, vocabulary.tokens)
        flat = flatten(tree.tree.root_node, self.text, self.numbers)
        self.kinds: list[int] = flat.kinds
        self.fields: list[int] = flat.fields
        self.end: list[int] = flat.end
        self.starts: list[int] = flat.starts
        self.stops: list[int] = flat.stops
        self._names = self.numbers.names
        self._is_through = marked(self.numbers, vocabulary.transparent)
        self._is_token = marked(self.numbers, vocabulary.tokens)
        self._is_name = marked(self.numbers, vocabulary.names)
        self._offset = tree.offset
        self._last = tree.offset + len(tree.text)

    def kind(self, index: int) -> str:
        """Return the name of a node's kind."""
        return self._names[self.kinds[index]]

    def children(self, index: int) -> list[int]:
        """Return the nodes directly inside a node."""
        found = []
        child, stop, end = index + 1, self.end[index], self.end
        while child < stop:
            found.append(child)
            child = end[child]
        return found

    def part(self, index: int, field: str) -> int:
        """Return the first node under a field of a node."""
        wanted = self.numbers.fields.get(field)
        child, stop, fields, end = index + 1, self.end[index], self.fields, self.end
        while child < stop:
            if fields[child] == wanted:
                return child
            child = end[child]
        return 0

    def first(self, index: int) -> int:
        """Return the first node directly inside a node that is no token."""
        child, stop = index + 1, self.end[index]
        while child < stop and self._is_token[self.kinds[child]]:
            child = self.end[child]
        return child if child < stop else 0

    def raw(self, index: int) -> bytes:
        """Return the bytes of a node."""
        return self.text[self.starts[index] : self.stops[index]]

    def written(self, index: int, most: int) -> str:
        """Return the text of a node on one line, at most some bytes of it."""
        start = self.starts[index]
        text = self.text[start : min(self.stops[index], start + most)]
        return " ".join(text.decode("utf-8", "ignore").split())

    def span(self, index: int) -> Span:
        """Return where a node stands in the text that was given."""
        first, last = self._offset, self._last
        start = min(max(self.starts[index], first), last)
        return Span(start=start - first, end=min(max(self.stops[index], start), last) - first)

    def given(self, span: Span) -> bytes:
        """Return the bytes of a span of the text that was given."""
        return self.text[span.start + self._offset : span.end + self._offset]

    def value(self, index: int) -> int:
        """Return the node whose value a node has: inside parentheses and casts."""
        kinds, through = self.kinds, self._is_through
        if through[kinds[index]]:
            end, last = self.end, index + LONGEST_LOOK
            while index < last and through[kinds[index]] and end[index] > index + 1:
                index += 1
        return index

    def name(self, index: int) -> int:
        """Return the variable that a node stands for; 0 for none."""
        if self._is_through[self.kinds[index]]:
            index = self.value(index)
        return index if self._is_name[self.kinds[index]] else 0

    def allocation(self, index: int) -> int:
        """Return what makes the object that a value is or may be, if something does."""
        words = self.words
        waiting = [index]
        for _ in range(MOST_ALTERNATIVES):
            if not waiting:
                break
            node = self.value(waiting.pop())
            kind = self.kind(node)
            call = words.calls.get(kind)
            if call is not None and call.constructs:
                return node
            if kind in words.alternatives and self._operator(node) in CHOOSING:
                parts = [self.part(node, field) for field in words.alternatives[kind]]
                waiting += [part for part in reversed(parts) if part]
        return 0

    def _operator(self, index: int) -> bytes:
        token = self.part(index, "operator")
        return self.raw(token) if token else b""
