from datetime import UTC, datetime
from pathlib import Path

import pytest

from tidemill.core.clock import FixedClock
from tidemill.core.errors import StoreError
from tidemill.core.settings import Settings
from tidemill.tasks.indexing import index
from tidemill.tasks.status import status


def test_everything_is_counted(tree: Path, settings: Settings) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    index([tree], settings=settings, clock=FixedClock(moment))
    state = status(settings, cwd=tree)
    assert (state.files, state.journaled, state.agrees) == (3, 4, True)
    assert state.languages == {"javascript": 1, "python": 1, "text": 1}
    assert state.units == {"function": 1, "method": 2, "module": 2, "text": 1}
    assert [(entry.path, entry.reason.partition(":")[0]) for entry in state.skipped] == [
        ("photo.bin", "binary")
    ]
    assert state.reasons == {"binary": 1}
    assert state.stale == 0
    assert state.indexed_at == moment
    assert state.bytes_on_disk > 0
    assert state.root == tree


def test_changed_and_vanished_files_are_stale(indexed: Path, settings: Settings) -> None:
    (indexed / "dates.py").write_text("x = 1\n")
    (indexed / "notes.txt").unlink()
    assert status(settings, cwd=indexed).stale == 2


def test_without_a_store(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(StoreError, match="there is no index"):
        status(settings, cwd=tmp_path)
