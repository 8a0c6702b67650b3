"""What nodes say of themselves, as far as it matters here."""

import json
from typing import Any

__all__ = ["report"]


def report(*experts: str, waiting: int = 0, workers: int = 1, load_ms: float = 4.0) -> bytes:
    """A node's answer to ``GET /v1/experts``: it has these in memory, and ``cold`` on disk."""
    facts: dict[str, Any] = {
        "tiers": [
            {"name": "disk", "experts": 3, "used_bytes": 900, "budget_bytes": None},
            {"name": "host", "experts": len(experts), "used_bytes": 10, "budget_bytes": 100},
            {"name": "active", "experts": 0, "used_bytes": 0, "budget_bytes": 100},
        ],
        "experts": [
            *(_expert(name, "host", load_ms) for name in experts),
            _expert("cold", "disk", None),
        ],
        "workers": [{"number": number, "state": "idle", "pid": 7} for number in range(workers)]
        + [{"number": workers, "state": "spare", "pid": 8}],
        "waiting": waiting,
    }
    return json.dumps(facts).encode()


def _expert(name: str, tier: str, load_ms: float | None) -> dict[str, Any]:
    there = tier != "disk"
    return {
        "name": name,
        "tier": tier,
        "bytes_on_disk": 300,
        "host_bytes": 10 if there else 0,
        "active_bytes": 0,
        "workers": 0,
        "waiting": 0,
        "computing": 0,
        "is_pinned": False,
        "idle_seconds": 3.0 if there else None,
        "load_ms": load_ms,
        "trouble": "",
    }
