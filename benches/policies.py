"""Which expert leaves: misses of every policy, with LRU and Belady in the same run.

    python benches/policies.py --prepare   install the peer libCacheSim, once
    python benches/policies.py             everything, some minutes
    python benches/policies.py --quick     under a minute

150 experts and seeded traces; every request counts, from an empty tier on. Nothing is loaded:
what is measured are counts, exact and the same on every machine, but for the time that the
policies themselves take. The default was chosen on other seeds (101 to 103).
"""

import argparse
from collections.abc import Iterable, Sequence
from statistics import mean

from peer_caches import PEERS, Peer, misses_of, prepare
from policy_table import (
    CAPACITIES,
    DRIFT,
    FAST_DRIFT,
    LOOPS,
    REPEATS,
    SCANS,
    STATIONARY,
    TRACES,
    UNEQUAL,
    VARIANTS,
    Size,
    Table,
)

from report import Figure, show
from tidemill.serving.policies.table import DEFAULT_POLICY, POLICIES

FEWER_TARGET, DRIFT_TARGET = 15.0, 0.0
COMPARED_ON = "Zipf 1.0"
FULL = Size(requests=30_000, seeds=(1, 2, 3, 4, 5))
QUICK = Size(requests=6_000, seeds=(1,))


def gains(table: Table, among: Iterable[str], policy: str = DEFAULT_POLICY) -> dict[str, float]:
    """Return the per cent fewer misses than LRU, by trace and capacity."""
    return {
        f"{trace}, {capacity}": table.fewer(trace, capacity, policy)
        for trace in among
        for capacity in CAPACITIES
    }


def rivals(table: Table, among: Sequence[str]) -> str:
    """Say what the other policies reach on the mean of the same traces."""
    others = [name for name in POLICIES if name not in {DEFAULT_POLICY, "lru"}]
    return ", ".join(f"{name} {mean(gains(table, among, name).values()):.1f}" for name in others)


def target_figures(table: Table) -> list[Figure]:
    """Return the three figures that have targets."""
    skewed = [trace for trace in STATIONARY if trace != "Zipf 0.6"]
    average = mean(gains(table, STATIONARY).values())
    least, low = min((gain, case) for case, gain in gains(table, skewed).items())
    each = [table.fewer_by_seed(trace, room) for trace in skewed for room in CAPACITIES]
    worst, case = min((gain, case) for case, gain in gains(table, DRIFT).items())
    return [
        Figure(
            name="fewer misses than LRU, mean of stationary",
            value=average,
            unit="%",
            peer=rivals(table, list(STATIONARY)),
            target=f">= {FEWER_TARGET:g}",
            met=average >= FEWER_TARGET,
        ),
        Figure(
            name="... least from Zipf 0.8 up",
            value=least,
            unit="%",
            peer=f"at {low}; of one seed alone {min(map(min, each)):.1f}",
            target=f">= {FEWER_TARGET:g}",
            met=least >= FEWER_TARGET,
        ),
        Figure(
            name="... least under drift every 1,000",
            value=worst,
            unit="%",
            peer=f"at {case}; means: {rivals(table, list(DRIFT))}",
            target=f">= {DRIFT_TARGET:g}",
            met=worst >= DRIFT_TARGET,
        ),
    ]


def other_figures(table: Table) -> list[Figure]:
    """Return the figures of the other traces: what the default saves on the mean, and least."""
    figures = []
    for trace in (*FAST_DRIFT, *REPEATS, *SCANS, *LOOPS, UNEQUAL):
        found = gains(table, [trace])
        least, case = min((gain, case) for case, gain in found.items())
        what = "bytes moved" if trace == UNEQUAL else "misses"
        figures.append(
            Figure(
                name=f"fewer {what} than LRU, {trace}",
                value=mean(found.values()),
                unit="%",
                peer=f"least {least:.1f} at {case}; {rivals(table, [trace])}",
            )
        )
    return figures


def variant_figures(table: Table) -> list[Figure]:
    """Return what those that do not learn save where popularity stays, and where it moves."""
    figures = []
    for name in VARIANTS:
        moved = [
            f"{trace} {min(gains(table, [trace], name).values()):.1f}"
            for trace in (*DRIFT, *FAST_DRIFT)
        ]
        value = mean(gains(table, STATIONARY, name).values())
        label = f"{name}, mean of stationary"
        figures.append(
            Figure(name=label, value=value, unit="%", peer=f"least of {', '.join(moved)}")
        )
    return figures


def bound_figures(table: Table) -> list[Figure]:
    """Return how far the default is from what can be known at best, and from the future."""
    cases = [(trace, capacity) for trace in STATIONARY for capacity in CAPACITIES]

    def over(policy: str, bound: str) -> float:
        pairs = ((table.row(*case, policy).lost, table.row(*case, bound).lost) for case in cases)
        return mean(own / best for own, best in pairs)

    return [
        Figure(
            name="misses by those of Belady, stationary",
            value=over(DEFAULT_POLICY, "belady"),
            unit="x",
            peer=f"lru {over('lru', 'belady'):.2f}, hindsight {over('hindsight', 'belady'):.2f}",
        ),
        Figure(
            name="misses by those of hindsight, stationary",
            value=over(DEFAULT_POLICY, "hindsight"),
            unit="x",
            peer=f"lru {over('lru', 'hindsight'):.2f}",
        ),
    ]


def time_figures(table: Table) -> list[Figure]:
    """Return what the policies themselves take, tier of names included."""
    taken = {
        name: mean(
            table.row(trace, capacity, name).microseconds
            for trace in TRACES
            for capacity in CAPACITIES
        )
        for name in POLICIES
    }
    peer = ", ".join(
        f"{name} {spent:.1f}" for name, spent in taken.items() if name != DEFAULT_POLICY
    )
    own = taken[DEFAULT_POLICY]
    return [Figure(name="time of the policy", value=own, unit="us/request", peer=peer)]


def peer_figures(table: Table, size: Size) -> list[Figure]:
    """Compare misses with those that libCacheSim counts on the same requests."""
    figures = []
    for name, peer in PEERS.items():
        theirs = [peer_misses(peer, capacity, size) for capacity in CAPACITIES]
        if None in theirs:
            print("libCacheSim is not there: run benches/policies.py --prepare")
            return []
        compared = name if name in POLICIES else DEFAULT_POLICY
        own = [table.row(COMPARED_ON, capacity, compared).lost for capacity in CAPACITIES]
        figures.append(
            Figure(
                name=f"{compared} over libCacheSim's {peer.name}, {COMPARED_ON}",
                value=mean(a / b for a, b in zip(own, theirs, strict=True) if b),
                unit="x misses",
                peer=f"{own} and {theirs}",
            )
        )
    return figures


def peer_misses(peer: Peer, capacity: int, size: Size) -> int | None:
    """Return what a peer misses over all seeds; None where libCacheSim is not there."""
    total = 0
    for seed in size.seeds:
        found = misses_of(peer, TRACES[COMPARED_ON](size.requests, seed), capacity)
        if found is None:
            return None
        total += found
    return total


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install the peer libCacheSim")
    parser.add_argument("--quick", action="store_true", help="one seed, under a minute")
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare()
        return
    size = QUICK if chosen.quick else FULL
    table = Table(size)
    table.print()
    figures = [*target_figures(table), *other_figures(table), *bound_figures(table)]
    figures += [*variant_figures(table), *time_figures(table), *peer_figures(table, size)]
    show("policies", figures, quick=chosen.quick)


if __name__ == "__main__":
    main()
