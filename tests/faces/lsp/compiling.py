"""A compiler that is none: it knows no types, and remembers what it was told."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tidemill.core.errors import CapacityError
from tidemill.faces.lsp import compilers
from tidemill.source.typescript.compiler import Compiler

__all__ = ["QuietService", "quiet_compilers"]


class QuietService:
    """Calls everything ``any``, and has nothing against any type.

    Args:
        dies_of: What a text must have in it to end the compiler.

    Attributes:
        texts: What each file says, as far as it was told.
    """

    def __init__(self, dies_of: bytes = b"\0") -> None:
        self._dies_of = dies_of
        self.texts: dict[str, bytes] = {}

    def update(self, texts: Mapping[str, bytes]) -> None:
        """Take texts."""
        self.texts |= texts
        if any(self._dies_of in text for text in texts.values()):
            raise CapacityError("it ended")

    def types(self, _: str, sites: Sequence[object]) -> list[str]:
        """Say nothing of any site."""
        return ["any" for _ in sites]

    def members(self, _: str, offsets: Sequence[int]) -> list[None]:
        """Say nothing of any value."""
        return [None for _ in offsets]

    def sources(self) -> list[str]:
        """Return the files."""
        return list(self.texts)

    def dependents(self, paths: Sequence[str]) -> list[str]:
        """Return the files themselves."""
        return list(paths)

    def diagnostics(self, _: Sequence[str]) -> list[Any]:
        """Object to nothing."""
        return []

    def close(self) -> None:
        """Do nothing."""


def quiet_compilers(monkeypatch: pytest.MonkeyPatch, dies_of: bytes = b"\0") -> list[QuietService]:
    """Have all projects get such compilers, and return those that were begun."""
    begun: list[QuietService] = []

    def begin(*_: object, **__: object) -> QuietService:
        begun.append(QuietService(dies_of))
        return begun[-1]

    nowhere = Path("/nowhere")
    found = Compiler(node=nowhere, module=nowhere, version="5.9.3")
    monkeypatch.setattr(compilers, "find_compiler", lambda *_: found)
    monkeypatch.setattr(compilers, "CompilerService", begin)
    return begun
