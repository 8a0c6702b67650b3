"""Packages made on the spot, and a client that hands them out instead of a registry."""

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidemill.corpus.recipe import Package

Files = Mapping[str, str | bytes]

WORDS = (
    *("apple", "banana", "cherry", "damson", "elder", "fig", "grape", "hazel", "ivy", "juniper"),
    *("kale", "lemon", "mango", "nettle", "olive", "pear", "quince", "rose", "sage", "thyme"),
)


def data_of(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def zipped(path: Path, files: Files) -> Path:
    """Write a zip, or a wheel."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, data_of(text))
    return path


def tarred(path: Path, files: Files) -> Path:
    """Write a tar, packed as its name says."""
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # one of four modes
        for name, text in files.items():
            data = data_of(text)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def deb(path: Path, files: Files) -> Path:
    """Write a Debian package: an ar archive with two tars."""
    inner = tarred(path.with_suffix(".tar.xz"), {f"./{name}": text for name, text in files.items()})
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": inner.read_bytes()}
    body = b"!<arch>\n"
    for name, data in parts.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
        body += head.encode() + data + b"\n" * (len(data) % 2)
    path.write_bytes(body)
    inner.unlink()
    return path


def python_module(topic: str, words: Sequence[str] = WORDS) -> str:
    """Functions of one topic, each documented and unlike every other."""
    return "\n\n".join(
        f"def {word}_{topic}(tree, limit={number}):\n"
        f'    """Pick the ripe {word} for the {topic} of the day."""\n'
        f"    {word} = tree.shake_{word}({number}, {topic!r})\n"
        f"    {topic}_{word} = [{word}.{topic}[{number}], limit, tree.{word}_{topic}]\n"
        f"    return {topic}_{word} + [{word}_{topic}]"
        for number, word in enumerate(words)
    )


def wheel(folder: Path, name: str, files: Files, *, licence: str = "MIT") -> Path:
    """Write a wheel of version 1.0 that says its licence."""
    metadata = {f"{name}-1.0.dist-info/METADATA": f"Name: {name}\nLicense-Expression: {licence}\n"}
    return zipped(folder / f"{name}-1.0-py3-none-any.whl", {**files, **metadata})


def pin(file: Path, **facts: str) -> str:
    """Return the line of a recipe that pins a file."""
    values = {"version": "1.0", "licence": "MIT", "sha256": sha256(file)} | facts
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items()) + " },"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Shelf:
    """A client that takes packages from a folder, by the beginnings of their files' names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []

    def __call__(self, package: Package, folder: Path, state: Path) -> None:
        assert not list(folder.iterdir())
        assert state.name == "apt"
        self.asked.append(str(package))
        for file in sorted(self.folder.glob(f"{package.name}-*")):
            shutil.copy(file, folder)
