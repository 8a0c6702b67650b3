"""How well one expert finds pairs of many packages: what a router of sprouts is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tidemill.core.allocation import freed_memory_kept
from tidemill.metrics.ranking import ranking_of, reciprocal_rank
from tidemill.models.batch import batches, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.inputs import NO_FLOW, GraphInput, assembled
from tidemill.training.encoded import EncodedSet
from tidemill.training.kept import kept
from tidemill.training.sprouting.bed import encoded_pairs, origin_in
from tidemill.training.sprouting.measures import blocks_of
from tidemill.training.sprouting.origin import Origin, open_origin
from tidemill.training.sprouting.pairs import read_pairs
from tidemill.training.sprouting.texts import PLACES_AT_ONCE
from tidemill.training.sprouting.threads import one_thread
from tidemill.training.trainees.trainee import Rows

__all__ = ["Evaluation", "Question", "evaluated"]

RANKS = "ranks"
"""Folder of what was measured, in a run's folder."""

EDITION = "1"
"""Part of a file's key: new whenever the same question would have another answer."""

Ranks = NDArray[np.float64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Some queries of one part of a package.

    Attributes:
        name: Of the package's expert.
        pairs: The package's file of pairs.
        hash: Of that file.
        places: Of the queries in their part.
    """

    name: str
    pairs: Path
    hash: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Questions to one expert.

    Attributes:
        name: Of the expert.
        expert: Its folder: the base's, or a sprout's.
        expert_hash: What it computes.
        base: The base's folder: sprouts read as it does.
        part: Of the packages: ``valid`` or ``test``.
        questions: A package each.
        candidates: Pairs at most among which a pair is found.
        folder: The run's, where the answers are kept.
    """

    name: str
    expert: Path
    expert_hash: str
    base: Path
    part: str
    questions: tuple[Question, ...]
    candidates: int
    folder: Path

    @property
    def key(self) -> str:
        """Names everything that the answers depend on."""
        asked = [(question.hash, question.places) for question in self.questions]
        return repr((EDITION, self.expert_hash, self.part, self.candidates, asked))


def evaluated(evaluation: Evaluation) -> list[Ranks]:
    """Return the reciprocal rank of each query's code, by question; answers are kept.

    A pair is found among those of its block, as where a sprout is judged (`measured`).

    Args:
        evaluation: Whom to ask about what.

    Raises:
        ExpertError: The expert is damaged.
        InputError: A package's pairs are damaged.
    """

    def answers() -> dict[str, Ranks]:
        origin = open_origin(evaluation.expert)
        with freed_memory_kept(), one_thread(), torch.inference_mode():
            found = [_ranks(evaluation, origin, question) for question in evaluation.questions]
        return {str(number): ranks for number, ranks in enumerate(found)}

    name = f"{evaluation.part}-{evaluation.name}"
    arrays = kept(evaluation.folder / RANKS, name, evaluation.key, answers)
    found = (arrays[str(number)] for number in range(len(evaluation.questions)))
    return [np.asarray(ranks, dtype=np.float64) for ranks in found]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """An expert, and a package as it reads it."""

    origin: Origin
    examples: EncodedSet

    def code(self, rows: Rows) -> Vectors:
        """Return the vectors of some pairs' code."""
        return self._vectors(
            [
                assembled(self.examples.code[row], self.examples.flow(row), config=self._config)
                for row in rows.tolist()
            ]
        )

    def queries(self, rows: Rows) -> Vectors:
        """Return the vectors of some pairs' queries."""
        return self._vectors(
            [
                assembled(self.examples.query[row], NO_FLOW, config=self._config)
                for row in rows.tolist()
            ]
        )

    @property
    def _config(self) -> EncoderConfig:
        return self.origin.config

    def _vectors(self, inputs: Sequence[GraphInput]) -> Vectors:
        """Go through inputs by length, so that little is padding."""
        found = np.zeros(
            (len(inputs), self._config.projection_size or self._config.hidden_size),
            dtype=np.float32,
        )
        for own in batches([len(entry) for entry in inputs], PLACES_AT_ONCE):
            batch = collate([inputs[place] for place in own], self._config)
            found[own] = self.origin.encoder.embed(batch).numpy()
        return found


def _ranks(evaluation: Evaluation, origin: Origin, question: Question) -> Ranks:
    """Return reciprocal ranks in the order of the question's places."""
    parts, examples = _package(evaluation.base, evaluation.folder, replace(question, places=()))
    asked = _Asked(origin=origin, examples=examples)
    rows = parts[evaluation.part]
    wanted = np.array(question.places)
    found = np.zeros(len(rows))
    first = 0
    for block in blocks_of(rows, evaluation.candidates):
        own = wanted[(wanted >= first) & (wanted < first + len(block))]
        if len(own):
            scores = asked.queries(rows[own]) @ asked.code(block).T
            gains = np.eye(len(block))[own - first]
            found[own] = reciprocal_rank(ranking_of(scores.astype(np.float64), gains))
        first += len(block)
    asked_for: Ranks = found[wanted]
    return asked_for


@lru_cache(maxsize=256)
def _package(base: Path, folder: Path, question: Question) -> tuple[dict[str, Rows], EncodedSet]:
    """Return the parts of a package, and its pairs as base and sprouts read them.

    A worker reads a package once; its texts, which are most of it, are not kept.
    """
    pairs = read_pairs(question.pairs)
    return pairs.rows, encoded_pairs(pairs, origin_in(base), folder, question.name)
