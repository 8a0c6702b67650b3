"""Packed sets of images: the same bytes every time, and read only as what they are."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus.images.pictures import two_classes
from tests.corpus.test_selection import many
from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings
from tidemill.corpus.build import build_corpus
from tidemill.corpus.images.packed import classes_of, read_images, read_labels
from tidemill.corpus.packed import MANIFEST, PackedCorpus, open_corpus, write_corpus

RECIPE = """\
name = "noise"
about = "two kinds of noise"

[images]
source = "folders"
files = "noise.tar"
side = 8
valid = 0.2
licence = "MIT"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a recipe, its archive and the set."""
    folder = tmp_path_factory.mktemp("images")
    two_classes(folder / "noise.tar")
    (folder / "noise.toml").write_text(RECIPE)
    report = build_corpus(str(folder / "noise.toml"), output=folder / "set")
    assert report.splits == {"train": 16, "valid": 4, "test": 0}
    assert report.classes["cat"] == {"train": 8, "valid": 2, "test": 0}
    assert report.languages == {}
    return folder


@pytest.fixture
def corpus(made: Path, tmp_path: Path) -> PackedCorpus:
    """Return a copy of the set that a test may damage."""
    shutil.copytree(made / "set", tmp_path / "set")
    return open_corpus(tmp_path / "set", verify=True)


def test_a_set_of_images_is_read_as_it_was_packed(corpus: PackedCorpus) -> None:
    assert (corpus.kind, corpus.name, corpus.languages) == ("images", "noise", ())
    assert classes_of(corpus) == ("cat", "dog")
    images = read_images(corpus, "train")
    assert images.shape == (16, 8, 8, 3)
    assert images.dtype == np.dtype(np.uint8)
    assert read_labels(corpus, "train").tolist() == [0] * 8 + [1] * 8
    assert len(read_images(corpus, "test")) == len(read_labels(corpus, "test")) == 0
    shares = np.asarray(images).reshape(-1, 3) / 255
    assert corpus.manifest["mean"] == pytest.approx(shares.mean(axis=0), abs=1e-6)
    assert corpus.manifest["std"] == pytest.approx(shares.std(axis=0), abs=1e-6)
    assert corpus.manifest["sources"][0]["licence"] == "MIT"


def test_no_image_is_in_two_splits(corpus: PackedCorpus) -> None:
    splits = [{image.tobytes() for image in read_images(corpus, s)} for s in ("train", "valid")]
    assert not splits[0] & splits[1]


def test_the_same_recipe_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    build_corpus(str(made / "noise.toml"), output=tmp_path / "again")
    for path in (made / "set").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_code_and_images_are_not_mistaken_for_each_other(
    corpus: PackedCorpus, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="noise is a set of images, not of code") as caught:
        next(corpus.examples("train"))
    assert caught.value.path == str(corpus.folder)
    facts = {"name": "own", "about": "", "sources": [], "dropped": {}}
    code = write_corpus(tmp_path / "code", {"train": many(2, "p")}, {}, facts)
    for ask in (lambda: read_images(code, "train"), lambda: classes_of(code)):
        with pytest.raises(InputError, match="own is a set of code, not of images"):
            ask()


@pytest.mark.parametrize("damage", ["cut", "other", "gone", "pickle"])
def test_damage_is_found(corpus: PackedCorpus, damage: str) -> None:
    path = corpus.folder / "train.images.npy"
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[:-1])
        case "other":
            np.save(path, np.zeros((3, 8, 8, 3), np.uint8))
        case "gone":
            path.unlink()
        case _:
            np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match="array") as caught:
        read_images(corpus, "train")
    assert caught.value.path == str(path)
    with pytest.raises(InputError, match="not the file that the manifest names"):
        corpus.verify()


@pytest.mark.parametrize("part", ["shape", "classes", "mean", "std"])
def test_a_manifest_with_parts_missing_is_refused(corpus: PackedCorpus, part: str) -> None:
    path = corpus.folder / MANIFEST
    facts = json.loads(path.read_text())
    del facts[part]
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match="a manifest with parts missing"):
        read_images(open_corpus(corpus.folder), "train")


def test_a_file_that_the_manifest_does_not_name_is_missed(corpus: PackedCorpus) -> None:
    path = corpus.folder / MANIFEST
    facts = json.loads(path.read_text())
    del facts["files"]["train.images.npy"]
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"does not name train\.images\.npy"):
        read_images(open_corpus(corpus.folder), "train")


def test_a_class_that_nobody_named_is_found(corpus: PackedCorpus) -> None:
    np.save(corpus.folder / "train.labels.npy", np.full(16, 2, np.uint16))
    with pytest.raises(InputError, match="class 2 of 2"):
        read_labels(corpus, "train")


def test_the_hash_names_what_the_files_hold(corpus: PackedCorpus) -> None:
    path = corpus.folder / MANIFEST
    facts = json.loads(path.read_text())
    facts["about"] = "other words"
    path.write_text(json.dumps(facts))
    assert open_corpus(corpus.folder).hash == corpus.hash
    facts["files"]["train.images.npy"]["sha256"] = "0" * 64
    path.write_text(json.dumps(facts))
    assert open_corpus(corpus.folder).hash != corpus.hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('source = "folders"', 'source = "cloud"'), "source = 'cloud' is not known"),
        (('source = "folders"', ""), "source is missing"),
        (('files = "noise.tar"', ""), "files is missing"),
        (("side = 8", "side = 9000"), "side = 9000 is not from 0 to 512"),
        (("valid = 0.2", "valid = 1.0"), "valid = 1.0 is not between 0 and 1"),
        (("valid = 0.2", "valid = 0.01"), "0 of 20 images are left to measure with"),
        (("valid = 0.2", "vaild = 0.2"), "unknown key vaild"),
        (('files = "noise.tar"', 'files = "absent.tar"'), "there is no such file or folder"),
        (("[images]", "[images]\n[[sets]]\n"), "source is missing|layout is missing"),
    ],
)
def test_a_wrong_recipe_is_named(
    made: Path, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    shutil.copy(made / "noise.tar", tmp_path)
    path = tmp_path / "noise.toml"
    path.write_text(RECIPE.replace(*change))
    with pytest.raises(InputError, match=said):
        build_corpus(str(path), output=tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_set_holds_code_or_images(tmp_path: Path) -> None:
    both = RECIPE + '\n[[sets]]\nname = "x"\nlayout = "table"\nfiles = { train = "x.jsonl" }\n'
    for text in (both, 'languages = ["python"]\n' + RECIPE):
        (tmp_path / "noise.toml").write_text(text)
        with pytest.raises(InputError, match="code or images, not both"):
            build_corpus(str(tmp_path / "noise.toml"), output=tmp_path / "set")


def test_without_benchmark_data_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"data:cifar10-jpeg/train\.tar\.xz is benchmark data"):
        build_corpus("cifar10", output=tmp_path / "set", settings=Settings())
    with pytest.raises(InputError, match="there is no such file or folder"):
        build_corpus(
            "cifar10", output=tmp_path / "set", settings=replace(Settings(), data=tmp_path)
        )


@pytest.mark.slow
def test_cifar10_is_cut_class_by_class(shared_data: Path, tmp_path: Path) -> None:
    settings = replace(Settings(), data=shared_data)
    report = build_corpus("cifar10", output=tmp_path / "set", settings=settings)
    assert report.splits == {"train": 45_000, "valid": 5_000, "test": 0}
    assert set(map(tuple, (x.values() for x in report.classes.values()))) == {(4_500, 500, 0)}
    corpus = open_corpus(tmp_path / "set", verify=True)
    assert read_images(corpus, "train").shape == (45_000, 32, 32, 3)
    assert corpus.manifest["mean"] == pytest.approx([0.491, 0.482, 0.447], abs=0.005)
