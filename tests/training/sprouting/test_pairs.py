"""Pairs of a package in three parts, as a file."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.sprouting.beds import pairs
from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.corpus.example import COLUMNS, SPLITS
from tidemill.training.sprouting.pairs import part_of, read_pairs, write_pairs

IDS = st.integers(0, 16**16 - 1).map(lambda number: f"{number:016x}")


@given(IDS)
def test_every_pair_is_in_one_part_for_ever(identity: str) -> None:
    assert part_of(identity) in SPLITS
    # The first digits, by which pairs are ordered, say nothing of the part.
    assert part_of(f"{identity[::-1][:8]}{identity[8:]}") == part_of(identity)


def test_of_ten_pairs_six_learn_and_two_are_held_out() -> None:
    counts = Counter(part_of(content_hash(str(n).encode())[:16]) for n in range(10_000))
    assert {part: round(counts[part], -3) for part in SPLITS} == {
        "train": 6_000,
        "valid": 2_000,
        "test": 2_000,
    }


def test_pairs_come_back_in_order_of_their_ids(tmp_path: Path) -> None:
    own = pairs()
    path = tmp_path / "small.jsonl"
    hash_ = write_pairs(path, own)
    assert hash_ == write_pairs(tmp_path / "again.jsonl", reversed(own))
    found = read_pairs(path)
    assert list(found.examples) == sorted(own, key=lambda pair: pair.id)
    assert found.hash == hash_
    assert sum(found.counts.values()) == len(own)
    for part in SPLITS:
        assert all(part_of(found.examples[row].id) == part for row in found.rows[part])


def test_a_line_is_an_example_and_its_part(tmp_path: Path) -> None:
    write_pairs(tmp_path / "small.jsonl", pairs(3))
    lines = [json.loads(line) for line in (tmp_path / "small.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    assert set(lines[0]) == {"part", *COLUMNS}


@pytest.mark.parametrize("text", ["{", '{"part": "train"}\n', "[1]\n"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "small.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match="the pairs of a package cannot be read") as caught:
        read_pairs(path)
    assert str(path) in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tmp_path / "nowhere.jsonl")
