"""Builds from end to end with packages of our own; the compiler is asked in slow tests alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import WORDS, Shelf, pin
from tests.corpus.typed.making import compiler_archive, labelled, npm
from tests.npm import TYPESCRIPT, packed
from tidemill.core.errors import InputError, MissingToolError
from tidemill.core.settings import Settings
from tidemill.corpus.build import BuildReport, build_corpus
from tidemill.corpus.packed import open_corpus
from tidemill.corpus.recipe import Package
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.corpus.typed.packed import labelled_files_of

ALONE = replace(Settings(), workers=1)
TOPICS = {"pond": "train", "mill": "train", "reed": "valid", "frog": "test"}
Run = Callable[..., BuildReport]


def module(topic: str, words: Sequence[str] = WORDS) -> str:
    """Functions of one topic, all with types and unlike every other."""
    return "\n".join(
        f"export function {word}_{topic}({word}: {topic.title()}{word.title()}, n: number) {{\n"
        f"  return {word}.{topic}_{word}({number}, n) + {topic}.{word};\n}}"
        for number, word in enumerate(words)
    )


def files_of_topic(topic: str) -> dict[str, str]:
    return {
        "src/one.ts": module(topic, WORDS[:10]),
        "src/two.ts": module(topic, WORDS[10:]),
        "src/bare.ts": "run();",
        "test/three.ts": module(topic),
    }


def write_recipe(folder: Path, shelf: Path, *, head: str = "", splits: Mapping[str, str]) -> Path:
    """Pin everything on a shelf."""
    (tool,) = shelf.glob("typescript-*")
    groups = [
        f'[[packages]]\nlanguage = "typescript"\nregistry = "npm"\nsplit = "{split}"\n'
        f"pins = [{pin(shelf / f'{name}-1.0.tgz', name=name)}]\n"
        for name, split in splits.items()
    ]
    facts = pin(tool, name="typescript", version="5.9.3", licence="Apache-2.0")
    compiler = "\n".join(facts.strip("{ },").split(", "))
    path = folder / "own.toml"
    text = f'name = "own"\ntake = "types"\nlanguages = ["typescript"]\n{head}\n'
    path.write_text(text + f"[compiler]\n{compiler}\n" + "\n".join(groups))
    return path


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Four packages of a topic each, and what calls itself a compiler, all in a recipe."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    compiler_archive(folder)
    for name in TOPICS:
        npm(folder, name, files_of_topic(name))
    write_recipe(tmp_path, folder, splits=TOPICS)
    return Shelf(folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What authors wrote, and nothing inferred; says whose files were labelled."""
    names: list[str] = []

    def written(
        package: Package, texts: Mapping[str, bytes], chosen: Sequence[str], **_: object
    ) -> list[LabelledFile]:
        names.append(package.name)
        found = [labelled(texts[path].decode(), package=package.name, path=path) for path in chosen]
        return [row for row in found if row.sites]

    monkeypatch.setattr("tidemill.corpus.typed.build.labelled_files", written)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    return names


@pytest.fixture
def run(tmp_path: Path, shelf: Shelf) -> Run:
    def call(**changes: object) -> BuildReport:
        given: dict[str, object] = {
            "output": tmp_path / "set",
            "cache": tmp_path / "cache",
            "settings": ALONE,
            "client": shelf,
        }
        return build_corpus(str(tmp_path / "own.toml"), **(given | changes))  # type: ignore[arg-type]  # the arguments above

    return call


def same(first: Path, second: Path) -> bool:
    names = sorted(path.name for path in first.iterdir())
    return names == sorted(path.name for path in second.iterdir()) and all(
        (first / name).read_bytes() == (second / name).read_bytes() for name in names
    )


def test_packages_become_a_set_of_types(tmp_path: Path, run: Run, asked: list[str]) -> None:
    done = run()
    assert done.splits == {"train": 4, "valid": 2, "test": 2}
    assert done.languages == {"typescript": done.splits}
    assert (done.name, done.sources, done.dropped) == ("own", 4, {"file: test": 4})
    assert done.packed_bytes > 0
    assert asked == [*TOPICS]
    corpus = open_corpus(tmp_path / "set", verify=True)
    assert (corpus.kind, corpus.manifest["compiler"]) == ("types", "typescript 5.9.3")
    rows = [*labelled_files_of(corpus, "test")]
    assert [row.file.path for row in rows] == ["src/one.ts", "src/two.ts"]
    assert {row.file.family for row in rows} == {"frog"}
    assert len(rows[0].sites) == 20
    assert {site.label for site in rows[0].sites} >= {"number", "FrogApple"}
    assert ": FrogApple" not in rows[0].file.code
    facts = {source["name"]: source for source in corpus.manifest["sources"]}
    assert [facts["pond"][key] for key in ("files", "sites", "examples")] == [2, 40, 2]
    assert facts["pond"]["licence"] == "MIT"


def test_a_second_build_asks_nobody_and_gives_the_same_bytes(
    tmp_path: Path, run: Run, shelf: Shelf, asked: list[str]
) -> None:
    run()
    before = len(shelf.asked), len(asked)
    run(output=tmp_path / "again")
    assert (len(shelf.asked), len(asked)) == before == (5, 4)
    assert same(tmp_path / "set", tmp_path / "again")
    run(output=tmp_path / "anew", cache=tmp_path / "other")
    assert same(tmp_path / "set", tmp_path / "anew")


def test_a_build_that_was_stopped_goes_on(tmp_path: Path, run: Run, asked: list[str]) -> None:
    class Stopped:
        def advance(self, done: int, total: int | None, note: str) -> None:
            if (done, total, bool(note)) == (2, 4, True):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=Stopped())
    assert not (tmp_path / "set").exists()
    first = [*asked]
    assert first in (["pond", "mill"], ["pond", "mill", "reed"])
    run()
    assert asked == [*TOPICS]
    run(output=tmp_path / "whole", cache=tmp_path / "other")
    assert same(tmp_path / "set", tmp_path / "whole")


def test_damaged_labels_are_made_again(tmp_path: Path, run: Run, asked: list[str]) -> None:
    run()
    kept = sorted((tmp_path / "cache" / "types").iterdir())
    assert len(kept) == 4
    for path in kept[:2]:
        path.write_bytes(path.read_bytes()[:9])
    run(output=tmp_path / "again")
    assert len(asked) == 6
    assert same(tmp_path / "set", tmp_path / "again")


def test_labels_are_made_again_only_where_a_limit_changes_them(
    tmp_path: Path, run: Run, shelf: Shelf, asked: list[str]
) -> None:
    run()
    write_recipe(tmp_path, shelf.folder, head="[limits]\nnear = 0.8\nheld_out = 20", splits=TOPICS)
    done = run()
    assert len(asked) == 4
    assert done.splits == {"train": 4, "valid": 1, "test": 1}
    assert done.dropped == {"file: test": 4, "over the share of its package": 2}
    write_recipe(tmp_path, shelf.folder, head="[limits]\npackage_bytes = 1200", splits=TOPICS)
    done = run()
    assert len(asked) == 8
    assert done.splits == {"train": 2, "valid": 1, "test": 1}


@pytest.mark.usefixtures("asked")
def test_progress_is_told(run: Run) -> None:
    told: list[tuple[int, int | None, str]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            told.append((done, total, note))

    run(progress=Listener())
    assert told[0] == (1, 4, "npm:pond 1.0")
    assert told[-2:] == [(4, None, "looking for duplicates"), (4, None, "packing")]


@pytest.mark.usefixtures("asked")
def test_equal_files_of_two_packages_are_in_the_set_once(
    tmp_path: Path, run: Run, shelf: Shelf
) -> None:
    npm(shelf.folder, "pond", files_of_topic("frog") | {"src/own.ts": module("pond")})
    write_recipe(tmp_path, shelf.folder, splits=TOPICS)
    done = run()
    assert done.splits == {"train": 3, "valid": 2, "test": 2}
    assert done.dropped == {"equal file": 2, "file: test": 4}


@pytest.mark.usefixtures("asked")
def test_a_package_under_another_licence_is_refused(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    npm(shelf.folder, "pond", files_of_topic("pond"), licence="GPL-3.0-only")
    write_recipe(tmp_path, shelf.folder, splits=TOPICS)
    with pytest.raises(InputError, match=r"npm:pond 1\.0 is under GPL by its own word"):
        run()
    assert not (tmp_path / "set").exists()


@pytest.mark.usefixtures("asked")
def test_a_set_with_nothing_to_learn_from_is_refused(
    tmp_path: Path, run: Run, shelf: Shelf
) -> None:
    splits = dict.fromkeys(TOPICS, "test")
    write_recipe(tmp_path, shelf.folder, splits=splits)
    with pytest.raises(InputError, match="own: no file with a type is left to learn from"):
        run()


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("version", "whole"),
    [("7.0.2", True), ("4.9.5", True), ("5.9.3", False)],
    ids=["too new", "too old", "nothing to ask"],
)
def test_a_compiler_that_cannot_be_asked_is_refused(
    tmp_path: Path, run: Run, shelf: Shelf, version: str, *, whole: bool
) -> None:
    next(shelf.folder.glob("typescript-*")).unlink()
    compiler_archive(shelf.folder, version, whole=whole)
    write_recipe(tmp_path, shelf.folder, splits=TOPICS)
    with pytest.raises(InputError, match=r"npm:typescript .* is no TypeScript compiler"):
        run()


@pytest.mark.usefixtures("asked")
def test_an_archive_without_any_compiler_is_refused(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    next(shelf.folder.glob("typescript-*")).unlink()
    npm(shelf.folder, "other", {"index.js": ""}).rename(shelf.folder / "typescript-1.0.tgz")
    write_recipe(tmp_path, shelf.folder, splits=TOPICS)
    with pytest.raises(InputError, match="is no TypeScript compiler that can be asked"):
        run()


@pytest.mark.usefixtures("asked")
def test_a_compiler_of_another_hash_is_refused(run: Run, shelf: Shelf) -> None:
    next(shelf.folder.glob("typescript-*")).write_bytes(b"changed since it was pinned")
    with pytest.raises(InputError, match="has sha256"):
        run()


def test_without_node_the_error_says_so(
    run: Run, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(MissingToolError, match=r"labelling types needs Node\.js"):
        run()
    assert shelf.asked == []


@pytest.mark.slow
def test_the_compiler_labels_a_set_and_several_workers_give_the_same_bytes(
    tmp_path: Path, run: Run, shelf: Shelf, npm_shelf: Path
) -> None:
    tool = packed(TYPESCRIPT, npm_shelf)
    next(shelf.folder.glob("typescript-*")).unlink()
    (shelf.folder / tool.name).write_bytes(tool.read_bytes())
    splits = {"pond": "train", "frog": "test"}
    write_recipe(tmp_path, shelf.folder, splits=splits)
    done = run()
    assert done.splits == {"train": 2, "valid": 0, "test": 2}
    (row, _) = labelled_files_of(open_corpus(tmp_path / "set", verify=True), "test")
    labels = {site.label for site in row.sites}
    assert labels == {"number", *(f"Frog{word.title()}" for word in WORDS[:10])}
    assert {site.compiler for site in row.sites} == {"any"}
    settings = replace(ALONE, workers=2)
    run(output=tmp_path / "two", cache=tmp_path / "new", settings=settings)
    assert same(tmp_path / "set", tmp_path / "two")
