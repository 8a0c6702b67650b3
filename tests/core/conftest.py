"""What the tests of the core share."""

from collections.abc import Iterator

import pytest

from tests.core.cluster_work import left_of, processes_below
from tidemill.core.cluster import connect, disconnect


@pytest.fixture(scope="session")
def local_cluster() -> Iterator[None]:
    """A cluster of one node with four CPUs, for the tests that ask for one; gone afterwards."""
    pytest.importorskip("ray")
    connect(cpus=4)
    started = processes_below()
    yield
    started |= processes_below()
    disconnect()
    assert started
    assert not left_of(started)
