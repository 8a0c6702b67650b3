import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tidemill.core.clock import FixedClock
from tidemill.core.errors import InputError, LockedError, TidemillError
from tidemill.core.executor import InlineExecutor
from tidemill.core.files import bytes_and_facts
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.dataflow.packing import unpack
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import units_of
from tidemill.store.rows import UnitRow
from tidemill.store.snapshot import Snapshot
from tidemill.store.store import FOLDER, Store
from tidemill.store.worklist import Task
from tidemill.tasks import index_run, reading
from tidemill.tasks.indexing import IndexReport, forget, index, refresh
from tidemill.tasks.reading import Reading, read_batch
from tidemill.tasks.records import Limits, limits_of

INLINE = Settings(workers=1)

Facts = tuple[os.stat_result, bytes, os.stat_result]

SOURCE = '''"""Dates."""
import re

LIMIT = 3


class Reader:
    def parse_date(self, text):
        """Read an ISO date."""
        def inner(x):
            return x
        return inner(text)


def walk(tree):
    return [node for node in tree]
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "dates.py").write_text(SOURCE)
    (root / "notes.md").write_text("# Tides\n\nThe mill grinds at ebb.\n")
    (root / "image.png").write_bytes(b"PNG\0\0")
    return root


def units(root: Path) -> dict[str, UnitRow]:
    with Store(root / FOLDER) as store, store.snapshot() as snapshot:
        return {
            f"{row.path}:{unit.qualified_name}": unit
            for row in snapshot.files()
            for unit in snapshot.units(row.path)
        }


def first_hit(root: Path, *terms: str) -> str:
    with Store(root / FOLDER) as store, store.snapshot() as snapshot:
        hits = snapshot.search(terms)
        return f"{hits[0].path}:{hits[0].unit.name}" if hits else ""


def again(root: Path, settings: Settings = INLINE) -> tuple[int, int, int]:
    report = index([root], settings=settings)
    return report.indexed, report.unchanged, report.removed


def test_the_first_run_reads_everything(project: Path, clock: FixedClock) -> None:
    report = index([project], settings=INLINE, clock=clock)
    assert report == IndexReport(
        store=project / FOLDER,
        seen=3,
        indexed=2,
        skipped=report.skipped,
        functions=3,
        modules=1,
        read=3,
        pieces=1,
    )
    assert [(entry.path, entry.reason) for entry in report.skipped] == [
        ("image.png", "binary: it holds a NUL character")
    ]
    assert report.to_dict()["reasons"] == {"binary": 1}
    assert set(units(project)) == {
        "dates.py:Reader.parse_date",
        "dates.py:Reader.parse_date.inner",
        "dates.py:walk",
        "dates.py:<module>",
        "notes.md:notes.md:1",
    }


def test_units_have_place_text_and_doc(project: Path) -> None:
    index([project], settings=INLINE)
    unit = units(project)["dates.py:Reader.parse_date"]
    assert (unit.kind, unit.start_line, unit.end_line) == ("method", 8, 12)
    assert unit.doc == "Read an ISO date."
    with Store(project / FOLDER) as store, store.snapshot() as snapshot:
        body = snapshot.body(unit.body_hash)
    assert body is not None
    assert body.text == SOURCE.encode()[unit.start_byte : unit.end_byte]


@pytest.mark.claim("house.store.enough")
def test_the_store_alone_gives_text_and_graph_of_every_unit(project: Path) -> None:
    index([project], settings=INLINE)
    tree = parse(SOURCE.encode(), LANGUAGES["python"])
    parsed = units_of(tree)
    (project / "dates.py").unlink()
    with Store(project / FOLDER) as store, store.snapshot() as snapshot:
        kept = {unit.qualified_name: unit for unit in snapshot.units("dates.py")}
        for unit in parsed:
            body = snapshot.body(kept[unit.qualified_name].body_hash)
            assert body is not None
            graph = unpack(body.graph, body.text)
            expected = data_flow(tree, unit, parsed)
            assert graph.nodes
            assert graph.names == expected.names
            assert graph.edges == expected.edges
            assert graph.free == expected.free


@pytest.mark.claim("house.search.never-blind")
def test_search_finds_functions_modules_and_text(project: Path) -> None:
    index([project], settings=INLINE)
    assert first_hit(project, "iso", "date") == "dates.py:parse_date"
    assert first_hit(project, "limit") == "dates.py:<module>"
    assert first_hit(project, "ebb") == "notes.md:notes.md"


@pytest.mark.claim("house.index.only-changed")
def test_only_what_changed_is_read_again(project: Path) -> None:
    index([project], settings=INLINE)
    assert again(project) == (0, 2, 0)
    (project / "dates.py").write_text(SOURCE + "\n\ndef fresh_one():\n    pass\n")
    assert again(project) == (1, 1, 0)
    assert first_hit(project, "fresh") == "dates.py:fresh_one"
    os.utime(project / "dates.py", (1, 1))
    assert again(project) == (0, 2, 0)
    assert again(project) == (0, 2, 0)


@pytest.mark.claim("house.index.vanished")
def test_what_vanishes_is_removed_and_only_below_the_named_paths(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a.py").write_text("def a(): pass\n")
    index([project], settings=INLINE)
    (project / "sub" / "a.py").unlink()
    (project / "notes.md").unlink()
    settings = replace(INLINE, store=project / FOLDER)
    assert index([project / "sub"], settings=settings).removed == 1
    assert first_hit(project, "ebb") == "notes.md:notes.md"
    assert again(project)[2] == 1
    assert first_hit(project, "ebb") == ""


@pytest.mark.claim("house.index.vanished")
def test_newly_ignored_files_leave_the_index(project: Path) -> None:
    index([project], settings=INLINE)
    (project / ".tidemillignore").write_text("*.md\n")
    assert again(project) == (1, 1, 1)


def test_other_limits_read_everything_again(project: Path) -> None:
    index([project], settings=INLINE)
    assert again(project, replace(INLINE, piece_lines=5)) == (2, 0, 0)


def test_a_file_that_grows_too_large_leaves_only_a_reason(project: Path) -> None:
    index([project], settings=INLINE)
    report = index([project], settings=replace(INLINE, max_file_bytes=100))
    assert {entry.path for entry in report.skipped} == {"dates.py", "image.png"}
    assert first_hit(project, "iso") == ""


@pytest.mark.claim("house.index.forget")
def test_forget_drops_files_and_folders(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a.py").write_text("def a(): pass\n")
    index([project], settings=INLINE)
    assert forget(["sub", "dates.py"], settings=INLINE, cwd=project) == 2
    assert set(units(project)) == {"notes.md:notes.md:1"}
    assert Store(project / FOLDER).verify().sound


def test_forget_follows_links_on_the_way(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    kept = replace(INLINE, store=tmp_path / "link" / "kept")
    for settings in (INLINE, kept):
        index([project], settings=settings)
        assert forget(["dates.py"], settings=settings, cwd=tmp_path / "link") == 1
        assert forget([tmp_path / "link" / "notes.md"], settings=settings, cwd=project) == 1
        assert forget(["dates.py"], settings=settings, cwd=project) == 0
        assert forget([tmp_path / "link"], settings=settings, cwd=project) > 0


def test_forgetting_a_link_leaves_what_it_leads_to(project: Path) -> None:
    (project / "alias.py").symlink_to(project / "dates.py")
    index([project], settings=INLINE)
    assert forget(["alias.py"], settings=INLINE, cwd=project) == 1
    assert "dates.py:walk" in units(project)


def test_a_folder_inside_an_indexed_one_goes_to_the_same_store(project: Path) -> None:
    (project / "sub").mkdir()
    index([project], settings=INLINE)
    (project / "sub" / "a.py").write_text("def a(): pass\n")
    report = index([project / "sub"], settings=INLINE)
    assert (report.store, report.indexed, report.removed) == (project / FOLDER, 1, 0)
    assert not (project / "sub" / FOLDER).exists()
    assert {"dates.py:walk", "sub/a.py:a"} <= set(units(project))


def test_the_store_can_stand_elsewhere(project: Path, tmp_path: Path) -> None:
    settings = replace(INLINE, store=tmp_path / "elsewhere" / "kept")
    index([project], settings=settings)
    with Store(tmp_path / "elsewhere" / "kept") as store, store.snapshot() as snapshot:
        assert {row.path for row in snapshot.files()} == {
            str(project / name) for name in ("dates.py", "notes.md", "image.png")
        }
    assert index([project], settings=settings).unchanged == 2


def test_bad_input_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to index"):
        index([], settings=INLINE)
    with pytest.raises(InputError, match="no such file"):
        index([tmp_path, tmp_path / "nowhere"], settings=INLINE)
    assert list(tmp_path.iterdir()) == []


def test_a_second_index_is_refused(project: Path) -> None:
    with Store(project / FOLDER).writer(), pytest.raises(LockedError):
        index([project], settings=INLINE)


BAD = {
    "utf16.py": "def wide(): pass\n".encode("utf-16"),
    "latin.py": "def naïve(): pass\n".encode("latin-1"),
    "bom.py": b"\xef\xbb\xbfdef marked(): pass\n",
    "crlf.py": b"def windows():\r\n    return 1\r\n",
    "unterminated.py": b'def open_end():\n    return "never closed\n',
    "deep.py": b"x = " + b"(" * 100_000 + b")" * 100_000,
    "one_line.js": b"a;" * 400_000,
    "empty.py": b"",
    "surrogate.py": b"s = '\xed\xa0\x80'\n",
}


@pytest.mark.claim("house.index.bad-input")
@pytest.mark.slow
def test_bad_input_is_read_or_listed_and_the_rest_goes_on(project: Path) -> None:
    for name, content in BAD.items():
        (project / name).write_bytes(content)
    (project / os.fsdecode(b"bad\xff\n.py")).write_bytes(b"def odd(): pass\n")
    (project / "huge.py").write_bytes(b"x" * 50_000_000)
    report = index([project], settings=INLINE)
    assert report.indexed + len(report.skipped) == report.seen == len(BAD) + 5
    assert "unterminated.py" in {entry.path for entry in report.unparsable}
    assert {"huge.py", "image.png"} <= {entry.path for entry in report.skipped}
    for term in ("wide", "naïve", "marked", "windows", "odd"):
        assert first_hit(project, term).endswith(f":{term}")
    assert Store(project / FOLDER).verify().sound


@pytest.mark.claim("house.index.limits")
def test_a_slow_parse_falls_back_to_text(project: Path) -> None:
    (project / "slow.py").write_text("x = 1\n" * 50_000)
    report = index([project], settings=replace(INLINE, parse_seconds=1e-9))
    slow = {entry.path: entry for entry in report.unparsable}["slow.py"]
    assert slow.reason.startswith("slow: ")
    assert slow.lines == ((1, 50_001),)
    assert report.pieces > 1


@pytest.mark.claim("house.index.bad-input")
def test_a_file_that_keeps_changing_is_listed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bytes_and_facts

    def restless(path: str, most: int, **options: bool) -> Facts:
        before, raw, _ = read(path, most, **options)
        if path.endswith("notes.md"):
            with Path(path).open("a") as file:
                file.write("more\n")
        return before, raw, Path(path).stat()

    monkeypatch.setattr(reading, "bytes_and_facts", restless)
    report = index([project], settings=INLINE)
    assert ("notes.md", "changed: it changed while it was read, twice") in {
        (entry.path, entry.reason) for entry in report.skipped
    }
    monkeypatch.undo()
    assert again(project)[0] == 1


@pytest.mark.claim("house.index.interrupt")
def test_an_interrupted_run_is_resumed_and_says_so(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tidemill.tasks.index_run.Run.remove", interrupted)
        with pytest.raises(KeyboardInterrupt):
            index([project], settings=INLINE)
    report = index([project], settings=INLINE)
    assert (report.resumed, report.unchanged, report.indexed) == (True, 2, 0)
    assert not index([project], settings=INLINE).resumed


def filled(root: Path, files: int) -> Path:
    """A folder with enough text for worker processes to be worth it."""
    root.mkdir()
    for number in range(files):
        text = SOURCE.replace("walk", f"walk_{number}") + f"# {'filler ' * 1_000}\n"
        (root / f"m{number}.py").write_text(text)
    return root


def everything(snapshot: Snapshot) -> set[tuple[str, str, str]]:
    return {
        (row.path, unit.qualified_name, unit.body_hash)
        for row in snapshot.files()
        for unit in snapshot.units(row.path)
    }


@pytest.mark.claim("house.index.workers")
@pytest.mark.slow
def test_workers_write_what_one_process_writes(tmp_path: Path) -> None:
    root = filled(tmp_path / "many", 200)
    stores = [tmp_path / name / FOLDER for name in ("one", "two")]
    index([root], settings=Settings(workers=1, store=stores[0]))
    index([root], settings=Settings(workers=2, store=stores[1]))
    with Store(stores[0]) as one, Store(stores[1]) as two:
        assert one.verify().sound
        assert two.verify().sound
        with one.snapshot() as first, two.snapshot() as second:
            assert everything(first) == everything(second)
            found = [
                [(hit.path, hit.unit.name, hit.score) for hit in snapshot.search(["iso", "walk_7"])]
                for snapshot in (first, second)
            ]
            assert found[0] == found[1]


def peak_kilobytes(root: Path) -> int:
    """Index in a process of its own; return the most memory it held."""
    script = (
        "import sys; from pathlib import Path; from tidemill.core.settings import Settings;"
        "from tidemill.tasks.indexing import index;"
        "index([sys.argv[1]], settings=Settings(workers=1));"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, root], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.claim("house.index.memory")
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_the_tree(tmp_path: Path) -> None:
    peaks = []
    for files in (60, 600):
        root = tmp_path / str(files)
        root.mkdir()
        for number in range(files):
            text = SOURCE.replace("walk", f"walk_{number}") + f"# {'x' * 70_000}\n"
            (root / f"m{number}.py").write_text(text)
        peaks.append(peak_kilobytes(root))
    assert peaks[1] <= 1.3 * peaks[0]


@pytest.mark.claim("house.index.kill")
@pytest.mark.slow
def test_a_killed_run_leaves_a_sound_store(tmp_path: Path) -> None:
    root = filled(tmp_path / "many", 250)
    script = (
        "import sys; from tidemill.core.settings import Settings;"
        "from tidemill.tasks.indexing import index;"
        "index([sys.argv[1]], settings=Settings(workers=1))"
    )
    moments = stream(7, "kill")
    for _ in range(6):
        child = subprocess.Popen([sys.executable, "-c", script, root])
        time.sleep(0.3 + moments.random())
        child.send_signal(signal.SIGKILL)
        child.wait()
        if (root / FOLDER / "index.db").exists():
            with Store(root / FOLDER).writer():
                pass
            found = Store(root / FOLDER).verify()
            assert found.problems == ()
            assert found.files == found.journaled
    assert index([root], settings=INLINE).seen == 250
    assert Store(root / FOLDER).verify().files == 250


def crashing(limits: Limits, tasks: tuple[Task, ...]) -> Reading:
    """Read files, but die of everything called ``bad*``, or of its graphs when called ``odd*``."""
    names = [Path(task.path).name for task in tasks]
    if any(name.startswith("bad") for name in names):
        raise RuntimeError("a fault of ours")
    if any(name.startswith("odd") for name in names) and not limits.no_graphs:
        raise RuntimeError("a fault in a graph")
    return read_batch(limits, tasks)


@pytest.fixture
def with_crashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_run, "read_batch", crashing)
    monkeypatch.setattr(index_run, "ProcessExecutor", InlineExecutor)


@pytest.mark.usefixtures("with_crashes")
def test_a_crash_costs_one_file_and_a_crash_of_graphs_none(project: Path) -> None:
    (project / "bad.py").write_text("def bad(): pass\n")
    (project / "odd.py").write_text("def strange(): pass\n")
    report = index([project], settings=INLINE)
    assert (report.indexed, report.crashed) == (3, 1)
    assert ("bad.py", "crashed: RuntimeError: a fault of ours") in {
        (entry.path, entry.reason) for entry in report.skipped
    }
    (graphless,) = report.graphless
    assert (graphless.path, graphless.count) == ("odd.py", 2)
    assert graphless.reason.startswith("graph failed: ")
    assert first_hit(project, "strange") == "odd.py:strange"
    assert Store(project / FOLDER).verify().sound


@pytest.mark.usefixtures("with_crashes")
def test_a_run_in_which_every_file_crashes_is_an_error(tmp_path: Path) -> None:
    for name in ("bad1.py", "bad2.py"):
        (tmp_path / name).write_text("x = 1\n")
    with pytest.raises(TidemillError, match=r"each of the 2 files.*a fault of ours"):
        index([tmp_path], settings=INLINE)
    assert Store(tmp_path / FOLDER).verify().sound
    assert refresh([tmp_path], settings=INLINE).crashed == 2


@pytest.mark.claim("house.index.limits")
def test_a_raised_limit_lets_large_files_in(project: Path) -> None:
    small = Settings(workers=1, max_file_bytes=100)
    assert index([project], settings=small).reasons["large"] == 1
    assert index([project], settings=small).indexed == 0
    assert index([project], settings=INLINE).indexed == 1
    assert "dates.py:walk" in units(project)


def test_a_link_that_took_a_files_place_is_not_followed(project: Path) -> None:
    (project.parent / "secret.py").write_text("def secret(): pass\n")
    (project / "link.py").symlink_to(project.parent / "secret.py")
    limits = limits_of(INLINE, str(project))
    reading = read_batch(limits, (Task(path="link.py"),))
    (record,) = reading.batch.records
    assert (record.file.status, record.units) == ("skipped", ())
    followed = read_batch(replace(limits, follow_symlinks=True), (Task(path="link.py"),))
    assert followed.batch.records[0].units
