"""Packed sets: the same bytes every time, whole or not there, checked when opened."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.test_selection import made, many
from tidemill.core.errors import InputError, MissingExtraError
from tidemill.corpus.example import SPLITS, Example, Pair
from tidemill.corpus.packed import MANIFEST, PackedCorpus, open_corpus, write_corpus

FACTS = {"name": "own", "about": "ours", "sources": [], "dropped": {"too long": 1}}
ODD = replace(made("ä = '\N{GRINNING FACE}'\r\n", "say ä", language="ruby"), line=7, group="g")
ROWS: dict[str, list[Example]] = {"train": [*many(20, "p"), ODD], "test": many(3, "q")}
PAIRS = {"train": [Pair(left="a", right="b", clone=True, kind="T1")]}


def written(folder: Path) -> PackedCorpus:
    return write_corpus(folder, ROWS, PAIRS, FACTS)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "set")
    corpus = open_corpus(tmp_path / "set", verify=True)
    for split in SPLITS:
        assert list(corpus.examples(split)) == ROWS.get(split, [])
        assert corpus.count(split) == len(ROWS.get(split, []))
    assert list(corpus.pairs("train")) == PAIRS["train"]
    assert list(corpus.pairs("valid")) == []
    assert (corpus.name, corpus.languages) == ("own", ("python", "ruby"))
    assert corpus.manifest["languages"]["ruby"] == {"train": 1, "valid": 0, "test": 0}


def test_the_same_set_has_the_same_bytes(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one"), written(tmp_path / "deep" / "two")
    names = sorted(path.name for path in one.folder.iterdir())
    assert names == sorted(path.name for path in two.folder.iterdir())
    for name in names:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert one.hash == two.hash
    assert write_corpus(tmp_path / "one", {"train": many(2, "p")}, {}, FACTS).hash != two.hash


def test_an_older_set_is_replaced_whole(tmp_path: Path) -> None:
    written(tmp_path / "set")
    write_corpus(tmp_path / "set", {"train": many(1, "p")}, {}, FACTS)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert not (tmp_path / "set" / "train.pairs.parquet").exists()
    assert open_corpus(tmp_path / "set", verify=True).count("train") == 1


def test_what_is_no_set_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="something else is there"):
        written(tmp_path)
    with pytest.raises(InputError, match="something else is there"):
        written(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_write_that_fails_leaves_the_older_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written(tmp_path / "set").hash

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path / "set", {}, {}, FACTS)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert open_corpus(tmp_path / "set", verify=True).hash == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no packed training set"),
        ("[]", "no packed training set"),
        ('{"name": "x"}', "no packed training set"),
        ('{"format": 2}', "a packed set of format 2"),
        ('{"format": 1}', "a manifest with parts missing"),
    ],
)
def test_other_manifests_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InputError, match=words):
        open_corpus(tmp_path)


def test_no_folder_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no packed training set"):
        open_corpus(tmp_path / "absent")


def test_damage_is_found(tmp_path: Path) -> None:
    corpus = written(tmp_path / "set")
    path = tmp_path / "set" / "train.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert open_corpus(tmp_path / "set").count("train") == 21
    with pytest.raises(InputError, match="not the file that the manifest names") as caught:
        open_corpus(tmp_path / "set", verify=True)
    assert caught.value.path == str(path)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(corpus.examples("train"))
    path.unlink()
    with pytest.raises(InputError, match="not the file that the manifest names"):
        corpus.verify()


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    corpus = written(tmp_path / "set")
    with pytest.raises(InputError, match="there is no split 'dev'"):
        corpus.count("dev")
    for ask in (corpus.examples, corpus.pairs):
        with pytest.raises(InputError, match="there is no split 'dev'"):
            next(ask("dev"))


def test_the_manifest_names_no_place_and_no_time(tmp_path: Path) -> None:
    text = (written(tmp_path / "set").folder / MANIFEST).read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["files"].keys() == {
        *(f"{split}.parquet" for split in SPLITS),
        "train.pairs.parquet",
    }


def test_without_parquet_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from tidemill.corpus.parquet import require_parquet\n"
        "try: require_parquet()\n"
        "except Exception as error: print(type(error).__name__, error.extra)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.split() == [MissingExtraError.__name__, "data"]
