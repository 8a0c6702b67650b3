"""Builds from end to end, with packages of our own and no network."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.making import WORDS, Shelf, pin, python_module, tarred, wheel
from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.build import BuildReport, build_corpus, default_cache
from tidemill.corpus.packed import open_corpus

ALONE = replace(Settings(), workers=1)
TOPICS = {"fruit": "train", "garden": "train", "market": "valid", "kitchen": "test"}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Four wheels, each of a topic of its own, and a recipe that pins them."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    groups = []
    for name, split in TOPICS.items():
        file = wheel(folder, name, {f"{name}/a.py": python_module(name)})
        groups.append(group(split, pin(file, name=name)))
    write_recipe(tmp_path, *groups)
    return Shelf(folder)


def group(split: str, *pins: str, registry: str = "pip", language: str = "python") -> str:
    head = f'language = "{language}"\nregistry = "{registry}"\nsplit = "{split}"\n'
    return f"[[packages]]\n{head}pins = [\n" + "\n".join(pins) + "\n]\n"


def write_recipe(folder: Path, *groups: str, head: str = "[limits]\nnear = 0.8\n") -> Path:
    path = folder / "own.toml"
    path.write_text('name = "own"\nlanguages = ["python"]\n' + head + "\n".join(groups))
    return path


@pytest.fixture
def run(tmp_path: Path, shelf: Shelf) -> Callable[..., BuildReport]:
    def call(**changes: object) -> BuildReport:
        given = {
            "recipe": str(tmp_path / "own.toml"),
            "output": tmp_path / "set",
            "cache": tmp_path / "cache",
            "settings": ALONE,
            "client": shelf,
        } | changes
        recipe = given.pop("recipe")
        return build_corpus(recipe, **given)  # type: ignore[arg-type]  # the arguments above

    return call


Run = Callable[..., BuildReport]


def test_packages_become_a_set(tmp_path: Path, run: Run) -> None:
    done = run()
    assert done.splits == {"train": 2 * len(WORDS), "valid": len(WORDS), "test": len(WORDS)}
    assert done.languages == {"python": done.splits}
    assert (done.name, done.sources, done.dropped) == ("own", 4, {})
    corpus = open_corpus(tmp_path / "set", verify=True)
    first = next(corpus.examples("train"))
    assert (first.package, first.family, first.licence) == ("fruit", "fruit", "MIT")
    assert first.query == "Pick the ripe apple for the fruit of the day."
    assert '"""' not in first.code
    assert {e.family for e in corpus.examples("test")} == {"kitchen"}
    facts = corpus.manifest["sources"][-1]
    assert (facts["name"], facts["files"], facts["functions"]) == ("garden", 1, len(WORDS))
    assert facts["examples"] == len(WORDS)


@pytest.mark.claim("house.corpus.same-bytes")
def test_a_second_build_asks_nobody_and_gives_the_same_bytes(
    tmp_path: Path, run: Run, shelf: Shelf
) -> None:
    run()
    asked = len(shelf.asked)
    run(output=tmp_path / "again")
    assert len(shelf.asked) == asked == 4
    for path in (tmp_path / "set").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.claim("house.corpus.same-bytes")
def test_several_workers_give_the_same_bytes(tmp_path: Path, run: Run) -> None:
    run()
    run(output=tmp_path / "two", cache=tmp_path / "new", settings=replace(ALONE, workers=2))
    for path in (tmp_path / "set").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.claim("house.corpus.resumes")
def test_a_build_that_was_stopped_goes_on(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    class Stopped:
        def advance(self, done: int, total: int | None, note: str) -> None:
            if (done, total, bool(note)) == (2, 4, True):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=Stopped())
    assert not (tmp_path / "set").exists()
    assert len(shelf.asked) == 2
    run()
    assert len(shelf.asked) == 4


def test_progress_is_told(run: Run) -> None:
    told: list[tuple[int, int | None, str]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            told.append((done, total, note))

    run(progress=Listener())
    assert told[0] == (1, 4, "pip:kitchen 1.0")
    assert told[-1][1:] == (None, "packing")


def test_test_and_valid_come_before_training(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    file = shelf.folder / "fruit-1.0-py3-none-any.whl"
    mixed = python_module("fruit", WORDS[:3]) + "\n\n" + python_module("kitchen", WORDS[:5])
    file.unlink()
    wheel(shelf.folder, "fruit", {"fruit/a.py": mixed, "fruit/b.py": python_module("market")})
    kitchen = shelf.folder / "kitchen-1.0-py3-none-any.whl"
    market = shelf.folder / "market-1.0-py3-none-any.whl"
    write_recipe(
        tmp_path,
        group("train", pin(file, name="fruit")),
        group("valid", pin(market, name="market")),
        group("test", pin(kitchen, name="kitchen")),
    )
    done = run()
    assert done.splits == {"train": 3, "valid": len(WORDS), "test": len(WORDS)}
    # The whole of b.py came before in market; five functions of a.py in kitchen.
    assert done.dropped == {"equal function": 5, "file: equal file": 1}


def test_other_registries_unpack_in_their_own_way(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    script = "/** Add two numbers together. */\nfunction add(a, b) {\n  return a + b;\n}\n"
    files = {"package/src/a.js": script, "package/package.json": '{"license": "MIT"}'}
    archive = tarred(shelf.folder / "@acme-sum-1.0.tgz", files)
    name = "@acme-sum"
    text = group("train", pin(archive, name=name), registry="npm", language="javascript")
    write_recipe(tmp_path, text.replace('"python"', '"javascript"'), head="")
    path = tmp_path / "own.toml"
    path.write_text(path.read_text().replace('["python"]', '["javascript"]'))
    run()
    (row,) = open_corpus(tmp_path / "set").examples("train")
    assert (row.path, row.query, row.name) == ("src/a.js", "Add two numbers together.", "add")


@pytest.mark.claim("house.corpus.licences")
def test_a_licence_that_the_package_denies_is_refused(
    tmp_path: Path, run: Run, shelf: Shelf
) -> None:
    file = wheel(shelf.folder, "copyleft", {"copyleft/a.py": python_module("x")}, licence="GPL-3.0")
    write_recipe(tmp_path, group("train", pin(file, name="copyleft")))
    with pytest.raises(InputError, match=r"pip:copyleft 1\.0 is under GPL by its own word"):
        run()
    assert not (tmp_path / "set").exists()


def test_a_package_that_is_not_there_is_named(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    (shelf.folder / "garden-1.0-py3-none-any.whl").unlink()
    with pytest.raises(InputError, match=r"pip:garden 1\.0: the client said nothing"):
        run()
    assert not (tmp_path / "set").exists()


def test_a_package_that_changed_is_named(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    wheel(shelf.folder, "garden", {"garden/a.py": "x = 2\n"})
    with pytest.raises(InputError, match=r"pip:garden 1\.0 has sha256"):
        run()
    assert not (tmp_path / "set").exists()


def test_an_archive_that_is_none_is_named(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    file = shelf.folder / "noise-1.0.whl"
    file.write_bytes(b"noise")
    write_recipe(tmp_path, group("train", pin(file, name="noise")))
    with pytest.raises(InputError, match="the archive cannot be read"):
        run()


@pytest.mark.parametrize("text", ["x = 1\n", "def f():\n    a = 1\n    return a\n"])
def test_an_empty_set_is_refused(tmp_path: Path, run: Run, shelf: Shelf, text: str) -> None:
    file = wheel(shelf.folder, "bare", {"bare/a.py": text})
    write_recipe(tmp_path, group("train", pin(file, name="bare")))
    with pytest.raises(InputError, match="own: no example is left") as caught:
        run()
    assert str(caught.value.hint).startswith("Dropped: ")


def test_a_missing_language_is_refused(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "own.toml"
    path.write_text(path.read_text().replace('["python"]', '["python", "go"]'))
    with pytest.raises(InputError, match="own: no example in go is left"):
        run()


def test_all_duplicates_leave_one(tmp_path: Path, run: Run) -> None:
    row = {"code": "def f(x):\n    return x\n", "query": "return the x again"}
    (tmp_path / "rows.jsonl").write_text((json.dumps(row) + "\n") * 9)
    text = '[[sets]]\nname = "mine"\nlayout = "table"\nlanguages = ["python"]\n'
    write_recipe(tmp_path, text + 'files = { train = "rows.jsonl" }\n')
    done = run()
    assert (done.splits["train"], done.dropped) == (1, {"equal function": 8})


def test_pairs_follow_their_examples(tmp_path: Path, run: Run) -> None:
    files = {f"{n}.py": f"def f{n}(x):\n    return x + {n}\n" for n in (1, 2, 3)}
    tarred(tmp_path / "code.tar", files | {"4.py": files["1.py"] + "#" * 99})
    (tmp_path / "pairs.csv").write_text("1,2,1,0\n2,3,0,1\n1,4,1,0\n")
    text = (
        'take = "all"\n[limits]\nequal = false\nlongest_bytes = 90\n[[sets]]\nname = "mine"\n'
        'layout = "folders"\nlanguages = ["python"]\nfiles = { test = "code.tar" }\n'
        'pairs = { test = "pairs.csv" }\nkinds = ["T1", "none"]\n'
    )
    write_recipe(tmp_path, head=text)
    run()
    corpus = open_corpus(tmp_path / "set")
    assert [(pair.clone, pair.kind) for pair in corpus.pairs("test")] == [
        (True, "T1"),
        (False, "none"),
    ]
    assert corpus.manifest["sources"][0] == {
        "set": "mine",
        "licence": "unknown",
        "split": "test",
        "functions": 4,
        "examples": 3,
    }


def test_nothing_else_is_overwritten(tmp_path: Path, run: Run, shelf: Shelf) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="something else is there"):
        run()
    assert shelf.asked == []


def test_downloads_have_a_place_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "tidemill" / "corpus"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert default_cache() == tmp_path / "me" / ".cache" / "tidemill" / "corpus"
