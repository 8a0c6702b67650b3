"""The main job on real code, live: ``tidemill demo``.

The interpreter's whole standard library (without its tests) and Tidemill's own
source are indexed and shown to the experts, three questions are asked, the data flow of one
function is drawn, and experts change places in memory that has not room for all of them.
Everything is computed on the spot; a second run finds its work done.
"""

import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import tidemill
from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import StoreError
from tidemill.core.files import write_atomically
from tidemill.core.progress import Progress
from tidemill.core.settings import Settings, resolve
from tidemill.source.dataflow.rendering.drawing import draw
from tidemill.store.filters import SearchFilters
from tidemill.store.rows import StoreFacts, Verification
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.diagnosis import Diagnosis, diagnose
from tidemill.tasks.embedding import EMBEDDED_KINDS, EmbeddingReport, embed
from tidemill.tasks.flow import FlowAnswer, data_flow
from tidemill.tasks.indexing import IndexReport, index
from tidemill.tasks.search import SearchAnswer, search
from tidemill.tasks.switching import Switching, switching

__all__ = [
    "Answered",
    "Checked",
    "Drawn",
    "Indexed",
    "Learned",
    "Opened",
    "Scene",
    "Switched",
    "Verified",
    "demo_folder",
    "demonstrate",
    "library_paths",
]

QUESTIONS = ("parse an iso date string", "copy a directory tree", "data flow through branches")
FUNCTIONS = SearchFilters(kinds=frozenset({"function", "method"}))
HITS = 3
DRAWN_FILE, DRAWN_FUNCTION = "heapq.py", "_siftup"
LEFT_OUT = frozenset(
    {"site-packages", "dist-packages", "test", "tests", "idle_test", "lib-dynload", "__pycache__"}
)
PUBLIC_FILE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is about to be shown: version, the store's folder, and what will be read."""

    version: str
    folder: Path
    library: Path
    project: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the doctor says of this machine."""

    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What the index did, and what the store holds now."""

    report: IndexReport
    facts: StoreFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the experts have seen of it."""

    report: EmbeddingReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question and its answer."""

    answer: SearchAnswer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One function's data flow, and the file its picture was written to."""

    flow: FlowAnswer
    picture: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """Experts that changed places under a small budget."""

    switching: Switching


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The numbers that were shown, counted again.

    Args:
        verification: What the store found when it compared its tables.
        counts: What was counted again: shown and found.
    """

    verification: Verification
    counts: Mapping[str, tuple[int, int]]

    @property
    def holds(self) -> bool:
        """Whether the store is sound and every number is the one that was shown."""
        same = all(shown == found for shown, found in self.counts.values())
        return same and self.verification.sound


Scene = Opened | Checked | Indexed | Learned | Answered | Drawn | Switched | Verified


def demo_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the demo's store: below the user's cache."""
    environ = os.environ if environ is None else environ
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "tidemill" / "demo" / FOLDER


def library_paths(root: Path) -> list[Path]:
    """Return the parts of the standard library without installed packages and tests.

    A folder that holds tests somewhere is replaced by its parts; all others are whole.
    """
    paths: list[Path] = []
    for path in sorted(root.iterdir()):
        if path.name in LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_file() and path.suffix == ".py":
            paths.append(path)
        elif path.is_dir():
            paths += library_paths(path) if _holds_tests(path) else [path]
    return paths


def _holds_tests(folder: Path) -> bool:
    return any(set(folders) & (LEFT_OUT - {"__pycache__"}) for _, folders, _ in os.walk(folder))


def demonstrate(
    *,
    verify: bool = False,
    library: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    learning: Progress | None = None,
    clock: Clock | None = None,
) -> Iterator[Scene]:
    """Show the main job scene by scene; each is computed when it is asked for.

    Args:
        verify: Count everything that was shown again at the end.
        library: A standard library; by default this interpreter's.
        settings: By default those in force; without a ``store`` the demo has its own.
        progress: Told how far the index is.
        learning: Told how far the experts are.
        clock: Measures the searches.

    Raises:
        StoreError: There is no standard library in source on this machine.
        LockedError: Another demo is at work.
    """
    settings = settings or resolve().settings
    settings = replace(settings, store=settings.store or demo_folder())
    folder = settings.store or demo_folder()
    clock = clock or SystemClock()
    library = library or Path(sysconfig.get_path("stdlib"))
    project = Path(tidemill.__file__).parent
    if not (library / DRAWN_FILE).is_file():
        raise StoreError(f"there is no standard library in source at {library}")
    yield Opened(version=tidemill.__version__, folder=folder, library=library, project=project)
    yield Checked(diagnosis=diagnose(settings=settings))
    indexed = _indexed(library, project, settings, progress)
    yield indexed
    yield Learned(report=embed(folder, settings=settings, progress=learning))
    for question in QUESTIONS:
        yield _answered(question, settings, clock)
    yield _drawn(library, folder, settings)
    yield Switched(switching=switching(replace(settings, experts=folder.parent / "no-experts")))
    if verify:
        yield _verified(folder, indexed)


def _indexed(
    library: Path, project: Path, settings: Settings, progress: Progress | None
) -> Indexed:
    report = index([*library_paths(library), project], settings=settings, progress=progress)
    with Store(report.store) as store, store.snapshot() as snapshot:
        return Indexed(report=report, facts=snapshot.facts())


def _answered(question: str, settings: Settings, clock: Clock) -> Answered:
    began = clock.monotonic()
    answer = search(question, settings=settings, filters=FUNCTIONS, limit=HITS)
    return Answered(answer=answer, seconds=clock.monotonic() - began)


def _drawn(library: Path, folder: Path, settings: Settings) -> Drawn:
    flow = data_flow(library / DRAWN_FILE, DRAWN_FUNCTION, settings=settings)
    picture = folder.parent / f"{DRAWN_FUNCTION.strip('_')}.svg"
    title = f"{DRAWN_FILE}:{flow.name}"
    drawing = draw(flow.graph, flow.text, span=flow.span, title=title)
    write_atomically(picture, drawing.encode(), mode=PUBLIC_FILE)
    return Drawn(flow=flow, picture=picture)


def _verified(folder: Path, indexed: Indexed) -> Verified:
    """Count units and files row by row, not by the query that gave the numbers shown."""
    with Store(folder) as store:
        verification = store.verify()
        with store.snapshot() as snapshot:
            rows = [row for row in snapshot.files() if row.status == "indexed"]
            kinds = [unit.kind for row in rows for unit in snapshot.units(row.path)]
            unseen = {
                f"functions that {name} has not seen": (
                    0,
                    len(snapshot.without_vector(key, EMBEDDED_KINDS)),
                )
                for name, key in snapshot.experts().items()
            }
    shown = indexed.facts.units
    counts = {kind: (number, kinds.count(kind)) for kind, number in shown.items()}  # type: ignore[arg-type]  # kinds of the schema
    return Verified(
        verification=verification,
        counts=counts | {"files": (indexed.facts.files, len(rows))} | unseen,
    )
