"""Packed sets of images: two arrays a split, beside the manifest that every set has."""

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.corpus.example import SPLITS
from tidemill.corpus.images.labelled import Images, LabelledImages, Labels
from tidemill.corpus.packed import PackedCorpus, write_packed

__all__ = ["KIND", "classes_of", "read_images", "read_labels", "write_images"]

KIND = "images"
NEEDED = ("shape", "classes", "mean", "std")
BLOCK = 4_096


def write_images(
    folder: Path,
    splits: Mapping[str, LabelledImages],
    facts: Mapping[str, object],
) -> PackedCorpus:
    """Write a set of images: a folder that is whole or not there.

    The manifest says the mean and the deviation of each channel over the images to learn from.

    Args:
        folder: Where to; a packed set that is there is replaced.
        splits: The images of each split, with the same classes; ``train`` is one of them.
        facts: What else the manifest says; nothing that differs from run to run.

    Raises:
        CapacityError: The disk is full.
        InputError: Something else is at that place.
        StoreError: The folder cannot be written.
    """
    classes = splits["train"].classes
    files: dict[str, bytes] = {}
    for split in SPLITS:
        if split in splits:
            files[f"{split}.images.npy"] = _npy(np.ascontiguousarray(splits[split].images))
            files[f"{split}.labels.npy"] = _npy(splits[split].labels.astype(np.uint16))
    mean, std = _statistics(splits["train"].images)
    counted = {
        split: Counter(splits[split].labels.tolist() if split in splits else ()) for split in SPLITS
    }
    manifest = {
        **facts,
        "kind": KIND,
        "splits": {split: {"examples": counted[split].total()} for split in SPLITS},
        "languages": {},
        "shape": list(splits["train"].images.shape[1:]),
        "classes": {
            name: {split: counted[split][number] for split in SPLITS}
            for number, name in enumerate(classes)
        },
        "mean": mean,
        "std": std,
    }
    return write_packed(folder, files, manifest)


def classes_of(corpus: PackedCorpus) -> tuple[str, ...]:
    """Return the names of a set's classes, by number.

    Raises:
        InputError: It is no set of images.
    """
    _check_kind(corpus)
    return tuple(str(name) for name in corpus.manifest["classes"])


def read_images(corpus: PackedCorpus, split: str) -> Images:
    """Map the images of a split; none is read before it is asked for.

    Raises:
        InputError: It is no set of images, or is damaged.
    """
    _check_kind(corpus)
    shape = (corpus.count(split), *corpus.manifest["shape"])
    return _array(corpus, f"{split}.images.npy", shape, np.uint8)


def read_labels(corpus: PackedCorpus, split: str) -> Labels:
    """Read the class of each image of a split.

    Raises:
        InputError: It is no set of images, or is damaged.
    """
    classes = len(classes_of(corpus))
    name = f"{split}.labels.npy"
    labels = _array(corpus, name, (corpus.count(split),), np.uint16).astype(np.int64)
    if len(labels) and int(labels.max()) >= classes:
        message = f"class {labels.max()} of {classes}"
        raise InputError(message, path=str(corpus.folder / name))
    return labels


def _check_kind(corpus: PackedCorpus) -> None:
    if corpus.kind != KIND:
        raise InputError(
            f"{corpus.name} is a set of {corpus.kind}, not of images",
            path=str(corpus.folder),
            hint="Build one of images: tidemill data build digits",
        )
    if not {*NEEDED} <= {*corpus.manifest}:
        hint = "Build the set again: tidemill data build"
        raise InputError("a manifest with parts missing", path=str(corpus.folder), hint=hint)


def _array(
    corpus: PackedCorpus, name: str, shape: tuple[int, ...], kind: type[np.generic]
) -> NDArray[np.generic]:
    path = corpus.folder / name
    if name not in corpus.manifest["files"]:
        if shape[0]:
            raise InputError(f"the manifest does not name {name}", path=str(corpus.folder))
        return np.zeros(shape, kind)
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"cannot be read as an array: {error}", path=str(path)) from error
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype != kind:
        raise InputError("not the array that the manifest names", path=str(path))
    return found


def _npy(values: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _statistics(images: Images) -> tuple[list[float], list[float]]:
    """Return mean and deviation of each channel, where 1 is full light; sums are exact."""
    channels = images.shape[3]
    total, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for start in range(0, len(images), BLOCK):
        part = images[start : start + BLOCK].reshape(-1, channels).astype(np.int64)
        total += part.sum(axis=0)
        squares += (part * part).sum(axis=0)
    count = images.size // channels
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1.0))
    return [round(float(x) / 255, 6) for x in mean], [round(float(x) / 255, 6) for x in std]
