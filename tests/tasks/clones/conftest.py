from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tidemill.core.settings import Settings
from tidemill.tasks.clones.finding import CloneReport, CloneRules, clones
from tidemill.tasks.clones.report import CloneClass

Finder: TypeAlias = Callable[..., CloneReport]
ALONE = replace(Settings(), workers=1)


@pytest.fixture
def find(tmp_path: Path) -> Finder:
    """Writes files into a folder and finds the clones in it."""
    root = tmp_path / "code"
    root.mkdir()

    def found(files: Mapping[str, str | bytes] | None = None, **rules: Any) -> CloneReport:
        for name, text in (files or {}).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        experts = [rules.pop("expert")] if "expert" in rules else []
        return clones([root], rules=CloneRules(**rules), settings=ALONE, cwd=root, experts=experts)

    return found


def told(found: CloneClass) -> tuple[object, ...]:
    """A class as its type and where its members are."""
    return (found.type, *(f"{member.path}:{member.line}" for member in found.members))
