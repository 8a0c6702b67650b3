"""Words as paths of tokens."""

from collections.abc import Iterable, Sequence

__all__ = ["Trie"]


class Trie:
    """A node of a tree of token sequences.

    Attributes:
        next: The node behind each token.
        words: The words that end here.
    """

    __slots__ = ("next", "words")

    def __init__(self) -> None:
        self.next: dict[int, Trie] = {}
        self.words: tuple[str, ...] = ()

    def add(self, word: str, tokens: Sequence[int]) -> None:
        """Add a word."""
        node = self
        for token in tokens:
            node = node.next.setdefault(token, Trie())
        node.words = (*node.words, word)

    @classmethod
    def of(cls, words: Iterable[tuple[str, Sequence[int]]]) -> "Trie":
        """Return the tree of words with their tokens."""
        root = cls()
        for word, tokens in words:
            root.add(word, tokens)
        return root
