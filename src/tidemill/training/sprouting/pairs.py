"""The pairs of one package: in three parts by their own hash, and as lines of JSON in a file.

A line is an `Example` and its ``part``: ``train`` is learnt from, ``valid`` says how far to go and
what is kept, ``test`` is held out, for figures alone. The part follows from the pair itself, so a
pair is in the same part whatever package it is counted under.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tidemill.core.errors import InputError
from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash
from tidemill.corpus.example import COLUMNS, SPLITS, Example
from tidemill.training.trainees.trainee import Rows

__all__ = ["PackagePairs", "part_of", "read_pairs", "write_pairs"]

DIGITS = 8
"""Hexadecimal digits at the end of an id that choose the part."""

SHARES = (("train", 0.6), ("valid", 0.8), ("test", 1.0))
"""Each part's upper bound."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackagePairs:
    """The pairs of a package.

    Attributes:
        examples: All of them, in order of their ids.
        rows: The places of each part's.
        hash: Names the file's bytes.
    """

    examples: Sequence[Example]
    rows: dict[str, Rows]
    hash: str

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs each part has."""
        return {part: len(self.rows[part]) for part in SPLITS}


def part_of(identity: str) -> str:
    """Return the part of a pair: 60 % learn, 20 % judge, 20 % are held out.

    Args:
        identity: The pair's id, whose last digits decide.
    """
    place = int(identity[-DIGITS:], 16) / 16**DIGITS
    return next(part for part, bound in SHARES if place < bound)


def write_pairs(path: Path, examples: Iterable[Example]) -> str:
    """Write the pairs of a package; return their hash.

    Args:
        path: A file in a folder that exists.
        examples: In any order.

    Raises:
        CapacityError: The disk is full.
        StoreError: The file cannot be written.
    """
    data = "".join(_line(example) for example in sorted(examples, key=lambda row: row.id)).encode()
    write_atomically(path, data)
    return content_hash(data)


def read_pairs(path: Path) -> PackagePairs:
    """Read the pairs of a package.

    Raises:
        InputError: The file is missing or damaged.
    """
    try:
        data = path.read_bytes()
        lines = [json.loads(line) for line in data.splitlines()]
        parts = [line["part"] for line in lines]
        examples = [Example(**{name: line[name] for name in COLUMNS}) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the pairs of a package cannot be read: {error}",
            path=str(path),
            hint="Remove the folder that it lies in, and plan again.",
        ) from error
    rows = {part: np.flatnonzero([own == part for own in parts]) for part in SPLITS}
    return PackagePairs(examples=examples, rows=rows, hash=content_hash(data))


def _line(example: Example) -> str:
    facts = {"part": part_of(example.id)} | asdict(example)
    return json.dumps(facts, ensure_ascii=True) + "\n"
