"""Lexical search engines behind one function: the store's, plain FTS5 and bm25s."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tidemill.store.store import Store

__all__ = ["Search", "bm25s_search", "fts5_search", "own_search", "prepare"]

PEERS = Path(__file__).parents[1] / "build" / "peers"

Search = Callable[[list[str]], list[int]]
"""From the terms of a query to numbers of its ten best documents."""


def prepare() -> None:
    """Install the peer bm25s into an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
    pip = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", "bm25s"], check=True)


def fts5_search(work: Path, documents: Sequence[tuple[int, list[str]]]) -> Search:
    """Build a plain FTS5 table and return its search by ``ORDER BY rank``."""
    connection = sqlite3.connect(work / "fts5.db")
    connection.execute(
        "CREATE VIRTUAL TABLE plain USING fts5"
        " (terms, content='', tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
    )
    connection.executemany(
        "INSERT INTO plain (rowid, terms) VALUES (?, ?)",
        ((number, " ".join(words)) for number, words in documents),
    )
    connection.execute("INSERT INTO plain (plain) VALUES ('optimize')")
    connection.commit()

    def search(words: list[str]) -> list[int]:
        query = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        rows = connection.execute(
            "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT 10", (query,)
        )
        return [row[0] for row in rows]

    return search


def bm25s_search(documents: Sequence[tuple[int, list[str]]]) -> Search | None:
    """Build an index of the peer bm25s, or return None where it is not prepared."""
    sys.path += map(str, PEERS.glob("lib/python*/site-packages"))
    try:
        peer: Any = import_module("bm25s")
    except ImportError:
        return None
    retriever = peer.BM25(method="lucene", k1=1.2, b=0.75)
    retriever.index([words for _, words in documents], show_progress=False)
    numbers = [number for number, _ in documents]

    def search(words: list[str]) -> list[int]:
        known = [word for word in dict.fromkeys(words) if word in retriever.vocab_dict]
        if not known:
            return []
        places, _ = retriever.retrieve([known], k=10, show_progress=False)
        return [numbers[place] for place in places[0].tolist()]

    return search


def own_search(store: Store) -> Search:
    """Return the search of the store: a snapshot and the rows of ten hits each time."""

    def search(words: list[str]) -> list[int]:
        with store.snapshot() as snapshot:
            hits = snapshot.search(list(dict.fromkeys(words)), limit=10)
        return [hit.unit.start_byte for hit in hits]

    return search
