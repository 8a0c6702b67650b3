from pathlib import Path

import pytest

from tidemill.core.choosing import chosen_executor
from tidemill.core.executor import InlineExecutor, Resources
from tidemill.core.processes import ProcessExecutor
from tidemill.core.settings import Settings


def test_one_worker_is_this_process_and_several_are_processes() -> None:
    assert isinstance(chosen_executor(Settings(workers=1)), InlineExecutor)
    assert isinstance(chosen_executor(Settings(workers=2)), ProcessExecutor)
    assert isinstance(chosen_executor(Settings(workers=2), small=True), InlineExecutor)
    assert isinstance(chosen_executor(Settings(workers=1), apart=True), ProcessExecutor)


@pytest.mark.slow
@pytest.mark.usefixtures("local_cluster")
def test_a_cluster_that_is_named_does_the_work(tmp_path: Path) -> None:
    executor = chosen_executor(Settings(workers=2, cluster="local"), in_order=True)
    paths = [str(tmp_path / name) for name in ("a", "b", "c")]
    outcomes = executor.map(Path, paths, resources=Resources(workers=2))
    assert [outcome.unwrap() for outcome in outcomes] == [Path(path) for path in paths]
