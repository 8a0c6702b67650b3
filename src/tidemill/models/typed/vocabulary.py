"""The tokens that type inference reads and writes."""

from collections.abc import Iterable, Sequence

from tidemill.core.errors import ExpertError
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.wording import text_of, type_words

__all__ = ["PREAMBLE", "SENTINELS", "TypeVocabulary", "train_vocabulary"]

PREAMBLE = ("Infer", "types", "for", "Javascript", ":")
"""What every input begins with (CodeTIDAL5, create_dataset)."""

SENTINELS = 100
NEGATIVE = ("No", "types", "inferred", ".")
"""The target of a window that wants nothing."""

SPECIALS = ("<pad>", "<s>", "</s>", "<unk>", *(f"<extra_id_{i}>" for i in range(SENTINELS)))
"""In CodeT5's order, in which the ids of padding, beginning and end are 0, 1 and 2."""

NEWLINE = "\n"
MOST_KEPT = 400_000


def train_vocabulary(texts: Iterable[str], *, size: int) -> Tokenizer:
    """Learn a vocabulary.

    Args:
        texts: Words, joined by single spaces.
        size: Entries in all.
    """
    return Tokenizer.train(texts, vocab_size=size, style="cased", specials=SPECIALS)


class TypeVocabulary:
    """A tokenizer, asked for words.

    Args:
        tokenizer: One that has the sentinels.

    Raises:
        ExpertError: A special token is missing.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.size: int = tokenizer.vocab_size
        self._known: dict[str, tuple[int, ...]] = {}
        self.pad: int = self._special("<pad>")
        self.bos: int = self._special("<s>")
        self.eos: int = self._special("</s>")
        self.sentinels: tuple[int, ...] = tuple(
            self._special(f"<extra_id_{i}>") for i in range(SENTINELS)
        )
        self.newline: int = self._newline()
        self.preamble: tuple[int, ...] = self._joined(PREAMBLE)
        self.negative: tuple[int, ...] = self._joined(NEGATIVE)
        self.colon: tuple[int, ...] = self._joined([":"])

    def words(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the tokens of each word, as it reads behind a space."""
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        fresh = [*dict.fromkeys(word for word in words if word not in self._known)]
        for word, spans in zip(
            fresh, self._tokenizer.encode([f" {word}" for word in fresh]), strict=True
        ):
            self._known[word] = tuple(spans.ids.tolist())
        return [self._known[word] for word in words]

    def phrase(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a type's text."""
        return self._joined(type_words(text))

    def text(self, tokens: Sequence[int]) -> str:
        """Return the type that tokens stand for."""
        return text_of(self._tokenizer.decode(tokens).split())

    def _joined(self, words: Sequence[str]) -> tuple[int, ...]:
        return tuple(token for word in self.words(words) for token in word)

    def _special(self, name: str) -> int:
        found = self._tokenizer.id_of(name)
        if found is None:
            raise ExpertError(f"the tokenizer has no {name}", hint="It is none for types.")
        return found

    def _newline(self) -> int:
        found = self._tokenizer.encode([NEWLINE])[0].ids
        if len(found) != 1:
            raise ExpertError("the tokenizer has no token for the end of a line")
        return int(found[0])
