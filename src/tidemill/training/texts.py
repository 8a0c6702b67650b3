"""Examples as n-gram experts read them: hashed tokens of code and of queries."""

import functools
from collections.abc import Sequence

from tidemill.core.progress import Progress
from tidemill.models.lexemes import code_lexemes, code_words, query_words
from tidemill.models.ngrams import TokenHashes
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES
from tidemill.training.reading import Texts, TrainingExample, read_examples

__all__ = ["hashed_examples"]

Pair = tuple[TokenHashes, TokenHashes]


def hashed_examples(
    examples: Sequence[TrainingExample], *, reads: str, workers: int, progress: Progress
) -> list[Pair]:
    """Return the hashed tokens of each example's code and query.

    Args:
        examples: In the order of the rows to be.
        reads: ``words`` or ``lexemes``.
        workers: Processes.
        progress: Told of every batch.

    Raises:
        InputError: A worker failed.
    """
    read = functools.partial(_hashed, reads=reads)
    return read_examples(examples, read, workers=workers, progress=progress)


def _hashed(shard: list[Texts], *, reads: str) -> list[Pair]:
    """What a worker does."""
    if reads == "words":
        return [(code_words(code), query_words(query)) for _, code, query in shard]
    return [
        (code_lexemes(code.encode(), language, _names(code, language)), query_words(""))
        for language, code, _ in shard
    ]


def _names(code: str, language: str) -> frozenset[bytes]:
    graph = text_graph(code.encode(), LANGUAGES[language])
    return graph.own_names if graph else frozenset()
