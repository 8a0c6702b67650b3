"""What the encoder reads: the preamble, facts that the window does not show, the window."""

from collections.abc import Iterable, Mapping, Sequence

from tidemill.models.typed.document import Document
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.models.typed.windows import Window

__all__ = ["Prompter"]

END = ";"


class Prompter:
    """Makes inputs for windows.

    The published input has the preamble and the window alone; so has this one where no room is
    given to facts.

    Args:
        vocabulary: Whose tokens.
        most_tokens: Tokens of an input at most, beginning and end included.
        facts: Tokens of facts at most.
    """

    def __init__(self, vocabulary: TypeVocabulary, *, most_tokens: int, facts: int) -> None:
        self._vocabulary = vocabulary
        self._most = most_tokens
        self._facts = facts

    def input(
        self,
        window: Window,
        document: Document,
        names: Iterable[str],
        notes: Mapping[int, Sequence[str]] | None = None,
    ) -> tuple[int, ...]:
        """Return the tokens that the encoder reads for a window.

        Args:
            window: Of the document.
            document: What it was cut from.
            names: Types that can be said here; those that the window shows are left out.
            notes: For sites, words of what is known of them besides.
        """
        vocabulary = self._vocabulary
        ids = [vocabulary.bos, *vocabulary.preamble]
        room = min(self._facts, self._most - len(ids) - len(window.ids) - 1)
        ids += self._facts_of(window, document, names, notes or {})[: max(room, 0)]
        ids += window.ids
        return (*ids[: self._most - 1], vocabulary.eos)

    def _facts_of(
        self,
        window: Window,
        document: Document,
        names: Iterable[str],
        notes: Mapping[int, Sequence[str]],
    ) -> list[int]:
        if not self._facts:
            return []
        vocabulary = self._vocabulary
        ids: list[int] = []
        for site, sentinel in zip(window.marks, window.sentinels, strict=True):
            words = notes.get(site)
            if words:
                ids.append(vocabulary.sentinels[sentinel])
                ids += [token for word in vocabulary.words(words) for token in word]
        shown = {*document.words[window.first : window.last]}
        hidden = [name for name in dict.fromkeys(names) if name.rpartition(".")[2] not in shown]
        for name in (*hidden, END):
            ids += vocabulary.phrase(name)
        return ids
