"""Finished steps, one with the facts they vouch for."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.clock import FixedClock
from tidemill.core.journal import Journal


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / "facts.db")
    yield opened
    opened.close()


def test_what_is_recorded_is_done(connection: sqlite3.Connection, clock: FixedClock) -> None:
    journal = Journal(connection, clock)
    assert journal.done("index", "abc") is None
    journal.record("index", "abc", "12 functions")
    assert journal.done("index", "abc") == "12 functions"
    assert journal.done("train", "abc") is None
    rows = connection.execute("SELECT * FROM journal").fetchall()
    assert rows == [("index", "abc", "12 functions", "2026-01-02T12:00:00.000000+00:00")]


def test_a_step_without_result_is_done_too(
    connection: sqlite3.Connection, clock: FixedClock
) -> None:
    journal = Journal(connection, clock)
    journal.record("index", "abc")
    assert journal.done("index", "abc") == ""


def test_a_later_entry_replaces_the_earlier(
    connection: sqlite3.Connection, clock: FixedClock
) -> None:
    journal = Journal(connection, clock)
    journal.record("index", "abc", "old")
    clock.advance(60)
    journal.record("index", "abc", "new")
    assert journal.count("index") == 1
    assert connection.execute("SELECT result, finished_at FROM journal").fetchone() == (
        "new",
        "2026-01-02T12:01:00.000000+00:00",
    )


def test_forgetting_one_or_all(connection: sqlite3.Connection, clock: FixedClock) -> None:
    journal = Journal(connection, clock)
    for key in "abc":
        journal.record("index", key)
    journal.record("train", "a")
    assert journal.forget("index", "a") == 1
    assert journal.forget("index", "a") == 0
    assert journal.forget("index") == 2
    assert (journal.count("index"), journal.count("train")) == (0, 1)


@pytest.mark.claim("house.journal.one-fact")
def test_it_never_commits(connection: sqlite3.Connection, clock: FixedClock) -> None:
    journal = Journal(connection, clock)
    connection.execute("CREATE TABLE fact (name TEXT)")
    connection.commit()
    connection.execute("INSERT INTO fact VALUES ('f')")
    journal.record("index", "abc")
    assert connection.in_transaction
    connection.rollback()
    assert journal.done("index", "abc") is None
    assert connection.execute("SELECT count(*) FROM fact").fetchone() == (0,)


@pytest.mark.claim("house.journal.one-fact")
def test_fact_and_entry_appear_together(
    connection: sqlite3.Connection, clock: FixedClock, tmp_path: Path
) -> None:
    journal = Journal(connection, clock)
    connection.commit()
    journal.record("index", "abc")
    other = sqlite3.connect(tmp_path / "facts.db")
    try:
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (0,)
        connection.commit()
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    finally:
        other.close()


def test_a_reader_may_open_it_read_only(
    connection: sqlite3.Connection, clock: FixedClock, tmp_path: Path
) -> None:
    Journal(connection, clock).record("index", "abc", "x")
    connection.commit()
    reader = sqlite3.connect(f"file:{tmp_path / 'facts.db'}?mode=ro", uri=True)
    try:
        assert Journal(reader).done("index", "abc") == "x"
    finally:
        reader.close()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=3), st.text(max_size=3))))
def test_it_behaves_like_a_dictionary(entries: list[tuple[str, str, str]]) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        journal = Journal(connection)
        told: dict[tuple[str, str], str] = {}
        for step, key, result in entries:
            journal.record(step, key, result)
            told[step, key] = result
        assert {(s, k): journal.done(s, k) for s, k in told} == told
        assert journal.count("a") == sum(step == "a" for step, _ in told)
    finally:
        connection.close()
