"""What never enters, whoever names it: pickles, code, and requests to run code."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from tidemill.core.errors import ExpertError

__all__ = ["HEAD_BYTES", "refuse_code", "refuse_magic", "refuse_name"]

HEAD_BYTES: Final = 256
"""How much of a file `refuse_magic` wants to see."""

_PICKLE = "a pickle, which runs code when it is read"
_CODE = "code, and nothing in an expert is run"
_ENDINGS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt"), _PICKLE)
    | dict.fromkeys((".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh"), _CODE)
)
_CODE_KEYS = frozenset({"auto_map", "trust_remote_code", "custom_pipelines"})
_PICKLE_START = re.compile(rb"\x80[\x02-\x05]")
_OBJECTS = re.compile(rb"'descr':\s*[^}]*'[|<>=]?O\d*'")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip file, as torch.save writes around pickles"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", _CODE),
    (b"\xcf\xfa\xed\xfe", _CODE),
    (b"MZ\x90\0", _CODE),
)
_HINT = "weights go into model.safetensors, data into .json or .txt"


def refuse_name(name: str) -> None:
    """Refuse a file by its ending.

    Args:
        name: The file's name.

    Raises:
        ExpertError: It is a pickle or code.
    """
    reason = _ENDINGS.get(PurePath(name).suffix.lower())
    if reason:
        raise ExpertError(f"{name}: {reason}", hint=_HINT)


def refuse_magic(head: bytes, *, where: str) -> None:
    """Refuse a file by how it begins, whatever it is called.

    Args:
        head: Its first bytes, ``HEAD_BYTES`` of them where there are so many.
        where: The file, for the message.

    Raises:
        ExpertError: It is a pickle, a program or an archive.
    """
    reason = _PICKLE if _PICKLE_START.match(head) else None
    reason = reason or next((why for magic, why in _MAGIC if head.startswith(magic)), None)
    if head.startswith(b"\x93NUMPY"):
        reason = "an array of pickled objects" if _OBJECTS.search(head) else "a bare array"
    if reason:
        raise ExpertError(f"{where}: {reason}", hint=_HINT)


def refuse_code(config: object, *, where: str) -> None:
    """Refuse a configuration that asks for code of its own, at any depth.

    Args:
        config: Parsed JSON.
        where: The file, for the message.

    Raises:
        ExpertError: One of its keys names code to load.
    """
    for key in _keys(config):
        if key in _CODE_KEYS:
            raise ExpertError(
                f"{where}: {key} asks to run code, and nothing in an expert is run",
                hint="take the field out if the expert works without it",
            )


def _keys(config: object) -> Iterator[str]:
    todo = [config]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            yield from value
            todo += value.values()
        elif isinstance(value, list):
            todo += value
