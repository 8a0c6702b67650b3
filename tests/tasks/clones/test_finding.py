"""Finding clones: by type, in classes, inside each other, among bad files, again."""

import os
import random
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tasks.clones.conftest import ALONE, Finder, told
from tests.tasks.clones.golden import GOLDEN
from tidemill.core.errors import InputError, SettingError
from tidemill.core.executor import InlineExecutor
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.store.worklist import Task
from tidemill.tasks.clones import reading
from tidemill.tasks.clones.finding import CloneRules, clones
from tidemill.tasks.clones.reading import read_files
from tidemill.tasks.indexing import index
from tidemill.tasks.reading import steady_bytes
from tidemill.tasks.records import Limits

each_language = pytest.mark.parametrize("name", GOLDEN)
BILL, WORDS = GOLDEN["python"].original, GOLDEN["python"].other
EDITED = GOLDEN["python"].edited


@pytest.mark.claim("house.clones.types")
@each_language
@pytest.mark.parametrize(
    ("variant", "kind"),
    [("reformatted", "1"), ("renamed", "2"), ("edited", "3"), ("confused", "3")],
)
def test_each_type_in_each_language(find: Finder, name: str, variant: str, kind: str) -> None:
    golden = GOLDEN[name]
    found = find(
        {f"a/{golden.file}": golden.original, f"b/{golden.file}": getattr(golden, variant)}
    )
    assert [one.type for one in found.classes] == [kind]
    (one,) = found.classes
    assert [member.path[0] for member in sorted(one.members, key=lambda m: m.path)] == ["a", "b"]
    assert one.languages == (name,)
    assert (one.similarity == 1) == (kind in {"1", "2"})
    assert one.similarity >= 0.75


@pytest.mark.claim("house.clones.types")
@each_language
def test_what_is_no_copy_is_no_clone(find: Finder, name: str) -> None:
    golden = GOLDEN[name]
    found = find({f"a/{golden.file}": golden.original, f"b/{golden.file}": golden.other})
    assert found.classes == ()
    assert found.functions == 2


@pytest.mark.claim("house.clones.types")
def test_types_are_the_same_across_languages(find: Finder) -> None:
    text = GOLDEN["javascript"].original
    found = find({"a.js": text, "b.ts": GOLDEN["javascript"].renamed, "c.py": BILL})
    assert [told(one) for one in found.classes] == [("2", "a.js:1", "b.ts:1")]
    assert found.classes[0].languages == ("javascript", "typescript")
    assert len(find(cross_language=True).classes) == 1
    (Path(found.root) / "b.ts").rename(Path(found.root) / "b.js")
    assert find(cross_language=True).classes == ()


@pytest.mark.claim("house.clones.classes")
def test_all_copies_are_one_class(find: Finder) -> None:
    variants = [BILL, GOLDEN["python"].reformatted, GOLDEN["python"].renamed, EDITED, WORDS]
    found = find({f"{place}.py": text for place, text in enumerate(variants)})
    (one,) = found.classes
    assert told(one) == ("3", "0.py:1", "1.py:1", "2.py:1", "3.py:1")
    assert [member.type for member in one.members] == ["1", "1", "2", "3"]
    assert one.similarity == one.members[3].similarity < 1
    lines = [member.end_line - member.line + 1 for member in one.members]
    assert one.duplicated_lines == sum(lines[1:]) > 20
    assert found.duplicated_lines == one.duplicated_lines


SIGNS = ("+", "-", "*", "/", "%", "@", "&", "|", "^", "<<", ">>", "//")


def steps(count: int, first: int = 0) -> str:
    """A function of as many different statements."""
    lines = ["def work(data):"]
    for at in range(first, first + count):
        signs = stream(at, "steps").choices(SIGNS, k=8)
        lines.append(f"    data = data {' data '.join(signs)} data")
    return "\n".join([*lines, ""])


@pytest.mark.claim("house.clones.classes")
def test_a_chain_does_not_join_what_is_unlike(find: Finder) -> None:
    # Each shares most statements with the next, the ends share none.
    files = {f"{place:02}.py": steps(20, 4 * place) for place in range(12)}
    found = find(files)
    assert len(found.classes) > 1
    for one in found.classes:
        numbers = [int(member.path[:2]) for member in one.members]
        assert max(abs(number - numbers[0]) for number in numbers) <= 1
        assert all(member.similarity >= 0.75 for member in one.members)
    assert {member.path for one in found.classes for member in one.members} == set(files)


def test_types_that_are_asked_for(find: Finder) -> None:
    find({"a.py": BILL, "b.py": GOLDEN["python"].reformatted, "c.py": GOLDEN["python"].renamed})
    assert [told(one) for one in find(types=frozenset("1")).classes] == [("1", "a.py:1", "b.py:1")]
    assert [one.type for one in find(types=frozenset("2")).classes] == ["2"]
    assert find(types=frozenset("3")).classes == ()
    assert find(types=frozenset({"semantic"})).classes == ()


def test_small_functions_are_not_compared(find: Finder) -> None:
    found = find({"a.py": BILL, "b.py": BILL})
    tokens = found.classes[0].members[0].tokens
    assert find(tokens=tokens).functions == 2
    assert find(tokens=tokens + 1).functions == 0
    lines = found.classes[0].members[0].end_line
    assert find(lines=lines).functions == 2
    assert find(lines=lines + 1).functions == 0
    assert find(lines=lines + 1).all_functions == 2


def test_languages_that_are_asked_for(find: Finder) -> None:
    js = GOLDEN["javascript"].original
    find({"a.py": BILL, "b.py": BILL, "a.js": js, "b.js": js})
    assert [one.languages for one in find(languages=frozenset({"javascript"})).classes] == [
        ("javascript",)
    ]


def test_similarity_decides_on_type_3(find: Finder) -> None:
    found = find({"a.py": BILL, "b.py": EDITED})
    measured = found.classes[0].similarity
    assert find(similarity=measured).classes
    assert not find(similarity=measured + 0.001).classes


INNER = BILL.replace("\n", "\n    ").rstrip(" ")


@pytest.mark.claim("house.clones.nested")
def test_a_function_is_no_clone_of_what_is_inside_it(find: Finder) -> None:
    wrapper = f"def outer(orders):\n    {INNER}\n    return bill\n"
    assert find({"a.py": wrapper}).classes == ()
    found = find({"b.py": wrapper.replace("outer", "other")})
    assert [told(one) for one in found.classes] == [("2", "a.py:1", "b.py:1")]


@pytest.mark.claim("house.clones.nested")
def test_inner_clones_stay_where_the_outer_ones_are_none(find: Finder) -> None:
    lines = WORDS.splitlines()[1:]
    unlike = "\n".join(lines[:-1])
    first = f"def one(text, orders):\n    {INNER}\n{unlike}\n    return bill\n"
    second = f"def two(a):\n    {INNER}\n{steps(30).partition(chr(10))[2]}    return bill\n"
    found = find({"a.py": first, "b.py": second})
    assert [told(one) for one in found.classes] == [("1", "a.py:2", "b.py:2")]


@pytest.mark.claim("house.clones.nested")
def test_inner_clones_with_a_copy_outside_are_a_class_of_their_own(find: Finder) -> None:
    rest = steps(12).partition("\n")[2]
    outer = f"def one(data):\n    {INNER}\n{rest}    return bill\n"
    found = find({"a.py": outer, "b.py": outer, "c.py": BILL})
    assert {told(one) for one in found.classes} == {
        ("1", "a.py:1", "b.py:1"),
        ("1", "a.py:2", "b.py:2", "c.py:1"),
    }


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_where_the_files_are_does_not_matter(find: Finder, chance: random.Random) -> None:
    texts = [BILL, EDITED, WORDS, GOLDEN["python"].confused, GOLDEN["python"].renamed]
    texts += [steps(20, 3 * place) for place in range(6)]
    chance.shuffle(texts)
    found = find({f"{place:02}.py": text for place, text in enumerate(texts)})
    classes = {
        frozenset((texts[int(member.path[:2])], member.type) for member in one.members)
        for one in found.classes
    }
    sizes = sorted(len(one.members) for one in found.classes)
    kinds = {frozenset(text for text, _ in one) for one in classes}
    assert (len(kinds), sizes) == (len(found.classes), sizes)
    find.__dict__.setdefault("seen", kinds)
    assert kinds == find.__dict__["seen"]


@pytest.mark.slow
def test_ten_thousand_equal_functions_are_one_class(find: Finder) -> None:
    many = "\n\n".join(re.sub("bill", f"bill{place}", BILL) for place in range(1_000))
    found = find({f"{place}.py": many for place in range(10)})
    (one,) = found.classes
    assert (one.type, len(one.members)) == ("2", 10_000)
    assert found.duplicated_lines == 9_999 * one.members[0].end_line


def test_bad_files_are_named_and_the_others_read(find: Finder) -> None:
    found = find(
        {
            "a.py": BILL,
            "b.py": f"{BILL}\ndef broken(:\n    x = = (\n",
            "binary.py": b"\0\1\2",
            "note.txt": BILL,
            "empty.py": "",
            "script": f"#!/usr/bin/env python3\n{BILL}",
            "LICENSE": "Do what you like.\n",
        }
    )
    assert [told(one) for one in found.classes] == [("1", "a.py:1", "b.py:1", "script:2")]
    assert [(one.path.rpartition("/")[2], one.reason) for one in found.skipped] == [
        ("binary.py", "binary: it holds a NUL character")
    ]
    assert found.files == 4


def test_large_and_unreadable_files_are_named(
    find: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = find({"a.py": BILL, "large.py": "x = 1\n" * 300, "shut.py": BILL}).root
    limited = replace(ALONE, max_file_bytes=1_000)

    def refuse(path: str, limits: Limits) -> tuple[bytes, os.stat_result]:
        if path.endswith("shut.py"):
            raise PermissionError(13, "Permission denied", path)
        return steady_bytes(path, limits)

    monkeypatch.setattr(reading, "steady_bytes", refuse)
    found = clones([root], settings=limited, cwd=root)
    assert {Path(one.path).name: one.reason.partition(":")[0] for one in found.skipped} == {
        "large.py": "large",
        "shut.py": "unreadable",
    }


def test_a_slow_parse_is_given_up(find: Finder) -> None:
    root = find({"a.py": BILL * 50}).root
    found = clones([root], settings=replace(ALONE, parse_seconds=1e-9), cwd=root)
    assert [one.reason.partition(":")[0] for one in found.skipped] == ["slow"]


@pytest.mark.claim("house.clones.incremental")
def test_a_second_run_over_an_index_parses_what_changed_only(find: Finder) -> None:
    root = find({"a.py": BILL, "b.py": EDITED, "c.py": WORDS}).root
    assert find().parsed == 3, "without a store nothing is kept"
    index([root], settings=ALONE)
    first, second = find(), find()
    assert (first.parsed, second.parsed) == (3, 0)
    assert second.to_dict() == first.to_dict()
    third = find({"c.py": BILL, "d.py": WORDS})
    assert third.parsed == 0, "known contents in new places"
    assert len(third.classes[0].members) == 3
    assert find({"e.py": f"\n{BILL}"}).parsed == 1


@pytest.mark.claim("house.clones.incremental")
def test_what_is_kept_changes_nothing_in_the_answer(find: Finder) -> None:
    root = find(
        {"a.py": BILL, "b.py": EDITED, "c.py": WORDS, "d.js": GOLDEN["javascript"].original}
    ).root
    plain = find().to_dict()
    index([root], settings=ALONE)
    assert find().to_dict() == plain
    find({"c.py": f"{WORDS}\n"})
    assert find().to_dict()["classes"] == plain["classes"]


def test_a_damaged_thing_on_the_shelf_is_made_again(find: Finder) -> None:
    root = find({"a.py": BILL, "b.py": EDITED}).root
    index([root], settings=ALONE)
    find()
    with sqlite3.connect(root / ".tidemill" / "index.db.clones") as shelf:
        shelf.execute("UPDATE things SET thing = x'00'")
    found = find()
    assert (found.parsed, len(found.classes)) == (2, 1)
    assert find().parsed == 0


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    filler = "x = [1]\n" * 20_000
    for place in range(8):
        (tmp_path / f"{place}.py").write_text(f"{[BILL, EDITED, WORDS][place % 3]}\n{filler}")
    alone = clones([tmp_path], settings=ALONE, cwd=tmp_path)
    together = clones([tmp_path], settings=replace(Settings(), workers=2), cwd=tmp_path)
    assert together == alone
    assert len(alone.classes) == 2


def test_what_crashes_is_named_and_its_neighbours_are_read(
    find: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(limits: Limits, tasks: tuple[Task, ...]) -> list[reading.FileReading]:
        if any(task.path.endswith("evil.py") for task in tasks):
            raise RuntimeError("a fault of ours")
        return read_files(limits, tasks)

    monkeypatch.setattr(reading, "read_files", crash)
    monkeypatch.setattr(reading, "ProcessExecutor", InlineExecutor)
    found = find({"a.py": BILL, "b.py": BILL, "evil.py": BILL})
    assert [told(one) for one in found.classes] == [("1", "a.py:1", "b.py:1")]
    assert [(Path(one.path).name, one.reason) for one in found.skipped] == [
        ("evil.py", "crashed: RuntimeError: a fault of ours")
    ]


@pytest.mark.claim("house.clones.incremental")
def test_interrupted_it_goes_on_where_it_was(find: Finder) -> None:
    root = find({f"{place:02}.py": f"{BILL}x = {place}\n" for place in range(40)}).root
    index([root], settings=ALONE)

    class Impatient:
        def advance(self, done: int, total: int | None, note: str) -> None:
            assert note
            if total and done > 20:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clones([root], settings=ALONE, cwd=root, progress=Impatient())
    again = find()
    assert 0 < again.parsed < 40
    assert len(again.classes[0].members) == 40


def test_paths_outside_the_working_folder_are_absolute(find: Finder, tmp_path: Path) -> None:
    root = find({"a.py": BILL, "b.py": BILL}).root
    found = clones([root], settings=ALONE, cwd=tmp_path)
    assert found.classes[0].members[0].path == "code/a.py"
    away = tmp_path / "away"
    away.mkdir()
    found = clones([root], settings=ALONE, cwd=away)
    assert found.classes[0].members[0].path == str(root / "a.py")


@pytest.mark.parametrize("paths", [[], ["nowhere"]])
def test_paths_that_say_nothing_are_refused(tmp_path: Path, paths: list[str]) -> None:
    with pytest.raises(InputError):
        clones(paths, settings=ALONE, cwd=tmp_path)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"tokens": 19}, "19 tokens are too few"),
        ({"lines": 0}, "0 lines are too few"),
        ({"similarity": 0.4}, r"a similarity of 0\.4 is out of range"),
        ({"similarity": 1.5}, r"a similarity of 1\.5 is out of range"),
        ({"similarity": float("nan")}, "a similarity of nan is out of range"),
        ({"types": frozenset()}, "no type of clones is asked for"),
        ({"languages": frozenset({"cobol"})}, "unknown language cobol"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        CloneRules(**rules)  # type: ignore[arg-type]  # what is tested


def test_progress_is_told(find: Finder) -> None:
    told_of: list[str] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            assert total is None or done <= total
            told_of.append(note)

    root = find({"a.py": BILL, "b.py": EDITED}).root
    clones([root], settings=ALONE, cwd=root, progress=Listener())
    assert told_of[-1] == "comparing functions"
    assert any(note.endswith("b.py") for note in told_of)
