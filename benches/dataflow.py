"""How fast data-flow graphs are made, beside parsing the same texts alone.

    python benches/dataflow.py --prepare   fetch the functions of other languages, once
    python benches/dataflow.py             everything, a few minutes
    python benches/dataflow.py --quick     under a minute

One process, CPU time, minima over interleaved rounds. The limit of the same run is
tree-sitter through the same binding: the share of parsing in the whole is the figure.
The published extractor reaches a share of .096 on Python functions (1,204 of 12,480
functions/s; its own code, its own texts, another run).
"""

import argparse
import gc
import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from corpora import CORPORA, Corpus, functions, prepare
from report import Figure, show
from tidemill.source.dataflow import kernel
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.dataflow.finish import finish
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.source.units import Unit, units_of

if TYPE_CHECKING:
    from tidemill.source.dataflow.walk import Walk

PUBLISHED = "published extractor, Python, another run: .096"
PYTHON_TARGET, NATIVE_TARGET, TWO_PROCESSES_TARGET = 0.19, 0.24, 1.8
MODES = {"off": "Python", "auto": "native"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: functions of a language, rounds, functions for two processes."""

    functions: int
    rounds: int
    shared: int


FULL = Size(functions=2_000, rounds=7, shared=12_000)
QUICK = Size(functions=400, rounds=3, shared=3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of one language's functions: parsing alone, and graphs on parsed trees."""

    parsing: float
    graphs: float
    functions: int
    edges: int

    @property
    def share(self) -> float:
        """Functions/s with graph over functions/s of parsing alone."""
        return self.parsing / (self.parsing + self.graphs)


@contextmanager
def native(mode: str) -> Iterator[None]:
    """Switch the native part on (``auto``) or ``off``."""
    before = os.environ.get("TIDEMILL_NATIVE")
    os.environ["TIDEMILL_NATIVE"] = mode
    kernel.library.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("TIDEMILL_NATIVE")
        if before is not None:
            os.environ["TIDEMILL_NATIVE"] = before
        kernel.library.cache_clear()


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one run.

    What the bench itself holds (thousands of trees) is frozen meanwhile, so that the
    collector does not charge it to the work.
    """
    gc.collect()
    gc.freeze()
    before = time.process_time()
    work()
    spent = time.process_time() - before
    gc.unfreeze()
    return spent


def parse_all(texts: Sequence[bytes], language: str) -> list[SyntaxTree]:
    """Parse every text."""
    known = LANGUAGES[language]
    return [parse(text, known) for text in texts]


def graph_all(trees: Sequence[SyntaxTree], units: Sequence[Unit]) -> int:
    """Make the graph of one unit of every tree; return the number of edges."""
    pairs = zip(trees, units, strict=True)
    return sum(len(Extractor(tree).graph(unit).targets) for tree, unit in pairs)


def measure(corpus: Corpus, size: Size) -> dict[str, Cost]:
    """Measure one language in every mode, rounds interleaved, minima kept."""
    texts = functions(corpus, size.functions)
    trees = parse_all(texts, corpus.language)
    units = [units_of(tree)[0] for tree in trees]
    parsing: list[float] = []
    graphs: dict[str, list[float]] = {mode: [] for mode in MODES}
    edges = 0
    for _ in range(size.rounds):
        parsing.append(seconds(lambda: parse_all(texts, corpus.language)))
        for mode, times in graphs.items():
            with native(mode):
                edges = graph_all(trees[:1], units[:1])
                times.append(seconds(lambda: graph_all(trees, units)))
    return {
        mode: Cost(parsing=min(parsing), graphs=min(times), functions=len(texts), edges=edges)
        for mode, times in graphs.items()
    }


def stages(corpus: Corpus, size: Size) -> dict[str, float]:
    """Return where the time of one language goes: CPU microseconds a function, by stage."""
    texts = functions(corpus, size.functions)
    spent = dict.fromkeys(("parse", "flatten", "walk", "finish"), math.inf)
    for _ in range(size.rounds):
        for stage, found in one_round(texts, corpus.language).items():
            spent[stage] = min(spent[stage], found / len(texts) * 1e6)
    return spent


def one_round(texts: Sequence[bytes], language: str) -> dict[str, float]:
    """Return the CPU seconds of each stage over all texts, once."""
    trees: list[SyntaxTree] = []
    parsed = seconds(lambda: trees.extend(parse_all(texts, language)))
    units = [units_of(tree)[0] for tree in trees]
    extractors: list[Extractor] = []
    flat = seconds(lambda: extractors.extend(Extractor(tree) for tree in trees))
    walks: list[Walk] = []
    pairs = list(zip(extractors, units, strict=True))
    walked = seconds(lambda: walks.extend(extractor.walk(unit) for extractor, unit in pairs))
    done = list(zip(walks, texts, strict=True))
    finished = seconds(lambda: [finish(walk, text, 0) for walk, text in done])
    return {"parse": parsed, "flatten": flat, "walk": walked, "finish": finished}


def graph_texts(texts: Sequence[bytes]) -> tuple[int, float]:
    """Parse Python texts and make their graphs; return the process and its CPU seconds."""
    begin = time.process_time()
    trees = parse_all(texts, "python")
    graph_all(trees, [units_of(tree)[0] for tree in trees])
    return os.getpid(), time.process_time() - begin


def two_processes(size: Size) -> tuple[float, float]:
    """Return how many times faster two processes are than one, best of three.

    Returns:
        By CPU seconds of the busier process (what two free cores would give), and by
        the clock on the wall of this machine as busy as it is.
    """
    texts = functions(CORPORA[0], size.shared)
    shares = [texts[start::8] for start in range(8)]
    by_work, by_wall = [], []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(graph_texts, [texts[:50], texts[:50]]))
        for _ in range(3):
            begin = time.perf_counter()
            _, alone = graph_texts(texts)
            wall_alone = time.perf_counter() - begin
            begin = time.perf_counter()
            spent: dict[int, float] = defaultdict(float)
            for process, work in pool.map(graph_texts, shares):
                spent[process] += work
            by_wall.append(wall_alone / (time.perf_counter() - begin))
            by_work.append(alone / max(spent.values()))
    return max(by_work), max(by_wall)


def share_figures(costs: dict[str, dict[str, Cost]]) -> list[Figure]:
    """Return the figure of every language and mode, Python's with its targets."""
    figures = []
    targets = {"off": PYTHON_TARGET, "auto": NATIVE_TARGET}
    for language, by_mode in costs.items():
        for mode, cost in by_mode.items():
            target = targets[mode] if language == "python" else None
            parse_rate = cost.functions / cost.parsing
            rate = cost.functions / (cost.parsing + cost.graphs)
            figures.append(
                Figure(
                    name=f"{language}, {MODES[mode]}",
                    value=cost.share,
                    unit="of parsing",
                    peer=f"{rate:,.0f} of {parse_rate:,.0f} functions/s",
                    target=f">= {target}" if target else "",
                    met=cost.share >= target if target else None,
                )
            )
    return figures


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch the corpora, once")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare()
        return
    size = QUICK if chosen.quick else FULL
    present = [corpus for corpus in CORPORA if functions(corpus, 1)]
    for corpus in CORPORA:
        if corpus not in present:
            print(f"no functions of {corpus.language}: --prepare, or TIDEMILL_DATA")
    costs = {corpus.language: measure(corpus, size) for corpus in present}
    figures = share_figures(costs)
    for stage, spent in stages(CORPORA[0], size).items():
        name = f"python, time in {stage}"
        figures.append(Figure(name=name, value=spent, unit="us/function"))
    by_work, by_wall = two_processes(size)
    figures.append(
        Figure(
            name="python, two processes",
            value=by_work,
            unit="x one process",
            peer="CPU seconds of the busier one",
            target=f">= {TWO_PROCESSES_TARGET}",
            met=by_work >= TWO_PROCESSES_TARGET,
        )
    )
    name = "python, two processes, wall"
    figures.append(Figure(name=name, value=by_wall, unit="x one process"))
    print(PUBLISHED)
    show("dataflow", figures, quick=chosen.quick)


if __name__ == "__main__":
    main()
