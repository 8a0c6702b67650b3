"""n-grams of lexical tokens as feature numbers: what the static experts read.

Words that are variables of the text, and words that the space does not know, all become
one and the same token, so that renaming changes nothing. A space is two sorted arrays of
64-bit hashes, so that it is stored and looked up without a single string.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError

__all__ = [
    "FEATURES",
    "Bag",
    "Hashes",
    "NgramSpace",
    "TokenHashes",
    "count_ngrams",
    "hash_of",
    "hashed",
    "mixed",
    "named",
]

Hashes = NDArray[np.uint64]

FEATURES = "features.json"
"""The file of an expert that holds its space."""

NAME = np.uint64(0x9E3779B97F4A7C15)
"""What every variable and unknown word is hashed as."""

LONGEST = 8
"""Tokens in the longest n-gram that is ever made."""

_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
_FIRST_WORD = frozenset(b"_$@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") | frozenset(
    range(128, 256)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenHashes:
    """The tokens of a text as numbers.

    Attributes:
        hashes: One a token.
        is_word: Whether a token is a word, which might be a name.
    """

    hashes: Hashes
    is_word: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bag:
    """Which features a text has, and how often.

    Attributes:
        features: Feature numbers, ascending.
        weights: 1 + ln(count) of each (Salton and Buckley 1988).
    """

    features: NDArray[np.int32]
    weights: NDArray[np.float32]


def hashed(tokens: Sequence[bytes], names: Iterable[bytes] = ()) -> TokenHashes:
    """Turn tokens into numbers, variables all into the same one.

    Args:
        tokens: In order.
        names: Those that are variables of the text.
    """
    known = frozenset(names)
    pairs = [hash_of(token) for token in tokens]
    hashes = np.array([pair[0] for pair in pairs], dtype=np.uint64)
    if known:
        hashes[[place for place, token in enumerate(tokens) if token in known]] = NAME
    return TokenHashes(hashes=hashes, is_word=np.array([pair[1] for pair in pairs], dtype=np.bool_))


@lru_cache(maxsize=1 << 16)
def hash_of(token: bytes) -> tuple[int, bool]:
    """Return a token's hash, and whether it is a word."""
    digest = hashlib.blake2b(token, digest_size=8).digest()
    return int.from_bytes(digest, "little"), token[:1] != b"" and token[0] in _FIRST_WORD


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NgramSpace:
    """The features that one expert knows.

    Attributes:
        tokens: Hashes of the words that are known by themselves, ascending.
        grams: Hashes of the n-grams that are features, ascending; a feature's number is its place.
        longest: Tokens in the longest n-gram.
    """

    tokens: Hashes
    grams: Hashes
    longest: int = 3

    def __len__(self) -> int:
        return len(self.grams)

    def to_json(self) -> str:
        """Return the space as text: little-endian hashes in hexadecimal digits."""
        coded = {
            name: hashes.astype("<u8").tobytes().hex()
            for name, hashes in (("tokens", self.tokens), ("grams", self.grams))
        }
        return json.dumps({"longest": self.longest, **coded}) + "\n"

    @classmethod
    def from_json(cls, data: bytes) -> "NgramSpace":
        """Read what `to_json` gave, in UTF-8.

        Raises:
            ExpertError: It is something else.
        """
        try:
            facts = json.loads(data)
            columns = {
                name: np.frombuffer(bytes.fromhex(facts[name]), dtype="<u8")
                for name in ("tokens", "grams")
            }
            longest = int(facts["longest"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ExpertError(f"not a space of n-grams: {error}") from error
        if not 1 <= longest <= LONGEST or any(
            (part[1:] <= part[:-1]).any() for part in columns.values()
        ):
            raise ExpertError("not a space of n-grams: lengths or order of its hashes are wrong")
        return cls(
            **{name: part.astype(np.uint64) for name, part in columns.items()}, longest=longest
        )

    def bag(self, text: TokenHashes) -> Bag:
        """Return the features of a text; those that the space does not know are passed over."""
        grams = ngrams_of(named(text, self.tokens), self.longest)
        places = np.searchsorted(self.grams, grams)
        places[places == len(self.grams)] = 0
        found = places[self.grams[places] == grams] if len(self.grams) else places[:0]
        features, counts = np.unique(found, return_counts=True)
        return Bag(
            features=features.astype(np.int32),
            weights=(1.0 + np.log(counts)).astype(np.float32),
        )


def named(text: TokenHashes, known: Hashes) -> Hashes:
    """Return a text's tokens with every unknown word turned into a name.

    Args:
        text: The tokens.
        known: Hashes of those that stay, ascending.
    """
    if not len(known):
        return np.where(text.is_word, NAME, text.hashes)
    places = np.minimum(np.searchsorted(known, text.hashes), len(known) - 1)
    return np.where(text.is_word & (known[places] != text.hashes), NAME, text.hashes)


def ngrams_of(hashes: Hashes, longest: int) -> Hashes:
    """Return the hashes of all n-grams of one to ``longest`` tokens, by length."""
    found = []
    joint = np.zeros(len(hashes), dtype=np.uint64)
    for order in range(longest):
        if order >= len(hashes):
            break
        joint = mixed(joint[: len(hashes) - order], hashes[order:])
        found.append(joint)
    return np.concatenate(found) if found else joint


def mixed(before: Hashes, token: Hashes) -> Hashes:
    """Append a token to n-grams (multiplication wraps around)."""
    joint = (before ^ (before >> np.uint64(29))) * _MULTIPLIER + token
    mixed: Hashes = joint ^ (joint >> np.uint64(32))
    return mixed


def count_ngrams(
    texts: Iterable[TokenHashes], *, longest: int = 3, least: int = 5, most: int = 1 << 16
) -> NgramSpace:
    """Learn which n-grams are worth a feature.

    Args:
        texts: Of the training set; read twice, so hand in a list.
        longest: Tokens in the longest n-gram.
        least: Texts in which a token or an n-gram occurs at least.
        most: Features at most, the most frequent ones.
    """
    kept = list(texts)
    # Only words may be unknown, so only they need to be known.
    tokens, counts = _document_counts(np.unique(text.hashes[text.is_word]) for text in kept)
    known = tokens[counts >= least]
    grams, counts = _document_counts(
        np.unique(ngrams_of(named(text, known), longest)) for text in kept
    )
    frequent = grams[counts >= least], counts[counts >= least]
    chosen = np.argsort(-frequent[1], kind="stable")[:most]
    return NgramSpace(tokens=known, grams=np.sort(frequent[0][chosen]), longest=longest)


def _document_counts(texts: Iterable[Hashes]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return each distinct hash with the number of texts that have it."""
    parts = [np.zeros(0, dtype=np.uint64), *texts]
    hashes, counts = np.unique(np.concatenate(parts), return_counts=True)
    return hashes, counts
