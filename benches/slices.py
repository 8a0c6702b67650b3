"""Usage slices of five npm packages, beside atom on the same files.

    python benches/slices.py --prepare   fetch the packages and the peer, once
    python benches/slices.py             everything, some minutes
    python benches/slices.py --quick     two packages, under a minute

How far the two agree: variables (by method, name and line of the method), the calls of
variables that both slice (by name and line), and the role in each call once atom's two
lists are put right. How fast: both as commands, start-up included on both sides; both
without it, atom's being what it takes for 12 lines; and, since we are a library and atom
is not, a call of ours beside atom's whole command, which says what a user of the library
waits less and nothing of the work. atom has its cache of syntax trees filled in all of
them, so that it does not parse, and reads fewer files than we do (the first figure).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from slices_peer import (
    PACKAGES,
    Agreement,
    Cost,
    agreement,
    atom_slices,
    command,
    prepare,
    sources,
)

from report import Figure, show
from tidemill.core.settings import Settings
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.formats.places import positioned
from tidemill.source.slices.usage import ProgramSlice
from tidemill.tasks.slicing import slices_of

ROUNDS, QUICK_ROUNDS = 3, 1
QUICK_PACKAGES = ("immer", "redux")
TARGET = 10.0
NOISE = 0.1
"""Share of its start-up within which nothing can be said of atom's own work."""
RULES = SliceRules(exclude_operators=True)
SETTINGS = Settings(workers=1, max_file_bytes=10_000_000, parse_seconds=60.0)


def our_slices(name: str, rounds: int) -> tuple[ProgramSlice, list[Cost]]:
    """Slice a package's sources in this process."""
    folder = sources(name)
    costs = []
    program = ProgramSlice()
    for _ in range(rounds):
        began, before = time.perf_counter(), time.process_time()
        report = slices_of([folder], rules=RULES, settings=SETTINGS, cwd=folder)
        costs.append(Cost(wall=time.perf_counter() - began, cpu=time.process_time() - before))
        program = positioned(report.program, report.texts)
    return program, costs


def our_command(name: str, folder: Path, rounds: int) -> list[Cost]:
    """Let the command line slice a package's sources into a file."""
    program = Path(sys.executable).with_name("tidemill")
    out = folder / f"{name}.ours.json"
    whole = [str(program), "slices", str(sources(name)), "--format", "atom", "-o", str(out)]
    return [command(whole, cwd=folder) for _ in range(rounds)]


def best(costs: list[Cost]) -> Cost:
    """Return the least of each."""
    return Cost(wall=min(one.wall for one in costs), cpu=min(one.cpu for one in costs))


def speed_figures(name: str, folder: Path, rounds: int) -> tuple[list[Figure], Agreement]:
    """Measure one package in interleaved rounds; the first of atom fills its cache."""
    theirs, cold = atom_slices(name, folder, 1)
    warm: list[Cost] = []
    commands: list[Cost] = []
    insides: list[Cost] = []
    starts: list[Cost] = []
    ours = ProgramSlice()
    for _ in range(rounds):
        starts += atom_slices("small", folder, 1)[1]
        warm += atom_slices(name, folder, 1)[1]
        commands += our_command(name, folder, 1)
        ours, costs = our_slices(name, 1)
        insides += costs
    start, peer, own, inside = best(starts), best(warm), best(commands), best(insides)
    figures = [
        Figure(
            name=f"{name}, whole command",
            value=peer.wall / own.wall,
            unit="x atom",
            peer=f"{own.wall:.2f} of {peer.wall:.2f} s (CPU {own.cpu:.2f} of {peer.cpu:.2f}),"
            f" cold {cold[0].wall:.1f}",
            target=f">= {TARGET:.0f}",
            met=peer.wall / own.wall >= TARGET,
        ),
        Figure(
            name=f"{name}, our library call, atom's command",
            value=peer.wall / inside.wall,
            unit="x atom",
            peer=f"{inside.wall:.3f} of {peer.wall:.2f} s, only atom starts up",
        ),
    ]
    rest = peer.wall - start.wall
    if rest < NOISE * start.wall:
        print(f"{name}: atom's own work is within the noise of its start-up, {start.wall:.2f} s")
    else:
        figures.append(
            Figure(
                name=f"{name}, without start-up",
                value=rest / inside.wall,
                unit="x atom",
                peer=f"{inside.wall:.3f} of {rest:.2f} s after a start of {start.wall:.2f}",
                target=f">= {TARGET:.0f}",
                met=rest / inside.wall >= TARGET,
            )
        )
    return figures, agreement(theirs, ours)


def agreement_figures(found: Agreement) -> list[Figure]:
    """Return shares of what atom says that we say too."""
    rows = (
        ("variables", found.objects, "both", ("both", "only atom")),
        ("calls", found.calls, "both", ("both", "only atom")),
        ("roles", found.roles, "alike", ("alike", "not alike")),
    )
    share = found.files["both"] / max(1, found.files["ours"])
    unit = f"of {found.files['ours']}"
    figures = [Figure(name="files with slices that atom reads", value=share, unit=unit)]
    for name, counts, hit, parts in rows:
        total = sum(counts[part] for part in parts)
        extra = counts["only ours"]
        figures.append(
            Figure(
                name=f"atom's {name} that are ours too",
                value=counts[hit] / total if total else 0.0,
                unit=f"of {total}",
                peer=f"and {extra} only ours" if extra else "",
            )
        )
    return figures


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch packages and peer, once")
    parser.add_argument("--quick", action="store_true", help="two packages, under a minute")
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare()
        return
    names = QUICK_PACKAGES if chosen.quick else tuple(PACKAGES)
    figures: list[Figure] = []
    whole = Agreement()
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            rounds = QUICK_ROUNDS if chosen.quick else ROUNDS
            found, agreed = speed_figures(name, Path(folder), rounds)
            figures += found
            whole.add(agreed)
    for reason, times in whole.reasons.most_common():
        print(f"{times:>7,}  {reason}")
    show("slices", [*agreement_figures(whole), *figures], quick=chosen.quick)


if __name__ == "__main__":
    main()
