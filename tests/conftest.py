"""What every test may ask for."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from tests.npm import TYPESCRIPT, unpacked
from tidemill.core.clock import FixedClock

# Whoever starts the tests in the background leaves SIGINT ignored, for us and our children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is gated on wall-clock: a busy machine must not fail a right program.
# In CI the same examples come every time; by hand, new ones.
settings.register_profile(
    "house", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true"
)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test load experts but those that ask for it."""
    monkeypatch.setenv("TIDEMILL_SEARCH_EXPERTS", "none")
    monkeypatch.setenv("TIDEMILL_CLONE_EXPERTS", "none")


@pytest.fixture
def repository() -> Path:
    """The root of the repository."""
    return Path(__file__).parents[1]


@pytest.fixture
def shared_data(repository: Path) -> Path:
    """The folder of benchmark data: TIDEMILL_DATA, else ../shared/data beside the repository."""
    named = os.environ.get("TIDEMILL_DATA")
    folder = Path(named) if named else repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no benchmark data at {folder}; set TIDEMILL_DATA to their folder")
    return folder


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon of a day in 2026."""
    return FixedClock(datetime(2026, 1, 2, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def npm_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where packages of npm are kept for a test run; its workers share it."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if own.name.startswith("popen-") else own) / "npm"


@pytest.fixture(scope="session")
def typescript(npm_shelf: Path) -> Path:
    """The folder of a TypeScript compiler that can be asked."""
    return unpacked(TYPESCRIPT, npm_shelf)
