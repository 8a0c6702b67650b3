"""What is learnt from labelled files, each part made once and kept in the run's folder.

First everything is counted: words of types, what names were. Then the files are read with what
the counts of other families say of their places, for a family must not be told its own types.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.executor import Executor, InlineExecutor, Resources
from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.processes import ProcessExecutor
from tidemill.core.randomness import stream
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.models.typed.memory import NameMemory
from tidemill.models.typed.scope import Lexicon
from tidemill.models.typed.vocabulary import train_vocabulary
from tidemill.training.columns import Ragged, ragged
from tidemill.training.kept import kept
from tidemill.training.making import Workplace
from tidemill.training.recipe import Recipe
from tidemill.training.typed.counting import lexicon_of, renamer_of
from tidemill.training.typed.reading import TypedShape, learnt_files, read_windows
from tidemill.training.typed.remembering import Remembered, remembered, seen_in

__all__ = ["Lessons", "Windows"]

VERSION = 6
"""Raised whenever the same files would be read as other numbers."""

VOCABULARY_FILES = 2_000
"""Files that a vocabulary is learnt from; more change few of its entries."""

NO_IDS = np.zeros(0, np.int32)

Shard = TypeVar("Shard")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Windows in numbers.

    Attributes:
        inputs: What the encoder reads of each.
        answers: What is to be written.
    """

    inputs: Ragged
    answers: Ragged


class Lessons:
    """What a run learns from its files.

    Args:
        recipe: Says how.
        rows: The files to learn from.
        place: Where what is made is kept, and who reads.
    """

    def __init__(self, recipe: Recipe, rows: Sequence[LabelledFile], place: Workplace) -> None:
        self._recipe = recipe
        self._rows = rows
        self._place = place

    @functools.cached_property
    def lexicon(self) -> Lexicon:
        """Types of the language and its libraries."""
        path = self._path("lexicon")
        if not path.exists():
            write_atomically(path, lexicon_of(self._rows).to_json().encode())
        return Lexicon.from_json(path.read_bytes())

    @functools.cached_property
    def memory(self) -> NameMemory:
        """What names were."""
        path = self._path("memory")
        if not path.exists():
            write_atomically(path, self._remembered.memory.to_json().encode())
        return NameMemory.from_json(path.read_bytes())

    def tokenizer(self) -> Path:
        """Return the file of the run's tokenizer."""
        path = self._path("tokenizer", self._recipe.model.vocab_size)
        if not path.exists():
            model = train_vocabulary(self._texts(), size=self._recipe.model.vocab_size)
            write_atomically(path, model.to_json().encode())
        return path

    def windows(self, shape: TypedShape) -> Windows:
        """Return the windows of all files and their copies.

        Args:
            shape: How they are cut.
        """
        tokenizer = self.tokenizer()
        key = repr((self._key(), tokenizer.name, shape, self._recipe.rewrites))
        arrays = kept(self._place.folder, "windows", key, lambda: self._encoded(shape, tokenizer))
        return Windows(inputs=_column(arrays, "inputs"), answers=_column(arrays, "answers"))

    @functools.cached_property
    def _remembered(self) -> Remembered:
        return remembered(self._over(seen_in, _packages(self._rows), "counting"))

    def _encoded(self, shape: TypedShape, tokenizer: Path) -> dict[str, NDArray[np.generic]]:
        read = functools.partial(
            read_windows,
            memory=self.memory,
            tokenizer=tokenizer,
            shape=shape,
            renamer=renamer_of(self._rows, self.lexicon),
            copies=self._recipe.rewrites,
            seed=self._recipe.seed,
        )
        families = self._remembered.families
        shards = [(own, families[own[0].file.family]) for own in _packages(self._rows)]
        pairs = [pair for some in self._over(read, shards, "reading") for pair in some]
        found: dict[str, NDArray[np.generic]] = {}
        for place, name in enumerate(("inputs", "answers")):
            column = ragged([pair[place] for pair in pairs], NO_IDS)
            found |= {f"{name}.values": column.values, f"{name}.offsets": column.offsets}
        return found

    def _texts(self) -> Iterator[str]:
        """Yield the words of files of some packages, with their types between them."""
        packages = _packages(self._rows)
        stream(self._recipe.seed, "vocabulary").shuffle(packages)
        files = 0
        for own in packages:
            if files >= VOCABULARY_FILES:
                return
            files += len(own)
            for _, learnt in learnt_files(own, self.memory, seed=self._recipe.seed):
                yield " ".join(["", *learnt.document.words])
                for facts in (learnt.answers, learnt.notes):
                    yield " ".join(["", *(word for words in facts.values() for word in words)])

    def _over(
        self, work: Callable[[Shard], Value], shards: Sequence[Shard], doing: str
    ) -> Iterator[Value]:
        """Do something with all packages, over processes."""
        readers, told = self._place.readers, self._place.progress
        executor: Executor = InlineExecutor() if readers == 1 else ProcessExecutor(in_order=True)
        outcomes = executor.map(work, shards, resources=Resources(workers=readers))
        for done, outcome in enumerate(outcomes, start=1):
            if outcome.error is not None:
                raise InputError(f"files could not be read: {outcome.error.message}")
            told.advance(done, len(shards), f"{doing} packages")
            yield outcome.unwrap()

    def _key(self) -> tuple[object, ...]:
        return (VERSION, self._place.corpus_hash, self._recipe.seed)

    def _path(self, name: str, *facts: object) -> Path:
        key = content_hash(repr((self._key(), *facts)).encode())[:16]
        return self._place.folder / f"{name}-{key}.json"


def _packages(rows: Sequence[LabelledFile]) -> list[list[LabelledFile]]:
    """Return the files of each package."""
    found: dict[str, list[LabelledFile]] = {}
    for row in rows:
        found.setdefault(row.file.package, []).append(row)
    return [*found.values()]


def _column(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Ragged:
    return Ragged(
        values=arrays[f"{name}.values"], offsets=arrays[f"{name}.offsets"].astype(np.int64)
    )
