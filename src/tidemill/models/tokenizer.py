"""Byte-level BPE: texts become token ids with the bytes they were read from.

Two styles are trained. ``folded`` is for experts that compare: case is folded, words are
cut at case and underscores, and white space leaves no trace, so that ``parseHeader``,
``parse_header`` and "parse header" are the same two tokens. ``exact`` is RoBERTa's, for
experts that write; ``cased`` writes too, and cuts names where a word in them begins, so that parts
of names that were never seen are known. Either way the whole of it is one ``tokenizer.json`` in the
format of Hugging Face's tokenizers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers

from tidemill.core.errors import ExpertError

__all__ = ["SPECIALS", "TokenSpans", "Tokenizer"]

Style = Literal["folded", "exact", "cased"]

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
"""In RoBERTa's order, so that the ids are 0 to 4."""

BORDERS = r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|_+"
CASED = (
    r" ?(?:\p{Lu}?\p{Ll}+|\p{Lu}+(?=\p{Lu}\p{Ll}|\P{L}|$)|\p{L}+|\p{N}|_+|[^\s\p{L}\p{N}_]+)|\s+"
)
PIECES = r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
LARGEST_FILE = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenSpans:
    """The tokens of one text.

    Attributes:
        ids: Token ids, without specials.
        starts: First byte of each token in the UTF-8 text.
        ends: Byte after the last.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, count: int) -> "TokenSpans":
        """Return the first tokens."""
        if len(self) <= count:
            return self
        return TokenSpans(ids=self.ids[:count], starts=self.starts[:count], ends=self.ends[:count])


class Tokenizer:
    """A trained tokenizer; what looks like a special token in a text is plain text.

    Args:
        model: Of the library that the file's format belongs to.
    """

    def __init__(self, model: tokenizers.Tokenizer) -> None:
        model.no_padding()
        model.no_truncation()
        model.encode_special_tokens = True
        self._model = model

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read a ``tokenizer.json``.

        Raises:
            ExpertError: It is not there, too large, or no tokenizer.
        """
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise ExpertError(f"{path} is no tokenizer: {error.strerror}") from error
        return cls.parse(data, where=str(path))

    @classmethod
    def parse(cls, data: bytes, *, where: str) -> "Tokenizer":
        """Read the bytes of a ``tokenizer.json``.

        Args:
            data: The bytes.
            where: The file, for messages.

        Raises:
            ExpertError: They are too many, or no tokenizer.
        """
        if len(data) > LARGEST_FILE:
            raise ExpertError(f"{where} is larger than {LARGEST_FILE:,} bytes")
        try:
            return cls(tokenizers.Tokenizer.from_str(data.decode("utf-8")))
        except Exception as error:  # all that the library raises
            raise ExpertError(f"{where} is no tokenizer: {error}") from error

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        vocab_size: int = 8_192,
        style: Style = "folded",
        specials: Sequence[str] = SPECIALS,
    ) -> "Tokenizer":
        """Learn a vocabulary from texts; the same texts give the same one.

        Args:
            texts: Code and comments.
            vocab_size: Entries in all, specials and the 256 bytes included.
            style: What the tokens are for.
            specials: The first entries, which no text contains.
        """
        model = tokenizers.Tokenizer(models.BPE())
        _prepare(model, style)
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(specials),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        model.train_from_iterator(texts, trainer)
        return cls(model)

    @property
    def vocab_size(self) -> int:
        """Entries, specials included."""
        return int(self._model.get_vocab_size())

    def id_of(self, token: str) -> int | None:
        """Return the id of a token as the vocabulary spells it, or None."""
        found = self._model.token_to_id(token)
        return None if found is None else int(found)

    def to_json(self) -> str:
        """Return the whole tokenizer as ``tokenizer.json`` holds it."""
        return str(self._model.to_str(pretty=False))

    def encode(self, texts: Sequence[str]) -> list[TokenSpans]:
        """Cut texts into tokens.

        Args:
            texts: Any text; lone surrogates are read as question marks.
        """
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        encodings = self._model.encode_batch(clean, add_special_tokens=False)
        return [_spans(found, text) for found, text in zip(encodings, clean, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of tokens; specials are left out."""
        return str(self._model.decode(list(ids), skip_special_tokens=True))

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of one text as the vocabulary spells them."""
        return list(self._model.encode(text, add_special_tokens=False).tokens)


def _spans(encoding: tokenizers.Encoding, text: str) -> TokenSpans:
    offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
    if not text.isascii():
        widths = [len(character.encode()) for character in text]
        places = np.concatenate(([0], np.cumsum(widths))).astype(np.int32)
        offsets = places[offsets]
    ids = np.array(encoding.ids, dtype=np.int32)
    return TokenSpans(ids=ids, starts=offsets[:, 0], ends=offsets[:, 1])


def _prepare(model: tokenizers.Tokenizer, style: Style) -> None:
    """Set what happens to a text before its bytes are merged."""
    if style == "exact":
        model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.decoder = decoders.ByteLevel()
        return
    if style == "cased":
        model.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(CASED), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        model.decoder = decoders.ByteLevel()
        return
    model.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(BORDERS), " "),
            normalizers.Lowercase(),
        ]
    )
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    model.decoder = decoders.ByteLevel()
