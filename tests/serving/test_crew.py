import os
import signal
from pathlib import Path

import pytest

from tests.serving.faulty import faulty_expert
from tests.serving.nodes import ask, running, until, within
from tidemill.serving import crew

pytestmark = pytest.mark.timeout(240)

FICKLE = """\
from pathlib import Path
if Path(__file__).with_suffix(".off").exists():
    raise ImportError("not at the moment")
"""


def test_workers_that_do_not_start_for_long_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "PAUSE_SECONDS", 0.05)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "fickle.py").write_text(FICKLE)
    faulty_expert(tmp_path / "experts", "search-0")
    is_off = tmp_path / "fickle.off"

    async def work() -> None:
        preloaded = ("fickle",)
        async with running(tmp_path / "experts", workers=1, spares=0, preloaded=preloaded) as node:
            is_off.touch()
            os.kill(node.crew.members[0].worker.pid, signal.SIGKILL)
            await until(lambda: node.crew.failed_starts > crew.HASTY_STARTS, seconds=120)
            assert not node.is_ready
            is_off.unlink()
            await until(lambda: node.is_ready, seconds=60)
            assert node.crew.failed_starts == 0
            assert (await ask(node, "search-0")).values

    within(200, work)
