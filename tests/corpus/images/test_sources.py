"""Where images come from: folders, scikit-learn, a seed."""

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.images.pictures import picture, two_classes
from tests.corpus.making import tarred
from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Silence
from tidemill.corpus.images.digits import digits
from tidemill.corpus.images.folders import pictures_in
from tidemill.corpus.images.labelled import LabelledImages, held_out
from tidemill.corpus.images.textures import TEXTURES, textures


def read(place: Path) -> LabelledImages:
    return pictures_in(place, side=8, progress=Silence())


def test_the_folder_around_a_picture_is_its_class(tmp_path: Path) -> None:
    found = read(two_classes(tmp_path / "set.tar.xz", each=3))
    assert found.classes == ("cat", "dog")
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.images.shape == (6, 8, 8, 3)
    assert found.names[0] == "train/cat/0000.png"


def test_the_order_of_an_archive_decides_nothing(tmp_path: Path) -> None:
    files = {f"{n % 2}/{n}.png": picture(n, size=(8, 8)) for n in range(6)}
    first = read(tarred(tmp_path / "a.tar", files))
    second = read(tarred(tmp_path / "b.tar", dict(reversed(files.items()))))
    assert first.names == second.names
    assert np.array_equal(first.images, second.images)


def test_a_folder_is_read_like_an_archive(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.JPG").write_bytes(picture(1, kind="JPEG"))
        (tmp_path / name / "notes.txt").write_text("no picture")
    assert len(read(tmp_path).labels) == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"one/1.png": picture(0)}, "1 classes of pictures"),
        ({"one/1.txt": b""}, "0 classes of pictures"),
        ({"../one/1.png": picture(0)}, "leads out of it"),
        ({"one/1.png": b"odd"}, "neither JPEG nor PNG"),
    ],
)
def test_archives_that_are_no_sets_are_refused(
    tmp_path: Path, files: dict[str, bytes], said: str
) -> None:
    path = tarred(tmp_path / "set.tar", files)
    with pytest.raises(InputError, match=said) as caught:
        read(path)
    assert caught.value.path is not None
    assert caught.value.path.startswith(str(path))


def test_torn_and_missing_archives_are_refused(tmp_path: Path) -> None:
    path = two_classes(tmp_path / "set.tar.xz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="the archive cannot be read"):
        read(path)
    with pytest.raises(InputError, match="there is no such file") as caught:
        read(tmp_path / "absent.tar")
    assert caught.value.hint is not None
    assert "TIDEMILL_DATA" in caught.value.hint


def test_more_pixels_than_memory_should_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.corpus.images.folders.MOST_BYTES", 500)
    with pytest.raises(InputError, match="more than 500 bytes"):
        read(two_classes(tmp_path / "set.tar"))


def test_digits_are_squares_of_places() -> None:
    found = digits(16)
    assert found.images.shape == (1_797, 16, 16, 1)
    assert found.classes == tuple("0123456789")
    assert np.array_equal(found.images[:, ::2, ::2], found.images[:, 1::2, 1::2])
    assert (found.images.min(), found.images.max()) == (0, 255)
    with pytest.raises(InputError, match="digits of 12 pixels"):
        digits(12)


def test_textures_are_the_same_bits_for_a_seed() -> None:
    found = textures(40, side=32, seed=7)
    assert content_hash(found.images.tobytes()) == GOLDEN
    assert np.array_equal(found.images, textures(40, side=32, seed=7).images)
    assert not np.array_equal(found.images, textures(40, side=32, seed=8).images)
    assert found.images.shape == (40, 32, 32, 3)
    assert np.bincount(found.labels).tolist() == [4] * len(TEXTURES)


GOLDEN = "be9fffdd0f5a03766c2ee81f484de495"
"""Made with numpy 2.4 on x86-64, 2026: whole numbers alone, so that every machine makes them."""


@pytest.mark.parametrize(("count", "side"), [(9, 32), (10, 11)])
def test_too_few_textures_are_refused(count: int, side: int) -> None:
    with pytest.raises(InputError, match=f"{count} textures of {side} pixels"):
        textures(count, side=side, seed=0)


def test_the_same_share_of_every_class_is_held_out() -> None:
    labels = np.repeat(np.arange(3), (10, 20, 40))
    found = LabelledImages(
        images=np.zeros((70, 1, 1, 1), np.uint8),
        labels=labels,
        names=[str(number) for number in range(70)],
        classes=("a", "b", "c"),
    )
    chosen = held_out(found, 0.1, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [1, 2, 4]
    assert not np.array_equal(chosen, held_out(found, 0.1, seed=1))
