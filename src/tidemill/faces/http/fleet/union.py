"""What several nodes say of themselves, as one: for whoever watches all of them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["union"]

_TIERS = ("active", "host", "disk")
_SUMMED = ("host_bytes", "active_bytes", "workers", "waiting", "computing")


def union(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the tiers, experts, workers and queues of all nodes together.

    It has the shape of a single node's answer, so that whoever reads that reads this. Experts
    say besides in ``nodes`` who has them in which tier, and workers whose they are.

    Args:
        facts: What each node said to ``GET /v1/experts``, by its name; nothing of those that
            had no time for it.
    """
    facts = {node: said for node, said in facts.items() if said}
    return {
        "tiers": _tiers(facts),
        "experts": _experts(facts),
        "workers": [
            {**worker, "node": node} for node, said in facts.items() for worker in said["workers"]
        ],
        "waiting": sum(said["waiting"] for said in facts.values()),
    }


def _tiers(facts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for said in facts.values():
        for tier in said["tiers"]:
            known = found.get(tier["name"])
            found[tier["name"]] = dict(tier) if known is None else _joined(known, tier)
    return list(found.values())


def _joined(known: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    if known["name"] == "disk":
        # The same experts everywhere: counting them twice would tell nobody anything.
        return dict(max(known, other, key=lambda tier: int(tier["experts"])))
    summed = ("experts", "used_bytes", "budget_bytes")
    return {**known, **{name: known[name] + other[name] for name in summed}}


def _experts(facts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for node, said in facts.items():
        for one in said["experts"]:
            known = found.get(one["name"])
            merged = dict(one) if known is None else _merged(known, one)
            merged["nodes"] = {**(known or {}).get("nodes", {}), node: one["tier"]}
            found[one["name"]] = merged
    return [found[name] for name in sorted(found)]


def _merged(known: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return one expert of two nodes: as near, and as lately asked, as the better of the two."""
    return {
        **known,
        **{name: known[name] + other[name] for name in _SUMMED},
        "tier": min(known["tier"], other["tier"], key=_TIERS.index),
        "is_pinned": known["is_pinned"] or other["is_pinned"],
        "idle_seconds": _least(known["idle_seconds"], other["idle_seconds"]),
        "load_ms": _least(known["load_ms"], other["load_ms"]),
        "trouble": known["trouble"] or other["trouble"],
    }


def _least(one: float | None, other: float | None) -> float | None:
    numbers = [number for number in (one, other) if number is not None]
    return min(numbers, default=None)
