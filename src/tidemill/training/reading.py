"""Reading a corpus over processes: what every kind of model does before it is trained."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from tidemill.core.errors import InputError
from tidemill.core.executor import Executor, InlineExecutor, Resources
from tidemill.core.processes import ProcessExecutor
from tidemill.core.progress import Progress

__all__ = ["Texts", "TrainingExample", "read_examples"]

SHARD = 256

Row = TypeVar("Row")
Texts = tuple[str, str, str]
"""Language, code and query of an example."""


class TrainingExample(Protocol):
    """What training wants to know of an example."""

    @property
    def language(self) -> str:
        """Name of its language."""
        ...

    @property
    def group(self) -> str:
        """What it belongs together with; empty for nothing."""
        ...

    @property
    def query(self) -> str:
        """What somebody says of it; empty for nothing."""
        ...

    @property
    def code(self) -> str:
        """Its text."""
        ...


def read_examples(
    examples: Sequence[TrainingExample],
    read: Callable[[list[Texts]], list[Row]],
    *,
    workers: int,
    progress: Progress,
) -> list[Row]:
    """Return what a model reads of each example, in their order.

    Args:
        examples: The corpus.
        read: What a worker does with some of them; a module-level function.
        workers: Processes.
        progress: Told of every batch.

    Raises:
        InputError: A worker failed.
    """
    executor: Executor = InlineExecutor() if workers == 1 else ProcessExecutor(in_order=True)
    rows: list[Row] = []
    for outcome in executor.map(read, _shards(examples), resources=Resources(workers=workers)):
        if outcome.error is not None:
            raise InputError(f"examples could not be read: {outcome.error.message}")
        rows += outcome.unwrap()
        progress.advance(len(rows), len(examples), "reading examples")
    return rows


def _shards(examples: Sequence[TrainingExample]) -> Iterator[list[Texts]]:
    facts = ((example.language, example.code, example.query) for example in examples)
    while shard := list(islice(facts, SHARD)):
        yield shard
