"""How fast real code is indexed and searched, beside bm25s and plain FTS5 in the same run.

    python benches/index.py --prepare     fetch the peer bm25s, once
    python benches/index.py               everything, some minutes
    python benches/index.py --quick       under a minute, smaller trees

The trees are drawn from the standard library; a large one is a small one over and
over, every copy with its own names, so that only the size differs. All three engines
get the same terms of the same functions and the same queries, each asked once: first
sentences of docs of functions, 5 to 15 terms.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from engines import Search, bm25s_search, fts5_search, own_search, prepare

from report import Figure, median, percentile, show
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.source.tokens import terms
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import Store
from tidemill.tasks.indexing import IndexReport, index

PATIENCE_MS = 2.0
PEAK_RATIO = 1.3
PEAK_WORKERS = 2
SAMPLE_SECONDS = 0.1
ROUNDS = 5
SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large one run of the bench is: functions of two trees, files of one, queries."""

    small: int
    large: int
    files: int
    queries: int


FULL = Size(small=10_000, large=100_000, files=2_000, queries=400)
QUICK = Size(small=4_000, large=16_000, files=300, queries=100)


def library() -> list[tuple[str, str]]:
    """Return name and text of the sources of the standard library, in a drawn order."""
    root = Path(sysconfig.get_path("stdlib"))
    left_out = {"site-packages", "__pycache__", "idlelib", "lib2to3"}
    found = [
        path
        for path in sorted(root.rglob("*.py"))
        if left_out.isdisjoint(path.relative_to(root).parts) and path.stat().st_size < 1_000_000
    ]
    stream(SEED, "files").shuffle(found)
    return [(path.stem, path.read_text("utf-8", "replace")) for path in found]


def renamed(text: str, copy: int) -> str:
    """Give every function of a text a name of its own, copy by copy."""
    if not copy:
        return text
    return text.replace("def ", f"def c{copy}_").replace("self.", f"self.v{copy}_")


def files_of(count: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of so many files, the library over and over."""
    for place, (stem, text) in enumerate(islice(cycle(library()), count)):
        yield f"{place % 50}/{stem}_{place}.py", text


def copies(functions: int, times: int) -> Iterator[tuple[str, str]]:
    """Yield name and text of files with about so many functions, so many times over."""
    chosen: list[tuple[str, str]] = []
    for entry in library():
        if sum(text.count("def ") for _, text in chosen) >= functions:
            break
        chosen.append(entry)
    for copy in range(times):
        for place, (stem, text) in enumerate(chosen):
            yield f"c{copy}/{place % 50}/{stem}_{place}.py", renamed(text, copy)


def planted(root: Path, files: Iterator[tuple[str, str]]) -> Path:
    """Write files below ``root``."""
    for name, text in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def timed_index(root: Path, store: Path, workers: int) -> tuple[IndexReport, float]:
    """Index in this process; return the report, and the CPU seconds of it and its workers."""
    before = cpu_seconds()
    report = index([root], settings=Settings(workers=workers, store=store))
    return report, cpu_seconds() - before


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_bytes(root: Path, store: Path) -> int:
    """Index in a fresh process; return the largest memory that it and its workers held."""
    command = [sys.executable, __file__, "--peak", str(root), str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def cold_figures(work: Path, size: Size) -> list[Figure]:
    """Measure the first run with one and with two workers, and one touched file."""
    root = planted(work / "library", files_of(size.files))
    figures = []
    speeds = {}
    for workers in (1, 2):
        report, cpu = timed_index(root, work / f"store{workers}" / "s", workers)
        speeds[workers] = report.functions / report.seconds
        spent = f"{cpu:.1f} s CPU in {report.seconds:.1f} s"
        name = f"cold, {report.indexed:,} files, workers={workers}"
        rate = report.indexed / report.seconds
        figures += [
            Figure(name=name, value=rate, unit="files/s", peer=spent),
            Figure(name=name, value=speeds[workers], unit="functions/s"),
        ]
    figures.append(Figure(name="two workers over one", value=speeds[2] / speeds[1], unit="x"))
    return [*figures, touched_figure(root, work / "store1" / "s", size)]


def touched_figure(root: Path, store: Path, size: Size) -> Figure:
    """Measure a run after one file was touched."""
    seconds, spent = [], []
    for path in islice(sorted(root.rglob("*.py")), ROUNDS):
        path.write_text(path.read_text() + "\n\ndef touched():\n    return 1\n")
        report, cpu = timed_index(root, store, 1)
        if report.indexed != 1:
            raise SystemExit(f"one file was touched, {report.indexed} were read")
        seconds.append(report.seconds)
        spent.append(cpu)
    name = f"one file of {size.files:,} touched"
    peer = f"{median(spent):.2f} s CPU"
    took = median(seconds)
    return Figure(name=name, value=took, unit="s", peer=peer, target="< 2 s", met=took < 2)


def memory_figures(work: Path, size: Size) -> list[Figure]:
    """Measure peak memory on a small tree and on the same tree many times over."""
    figures = []
    peaks = []
    for count in (size.small, size.large):
        root = planted(work / f"tree{count}", copies(size.small, count // size.small))
        peaks.append(peak_bytes(root, work / f"tree{count}-store" / "s"))
        name = f"peak memory, {count:,} functions, {PEAK_WORKERS} workers and parent"
        figures.append(Figure(name=name, value=peaks[-1] / 2**20, unit="MiB"))
    ratio = peaks[1] / peaks[0]
    target = f"<= {PEAK_RATIO}"
    met = ratio <= PEAK_RATIO
    return [
        *figures,
        Figure(name="large over small", value=ratio, unit="x", target=target, met=met),
    ]


def documents_of(snapshot: Snapshot) -> Iterator[tuple[int, list[str], str]]:
    """Yield row, terms as they were weighed, and doc of every unit in the store."""
    rows = snapshot.connection.execute(
        "SELECT id, kind, qualified_name, doc, body_hash FROM units ORDER BY id"
    )
    for number, kind, name, doc, key in rows:
        if kind in {"function", "method"}:
            body = snapshot.body(key)
            text = body.text.decode("utf-8", "replace") if body else ""
            yield number, terms(name) * 2 + terms(text), doc


def queries_of(docs: Sequence[str], count: int) -> list[list[str]]:
    """Choose first sentences of docs with 5 to 15 terms, no two alike."""
    sentences = sorted({doc.partition("\n")[0].partition(". ")[0] for doc in docs if doc})
    fitting = [found for sentence in sentences if 5 <= len(found := terms(sentence)) <= 15]
    return stream(SEED, "queries").sample(fitting, min(count, len(fitting)))


def query_figures(work: Path, size: Size) -> list[Figure]:
    """Measure queries on the large tree's store, the engines in turn for each query."""
    store = Store(work / f"tree{size.large}-store" / "s")
    documents: list[tuple[int, list[str]]] = []
    docs: list[str] = []
    with store.snapshot() as snapshot:
        for number, words, doc in documents_of(snapshot):
            documents.append((number, words))
            docs.append(doc)
    queries = queries_of(docs, size.queries)
    engines = {"tidemill": own_search(store), "FTS5": fts5_search(work, documents)}
    peer = bm25s_search(documents)
    if peer is not None:
        engines["bm25s"] = peer
    else:
        print("bm25s is not there: run benches/index.py --prepare", file=sys.stderr)
    taken = interleaved(engines, queries)
    figures = [figure for name in engines for figure in latency(name, taken, len(documents))]
    return [*figures, one_shot_figure(store.folder, queries)]


def one_shot_figure(folder: Path, queries: Sequence[list[str]]) -> Figure:
    """Measure the command line's search: a fresh process for each query."""
    wall, cpu = [], []
    for words in queries[:ROUNDS]:
        command = ["search", " ".join(words), "--store", str(folder)]
        began, spent = time.perf_counter(), cpu_seconds()
        subprocess.run(
            [sys.executable, "-m", "tidemill", *command], check=True, capture_output=True
        )
        wall.append(time.perf_counter() - began)
        cpu.append(cpu_seconds() - spent)
    peer = f"{median(cpu):.2f} s CPU"
    took = median(wall)
    name = "tidemill search, start to end"
    return Figure(name=name, value=took, unit="s", peer=peer, target="< 1 s", met=took < 1)


def interleaved(
    engines: dict[str, Search], queries: Sequence[list[str]]
) -> dict[str, list[tuple[float, float]]]:
    """Ask every engine every query in turn; return CPU and wall milliseconds of each answer."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for words in queries:
        for name, search in engines.items():
            cpu, wall = time.process_time(), time.perf_counter()
            search(words)
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            taken[name].append((1_000 * spent[0], 1_000 * spent[1]))
    return taken


def latency(name: str, taken: dict[str, list[tuple[float, float]]], functions: int) -> list[Figure]:
    """Return median and 99th percentile of one engine, in CPU time with wall time beside it."""
    cpu = {other: [pair[0] for pair in pairs] for other, pairs in taken.items()}
    wall = [pair[1] for pair in taken[name]]
    peers = [f"{other} {median(cpu[other]):.2f} ms" for other in taken if other != name]
    own = name == "tidemill"
    label = f"query of {functions:,} functions, {name}"
    return [
        Figure(
            name=f"{label}, p50",
            value=median(cpu[name]),
            unit="ms CPU",
            peer=f"wall {median(wall):.2f} ms" + (f"; {', '.join(peers)}" if own else ""),
            target=f"< {PATIENCE_MS:g} ms" if own else "",
            met=median(cpu[name]) < PATIENCE_MS if own else None,
        ),
        Figure(
            name=f"{label}, p99",
            value=percentile(cpu[name], 0.99),
            unit="ms CPU",
            peer=f"wall {percentile(wall, 0.99):.2f} ms",
        ),
    ]


def peak(root: Path, store: Path) -> None:
    """Index and print the sum of the largest memory that this process and each worker held."""
    held: dict[str, int] = {}
    threading.Thread(target=watch_memory, args=(held,), daemon=True).start()
    index([root], settings=Settings(workers=PEAK_WORKERS, store=store))
    # Not ru_maxrss: that one is handed down by the process that started this one.
    print(largest_bytes("self") + sum(held.values()))


def watch_memory(held: dict[str, int]) -> None:
    """Note again and again the most that each child of this process has held."""
    while True:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        for child in children.split():
            held[child] = max(held.get(child, 0), largest_bytes(child))
        time.sleep(SAMPLE_SECONDS)


def largest_bytes(process: str) -> int:
    """Return the largest resident memory that a process ever had; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return 1024 * int((status.partition("VmHWM:")[2].split() or ["0"])[0])


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="fetch the peer bm25s")
    parser.add_argument("--quick", action="store_true", help="a smaller tree, under a minute")
    parser.add_argument("--peak", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare()
    elif chosen.peak:
        peak(*chosen.peak)
    else:
        size = QUICK if chosen.quick else FULL
        with TemporaryDirectory(prefix="tidemill-bench-") as folder:
            work = Path(folder)
            figures = cold_figures(work, size) + memory_figures(work, size)
            show("index", figures + query_figures(work, size), quick=chosen.quick)


if __name__ == "__main__":
    main()
