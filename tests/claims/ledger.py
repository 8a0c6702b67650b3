"""The claim ledger: every behaviour the five systems promise, and what shows it.

Each file of ``tests/claims/ledger`` is one system. An entry's status is

- ``kept``: the real mechanism at real size,
- ``scaled``: the real mechanism on data or a model that fits this machine,
- ``modelled``: needs hardware that is not here,
- ``open``: not yet; it names no test.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LEDGER = Path(__file__).parent / "ledger"
STATUSES = ("kept", "scaled", "modelled", "open")
FIELDS = {"id", "source", "claim", "modules", "status", "tests"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One promised behaviour.

    Attributes:
        id: Its name, ``system.part.behaviour``.
        source: Where it is promised: paper and section, or "ours".
        claim: The promise, in one sentence that can turn out false.
        modules: Where it lives, or will live.
        status: One of ``STATUSES``.
        tests: What shows it: ``tests/path.py::function`` or ``benches/name.py``.
    """

    id: str
    source: str
    claim: str
    modules: tuple[str, ...]
    status: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One file of the ledger.

    Attributes:
        name: The file's name without its ending.
        title: What the page is called.
        prefix: How the ids of its claims begin.
        about: A paragraph for the page.
        claims: The entries, in the file's order.
    """

    name: str
    title: str
    prefix: str
    about: str
    claims: tuple[Claim, ...]


@cache
def systems() -> tuple[System, ...]:
    """Read the whole ledger."""
    return tuple(_system(path) for path in sorted(LEDGER.glob("*.toml")))


def claims() -> tuple[Claim, ...]:
    """Every entry of every system."""
    return tuple(claim for system in systems() for claim in system.claims)


def _system(path: Path) -> System:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return System(
        name=path.stem,
        title=table["title"],
        prefix=table["prefix"],
        about=table["about"].strip(),
        claims=tuple(_claim(entry, path) for entry in table["claim"]),
    )


def _claim(entry: dict[str, Any], path: Path) -> Claim:
    unknown = set(entry) - FIELDS
    if unknown:
        message = f"{path.name}: {entry.get('id')}: unknown fields {sorted(unknown)}"
        raise ValueError(message)
    return Claim(
        id=entry["id"],
        source=entry["source"],
        claim=entry["claim"],
        modules=tuple(entry["modules"]),
        status=entry["status"],
        tests=tuple(entry.get("tests", ())),
    )
