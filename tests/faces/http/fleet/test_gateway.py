"""The command over two nodes that are processes of this machine, with real experts."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.core.cluster_work import left_of
from tests.faces.http.api.conftest import Reply, Served, serve
from tests.faces.http.clients import until
from tests.serving.packages import static_expert
from tidemill.core.settings import Settings
from tidemill.tasks.indexing import index

pytestmark = pytest.mark.timeout(400)

FLAGS = ("--nodes", "2", "--workers", "1", "--host-bytes", "40M", "--active-bytes", "64M")
EXPERTS = ("search-hot", "search-own")
NODES = {"local-1", "local-2"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two experts, and an index of some code."""
    folder = tmp_path_factory.mktemp("fleet")
    for seed, name in enumerate(EXPERTS):
        static_expert(folder / "experts" / name, name, seed=seed)
    (folder / "code").mkdir()
    (folder / "code" / "dates.py").write_text("def parse_iso_date(text):\n    return text\n")
    index([folder / "code"], settings=Settings(store=folder / "store", workers=1))
    return folder


@pytest.fixture(scope="module")
def gateway(home: Path) -> Iterator[Served]:
    """A gateway over two nodes, both there."""
    with serve(home / "experts", *FLAGS, "--store", str(home / "store")) as served:
        all_there(served)
        yield served


def all_there(served: Served) -> list[dict[str, Any]]:
    """Wait until both nodes are there, and return what is known of them."""
    assert until(lambda: served.get("/ready").json.get("nodes") == 2)
    nodes: list[dict[str, Any]] = served.get("/v1/nodes").json["nodes"]
    assert {node["name"] for node in nodes} == NODES
    return nodes


def embed(served: Served, model: str = "search-hot", **body: object) -> Reply:
    return served.post("/v1/embeddings", {"model": model, "input": "a date"} | body)


def tiers(served: Served, expert: str) -> dict[str, str]:
    """In which tier each node has an expert."""
    found: dict[str, str] = served.get(f"/v1/experts/{expert}").json["nodes"]
    return found


def who_has(served: Served, expert: str) -> set[str]:
    return {node for node, tier in tiers(served, expert).items() if tier != "disk"}


def evicted(served: Served) -> None:
    for expert in EXPERTS:
        assert served.post(f"/v1/experts/{expert}/evict").status == 200
        assert who_has(served, expert) == set()


@pytest.mark.claim("coe.nodes.placement")
def test_a_request_goes_where_its_expert_is(gateway: Served) -> None:
    evicted(gateway)
    for expert, node in zip(EXPERTS, ("local-2", "local-1"), strict=True):
        assert gateway.post(f"/v1/experts/{expert}/load?node={node}").json["nodes"][node] == "host"
    for _ in range(5):
        for expert, node in zip(EXPERTS, ("local-2", "local-1"), strict=True):
            reply = embed(gateway, expert)
            assert (reply.status, reply.json["model"]) == (200, expert)
            assert reply.headers["tidemill-node"] == node
    assert who_has(gateway, "search-hot") == {"local-2"}


@pytest.mark.claim("coe.nodes.placement")
def test_a_hot_expert_is_soon_on_both_nodes(gateway: Served) -> None:
    evicted(gateway)
    asked: Counter[str] = Counter()

    def client(number: int) -> None:
        while len(asked) < 2 and asked.total() < 5_000:
            reply = embed(gateway, input=[f"date {number}"] * 50)
            assert reply.status == 200, reply.body
            asked[reply.headers["tidemill-node"]] += 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(client, range(16)))
    assert set(asked) == NODES
    assert who_has(gateway, "search-hot") == NODES


@pytest.mark.claim("coe.nodes.lost")
def test_no_request_fails_when_a_node_is_killed_and_it_comes_back(gateway: Served) -> None:
    before = {node["name"]: node for node in all_there(gateway)}
    for node in NODES:
        gateway.post(f"/v1/experts/search-hot/load?node={node}")

    def client(number: int) -> int:
        if number == 60:
            os.kill(before["local-1"]["pid"], signal.SIGKILL)
        return embed(gateway, input=[f"request {number}"] * 20).status

    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(client, range(300)))
    assert statuses == {200: 300}
    assert until(lambda: any(node["losses"] for node in gateway.get("/v1/nodes").json["nodes"]))
    after = {node["name"]: node for node in all_there(gateway)}
    assert after["local-1"]["pid"] != before["local-1"]["pid"]
    assert after["local-2"]["pid"] == before["local-2"]["pid"]
    assert after["local-1"]["losses"] == before["local-1"]["losses"] + 1
    assert gateway.post("/v1/experts/search-own/load?node=local-1").status == 200


@pytest.mark.slow
def test_a_server_that_hangs_is_replaced(gateway: Served) -> None:
    before = {node["name"]: node for node in all_there(gateway)}
    os.kill(before["local-2"]["pid"], signal.SIGSTOP)
    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(lambda _: embed(gateway).status, range(40)))
    assert statuses == {200: 40}

    def is_replaced() -> bool:
        nodes = {node["name"]: node for node in gateway.get("/v1/nodes").json["nodes"]}
        return bool(nodes["local-2"]["losses"] > before["local-2"]["losses"])

    assert until(is_replaced)
    all_there(gateway)
    assert not left_of({before["local-2"]["pid"]})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"model": ', 400, "the body is no JSON"),
        (b"[" * 100 + b"]" * 100, 400, "deeper than 64"),
        (b"", 422, "request"),
        ({"model": "search-tokenz", "input": "x"}, 404, "no expert search-tok"),
        ({"model": "search-hot", "input": []}, 422, "input"),
        ({"model": "../x", "input": "x"}, 422, "model"),
        ({"experts": ["*"], "input": "x"}, 422, "model"),
    ],
)
def test_what_cannot_be_is_refused_by_a_node_in_its_words(
    gateway: Served, body: object, status: int, said: str
) -> None:
    reply = gateway.post("/v1/embeddings", body)
    assert reply.status == status, reply.body
    assert said in reply.error["message"] + str(reply.error["param"])
    assert reply.headers["tidemill-node"] in NODES


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/experts/search-nobody/load", 404, "no expert search-nobody"),
        ("/v1/experts/search-hot/load?node=local-9", 400, "no such node"),
        ("/v1/experts/search-hot/eat", 422, "move"),
    ],
)
def test_a_move_that_cannot_be_is_refused(
    gateway: Served, path: str, status: int, said: str
) -> None:
    reply = gateway.post(path)
    assert reply.status == status, reply.body
    assert said in reply.error["message"] + str(reply.error["param"])


def test_experts_are_moved_everywhere_or_on_one_node(gateway: Served) -> None:
    all_there(gateway)
    evicted(gateway)
    pinned = gateway.post("/v1/experts/search-own/pin").json
    assert (pinned["is_pinned"], set(pinned["nodes"].values())) == (True, {"host"})
    gateway.post("/v1/experts/search-own/unpin")
    moved = gateway.post("/v1/experts/search-own/evict?node=local-1").json
    assert moved["nodes"] == {"local-1": "disk", "local-2": "host"}
    assert gateway.get("/v1/experts/search-nobody").status == 404


def test_the_view_of_all_nodes_is_that_of_one_and_more(gateway: Served) -> None:
    all_there(gateway)
    shown = gateway.get("/v1/experts").json
    assert set(shown) == {"tiers", "experts", "workers", "waiting"}
    assert [tier["name"] for tier in shown["tiers"]] == ["disk", "host", "active"]
    assert {worker["node"] for worker in shown["workers"]} == NODES
    command = [sys.executable, "-m", "tidemill", "experts", "top", "--once", "--url", gateway.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "search-hot" in done.stdout


def test_what_any_node_knows_is_passed_on(gateway: Served) -> None:
    names = {one["id"] for one in gateway.get("/v1/models").json["data"]}
    assert set(EXPERTS) <= names
    assert gateway.get("/v1/models/search-hot").json["task"] == "search"
    assert gateway.get("/v1/models/search-nobody").status == 404
    found = gateway.post("/v1/search", {"query": "parse iso date"})
    assert found.json["hits"][0]["name"] == "parse_iso_date"
    assert found.headers["tidemill-node"] in NODES
    body = {"functions": ["int a() { return 0; }"] * 2, "language": "java"}
    assert len(gateway.post("/v1/tasks/clones", body).json["pairs"]) == 1


@pytest.mark.claim("coe.nodes.doors")
def test_a_node_wants_a_token_that_stands_nowhere(gateway: Served) -> None:
    for node in all_there(gateway):
        assert urlsplit(node["url"]).hostname == "127.0.0.1"
        direct = replace(gateway, url=node["url"])
        assert direct.get("/v1/models").status == 401
        assert embed(direct).status == 401
        assert direct.get("/health").status == 200
        command = Path("/proc", str(node["pid"]), "cmdline").read_bytes().split(b"\0")
        facts = next(json.loads(word) for word in command if word.startswith(b"{"))
        assert set(facts) == {"path", "socket", "memory_bytes", "parent"}
        environ = Path("/proc", str(node["pid"]), "environ").read_bytes().split(b"\0")
        inherited = {os.fsencode(f"{name}={value}") for name, value in os.environ.items()}
        assert b"token" not in b"\0".join(set(environ) - inherited).lower()


def test_numbers_are_there_for_prometheus(gateway: Served) -> None:
    embed(gateway)
    text = gateway.get("/metrics").body.decode()
    families = {one.name: one for one in text_string_to_metric_families(text)}
    sent = {one.labels["node"]: one.value for one in families["tidemill_node_requests"].samples}
    assert set(sent) == NODES
    assert sum(sent.values()) >= 1
    assert families["tidemill_nodes_there"].samples[0].value == 2
    assert gateway.get("/health").json == {"status": "ok"}


def test_the_description_names_every_route(gateway: Served) -> None:
    paths = set(gateway.get("/openapi.json").json["paths"])
    assert paths == {
        "/health",
        "/metrics",
        "/ready",
        "/v1/chains",
        "/v1/embeddings",
        "/v1/experts",
        "/v1/experts/{name}",
        "/v1/experts/{name}/{move}",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/nodes",
        "/v1/search",
        "/v1/tasks/clones",
        "/v1/tasks/route",
        "/v1/tasks/search",
    }


@pytest.mark.slow
def test_a_gateway_that_is_asked_to_end_answers_first_and_leaves_nobody(home: Path) -> None:
    with serve(home / "experts", *FLAGS) as served:
        pids = {node["pid"] for node in all_there(served)}
        workers = {one["pid"] for one in served.get("/v1/experts").json["workers"]}
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(embed, served, input=["words " * 2_000] * 50) for _ in range(8)]
            assert until(lambda: _is_busy(served))
            served.process.send_signal(signal.SIGTERM)
            statuses = {one.result().status for one in asked}
        assert served.process.wait(60) == 0
    assert statuses == {200}
    assert not left_of(pids | workers)


def _is_busy(served: Served) -> bool:
    return bool(sum(node["waiting"] for node in served.get("/v1/nodes").json["nodes"]) == 8)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--cluster", "127.0.0.1:1"), "cannot be reached"),
        (("--cluster", "nowhere"), "address is nowhere"),
        (("--cluster", "auto", "--nodes", "2"), "exclude each other"),
        (("--nodes", "0"), "0 nodes on one machine"),
        (("--nodes", "65"), "65 nodes on one machine"),
        pytest.param(
            ("--nodes", "2", "--pin", "search-nobody"), "search-nobody", marks=pytest.mark.slow
        ),
    ],
)
def test_a_fleet_that_cannot_be_is_a_typed_error(
    home: Path, flags: tuple[str, ...], said: str
) -> None:
    command = [sys.executable, "-m", "tidemill", "serve", "--port", "0", "--as-root", *flags]
    environ = os.environ | {"TIDEMILL_EXPERTS": str(home / "experts"), "HOME": str(home)}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == (3 if "--pin" in flags else 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
