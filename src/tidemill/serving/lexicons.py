"""What experts cut texts with, read once for all that have the same.

Experts that were trained from one base share its tokenizer to the last byte, and parsing one takes
longer than reading the whole expert. So tokenizers and spaces of n-grams are kept by the hash of
their file: a switch between such experts parses nothing.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from tidemill.core.errors import ExpertError
from tidemill.experts.names import TOKENIZER
from tidemill.experts.package import ExpertPackage
from tidemill.models.ngrams import FEATURES, NgramSpace
from tidemill.models.tokenizer import Tokenizer

__all__ = ["ngram_space", "tokenizer_of"]

Lexicon = TypeVar("Lexicon")

MOST_KEPT = 32


class _Kept(Generic[Lexicon]):
    """Parsed files by hash; those that were used longest ago go first."""

    def __init__(self, parse: Callable[[ExpertPackage], Lexicon], name: str) -> None:
        self._parse = parse
        self._name = name
        self._found: OrderedDict[str, Lexicon] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, package: ExpertPackage) -> Lexicon:
        if self._name not in package.manifest.files:
            raise ExpertError(f"{package.folder}: the expert {package.name} has no {self._name}")
        key = package.manifest.files[self._name].sha256
        with self._lock:
            if key not in self._found:
                self._found[key] = self._parse(package)
            self._found.move_to_end(key)
            while len(self._found) > MOST_KEPT:
                self._found.popitem(last=False)
            return self._found[key]


def tokenizer_of(package: ExpertPackage) -> Tokenizer:
    """Return the tokenizer of an expert.

    Raises:
        ExpertError: It has none, or it is damaged.
    """
    return _TOKENIZERS.of(package)


def ngram_space(package: ExpertPackage) -> NgramSpace:
    """Return the features that an expert knows.

    Raises:
        ExpertError: It has none, or they are damaged.
    """
    return _SPACES.of(package)


def _tokenizer(package: ExpertPackage) -> Tokenizer:
    where = f"{package.folder}: {TOKENIZER}"
    return Tokenizer.parse(package.read(TOKENIZER), where=where)


def _space(package: ExpertPackage) -> NgramSpace:
    try:
        return NgramSpace.from_json(package.read(FEATURES))
    except ExpertError as error:
        hint = "Train it again: tidemill train"
        raise ExpertError(f"{package.folder}: {FEATURES}: {error.message}", hint=hint) from error


_TOKENIZERS = _Kept(_tokenizer, TOKENIZER)
_SPACES = _Kept(_space, FEATURES)
