"""Examples as n-gram experts read them: hashed tokens of code and of queries."""

import functools
from collections.abc import Iterator, Sequence
from itertools import islice

from tidemill.core.errors import InputError
from tidemill.core.executor import Executor, InlineExecutor, Resources
from tidemill.core.processes import ProcessExecutor
from tidemill.core.progress import Progress
from tidemill.models.lexemes import code_lexemes, code_words, query_words
from tidemill.models.ngrams import TokenHashes
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES
from tidemill.training.encoded import TrainingExample

__all__ = ["hashed_examples"]

SHARD = 512

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
    executor: Executor = InlineExecutor() if workers == 1 else ProcessExecutor(in_order=True)
    rows: list[Pair] = []
    outcomes = executor.map(
        functools.partial(_hashed, reads=reads),
        _shards(examples),
        resources=Resources(workers=workers),
    )
    for outcome in outcomes:
        if outcome.error is not None:
            raise InputError(f"examples could not be read: {outcome.error.message}")
        rows += outcome.unwrap()
        progress.advance(len(rows), len(examples), "reading examples")
    return rows


def _shards(examples: Sequence[TrainingExample]) -> Iterator[list[tuple[str, str, str]]]:
    facts = ((example.language, example.code, example.query) for example in examples)
    while shard := list(islice(facts, SHARD)):
        yield shard


def _hashed(shard: list[tuple[str, str, str]], *, reads: str) -> list[Pair]:
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
