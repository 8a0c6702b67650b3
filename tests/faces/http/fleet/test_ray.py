"""The command over two nodes of a Ray cluster, one of which is killed under load."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.core.cluster_work import TwoNodes, left_of, two_nodes
from tests.faces.http.api.conftest import Served, serve
from tests.faces.http.clients import until
from tests.serving.packages import static_expert

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FLAGS = ("--workers", "1", "--host-bytes", "40M", "--active-bytes", "64M")
LONG = 180.0


@pytest.fixture
def cluster() -> Iterator[TwoNodes]:
    """A cluster of two nodes."""
    pytest.importorskip("ray")
    with two_nodes() as nodes:
        yield nodes


def nodes_there(served: Served) -> list[dict[str, Any]]:
    return [node for node in served.get("/v1/nodes").json["nodes"] if node["is_there"]]


@pytest.mark.claim("coe.nodes.lost")
def test_no_request_fails_when_a_node_of_a_cluster_is_killed(
    cluster: TwoNodes, tmp_path: Path
) -> None:
    static_expert(tmp_path / "search-hot", "search-hot")
    environ = {name: cluster.environ[name] for name in cluster.environ if name.startswith("RAY_")}
    flags = ("--cluster", cluster.address, *FLAGS)
    with serve(tmp_path, *flags, **environ) as served:
        assert until(lambda: len(nodes_there(served)) == 2, seconds=LONG)
        before = {node["name"]: node for node in nodes_there(served)}
        assert served.post("/v1/experts/search-hot/load").status == 200
        asked: Counter[tuple[int, str]] = Counter()
        ends_at = [float("inf")]

        def client(number: int) -> None:
            body = {"model": "search-hot", "input": [f"request {number}"] * 20}
            while time.monotonic() < ends_at[0]:
                reply = served.post("/v1/embeddings", body)
                asked[reply.status, reply.headers.get("tidemill-node", "")] += 1

        with ThreadPoolExecutor(8) as threads:
            clients = [threads.submit(client, number) for number in range(8)]
            assert until(lambda: {node for _, node in asked} == before.keys())
            cluster.kill_second()
            assert until(lambda: len(nodes_there(served)) == 1, seconds=LONG)
            (left,) = (node["name"] for node in nodes_there(served))
            answered = asked[200, left]
            assert until(lambda: asked[200, left] > answered + 100)
            ends_at[0] = 0.0
            for one in clients:
                one.result()
        assert {status for status, _ in asked} == {200}
        assert left in before
        assert not left_of({before[name]["pid"] for name in before if name != left})

        cluster.add_third()
        assert until(lambda: len(nodes_there(served)) == 2, seconds=LONG)
        assert until(lambda: len(served.get("/v1/nodes").json["nodes"]) == 2, seconds=LONG)
        pids = {node["pid"] for node in nodes_there(served)}
    assert served.process.returncode == 0
    assert not left_of(pids)
