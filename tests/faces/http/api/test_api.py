import base64
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faces.http.api.conftest import Reply, Served, serve
from tests.faces.http.clients import until
from tests.serving.packages import TEXTS
from tests.serving.test_embedder import code_texts
from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.serving.embedder import open_embedder

pytestmark = pytest.mark.timeout(400)


def vectors(reply: Reply) -> np.ndarray:
    assert reply.status == 200, reply.body
    return np.array([one["embedding"] for one in reply.json["data"]], dtype=np.float32)


def embed(server: Served, **body: object) -> Reply:
    return server.post("/v1/embeddings", {"model": "search-tokens", "input": "a date"} | body)


def test_vectors_are_those_of_the_expert_in_openais_shape(server: Served) -> None:
    queries = ["parse an iso date", "copy a tree"]
    reply = embed(server, input=queries)
    alone = open_embedder(open_expert(SHIPPED / "search-tokens")).queries(queries)
    assert vectors(reply) == pytest.approx(alone, abs=1e-6)
    answer = reply.json
    assert (answer["object"], answer["model"]) == ("list", "search-tokens")
    assert [one["index"] for one in answer["data"]] == [0, 1]
    assert answer["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


def test_vectors_come_in_base64_too(server: Served) -> None:
    plain = vectors(embed(server))
    reply = embed(server, encoding_format="base64")
    (one,) = reply.json["data"]
    assert np.frombuffer(base64.b64decode(one["embedding"]), "<f4") == pytest.approx(plain[0])


def test_functions_are_read_with_their_data_flow(server: Served, home: Path) -> None:
    text = code_texts()[0]
    alone = open_embedder(open_expert(home / "experts" / "search-own")).code([text])
    body = {"input": text.text.decode(), "kind": "code", "language": "python"}
    assert vectors(embed(server, model="search-own", **body)) == pytest.approx(alone, abs=1e-6)
    bare = vectors(embed(server, model="search-own", input=text.text.decode(), kind="code"))
    assert np.abs(bare - alone).max() > 1e-4


@pytest.mark.claim("coe.router")
def test_every_answer_says_who_why_and_what_it_waited_for(server: Served) -> None:
    (hop,) = embed(server).json["hops"]
    assert (hop["expert"], hop["why"]) == ("search-tokens", "asked for by name")
    assert hop["tier"] in {"active", "host", "disk"}
    assert all(hop[name] >= 0 for name in ("queue_ms", "load_ms", "compute_ms"))
    body = {"model": "auto", "task": "clones", "kind": "code", "input": TEXTS[2]}
    (hop,) = embed(server, **body, language="java").json["hops"]
    assert (hop["expert"], hop["why"]) == (
        "clones-java",
        "rule: the only expert on clones of java",
    )
    (hop,) = embed(server, **body, language="c").json["hops"]
    assert (hop["expert"], hop["runner_up"]) == ("clones-c-terms", "clones-c")


@pytest.mark.claim("coe.router")
def test_code_whose_language_nobody_says_goes_to_the_expert_that_reads_it_best(
    server: Served,
) -> None:
    program = '#include <stdio.h>\nint main()\n{\n    int n;\n    scanf("%d", &n);\n}\n'
    method = "public static String trim(String value) { return value.trim(); }"
    body = {"model": "auto", "task": "clones", "kind": "code"}
    for text, expert, category in (
        (program, "clones-c", "C++"),
        (method, "clones-java", "Java"),
    ):
        asked, last = embed(server, **body | {"input": text}).json["hops"]
        assert (asked["expert"], asked["operation"]) == ("routing-clones", "route")
        assert (last["expert"], last["why"]) == (expert, f"router: it seems to be {category}")
        told = server.post("/v1/tasks/route", {"input": text, "task": "clones"}).json
        assert (told["expert"], told["why"]) == (last["expert"], last["why"])


def test_experts_are_listed_as_models(server: Served) -> None:
    listed = server.get("/v1/models").json
    names = [one["id"] for one in listed["data"]]
    assert {"search-own", "search-tokens", "clones-java"} <= set(names)
    assert all(one["object"] == "model" for one in listed["data"])
    assert server.get("/v1/models/search-own").json["task"] == "search"


def test_experts_are_loaded_pinned_and_evicted_by_hand(server: Served) -> None:
    assert server.post("/v1/experts/search-own/evict").json["tier"] == "disk"
    loaded = server.post("/v1/experts/search-own/load").json
    assert (loaded["tier"], loaded["is_pinned"]) == ("host", False)
    assert loaded["host_bytes"] > 0
    assert loaded["load_ms"] > 0
    assert server.post("/v1/experts/search-own/pin").json["is_pinned"]
    assert not server.post("/v1/experts/search-own/unpin").json["is_pinned"]
    embed(server, model="search-own")
    shown = server.get("/v1/experts/search-own").json
    assert (shown["tier"], shown["workers"]) == ("active", 1)


def test_the_view_of_the_tiers_adds_up(server: Served) -> None:
    embed(server)
    shown = server.get("/v1/experts").json
    tiers = {tier["name"]: tier for tier in shown["tiers"]}
    assert list(tiers) == ["disk", "host", "active"]
    assert 0 < tiers["host"]["used_bytes"] <= tiers["host"]["budget_bytes"]
    assert tiers["disk"]["experts"] == len(shown["experts"])
    assert tiers["host"]["experts"] == sum(one["tier"] != "disk" for one in shown["experts"])
    assert {worker["state"] for worker in shown["workers"]} <= {"idle", "busy", "spare", "starting"}


def test_the_index_is_searched_by_the_servers_experts(server: Served) -> None:
    answer = server.post("/v1/search", {"query": "parse an iso date"}).json
    assert answer["hits"][0]["name"] == "parse_iso_date"
    assert {name for name, _ in answer["hits"][0]["parts"]} >= {"search-tokens", "search-terms"}
    assert not answer["state"]["unasked"]
    again = server.post("/v1/tasks/search", {"query": "parse", "languages": ["java"]}).json
    assert again["hits"] == []


def test_functions_that_do_the_same_are_told(server: Served) -> None:
    first, other = TEXTS[2], "int zero() { return 0; }"
    body = {"functions": [first, other, first.replace("sum", "all")], "language": "java"}
    answer = server.post("/v1/tasks/clones", body).json
    assert [(pair["first"], pair["second"]) for pair in answer["pairs"]] == [(0, 2)]
    assert answer["threshold"] == 0.85


def test_who_would_answer_is_told_without_asking(server: Served) -> None:
    facts = server.post("/v1/tasks/route", {"input": "x", "task": "clones", "language": "java"})
    assert (facts.json["expert"], facts.json["confidence"]) == ("clones-java", None)


def test_numbers_are_there_for_prometheus(server: Served) -> None:
    embed(server)
    reply = server.get("/metrics")
    families = {one.name: one for one in text_string_to_metric_families(reply.body.decode())}
    assert sum(sample.value for sample in families["tidemill_calls"].samples) >= 1
    buckets = [
        sample for sample in families["tidemill_compute_seconds"].samples if "le" in sample.labels
    ]
    assert buckets[-1].labels["le"] == "+Inf"
    assert [sample.value for sample in buckets] == sorted(sample.value for sample in buckets)


def test_it_says_that_it_lives_and_is_ready(server: Served) -> None:
    assert server.get("/health").json == {"status": "ok"}
    assert server.get("/ready").json["status"] == "ready"
    assert until(lambda: server.get("/ready").json["workers"] == 2)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"model": "search-tokenz"}, 404, "there is no expert search-tokenz"),
        ({"model": "../../etc/passwd"}, 422, "model"),
        ({"model": "clones-c"}, 404, "reads code alone"),
        ({"model": "auto", "task": "clones", "language": "cobol"}, 404, "no expert on clones"),
        ({"input": []}, 422, "input"),
        ({"input": ""}, 422, "input"),
        ({"input": [1, 2]}, 422, "input"),
        ({"input": ["x"] * 257}, 422, "input"),
        ({"input": "x" * (1 << 19)}, 422, "input"),
        ({"dimensions": 7}, 400, "vectors of 256 numbers, not of 7"),
        ({"dimensions": -1}, 422, "dimensions"),
        ({"seconds": 1e9}, 422, "seconds"),
        ({"kind": "song"}, 422, "kind"),
        ({"stream": True}, 422, "stream"),
        ({"encoding_format": "hex"}, 422, "encoding_format"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    server: Served, body: dict[str, object], status: int, said: str
) -> None:
    reply = embed(server, **body)
    assert reply.status == status, reply.body
    assert said in reply.error["message"] + str(reply.error["param"])


def test_chains_that_name_nobody_are_refused(server: Served) -> None:
    for experts in (["*"], ["search-tokens", "*"]):
        reply = server.post("/v1/chains", {"experts": experts, "input": "x"})
        assert reply.status in {400, 404}, reply.body
        assert reply.error["message"]


@pytest.mark.claim("coe.faults")
def test_no_request_fails_when_a_worker_is_killed(server: Served) -> None:
    workers = server.get("/v1/experts").json["workers"]
    victim = next(one for one in workers if one["state"] in {"idle", "busy"})

    def one(number: int) -> int:
        if number == 40:
            os.kill(victim["pid"], signal.SIGKILL)
        return embed(server, input=f"request {number}").status

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(one, range(120)))
    assert set(statuses) == {200}
    after = server.get("/v1/experts").json["workers"]
    assert victim["pid"] not in {worker["pid"] for worker in after}
    assert until(lambda: server.get("/ready").json["workers"] == 2)


def test_a_server_that_is_asked_to_end_answers_first(home: Path) -> None:
    with serve(home / "experts", "--workers", "1", "--host-bytes", "40M") as served:
        found: list[int] = []

        def client() -> None:
            body = {"model": "search-own", "input": ["words " * 2_000] * 64}
            found.append(served.post("/v1/embeddings", body).status)

        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        while served.get("/v1/experts").json["waiting"] < 3:
            pass
        served.process.send_signal(signal.SIGTERM)
        for one in clients:
            one.join()
        assert found == [200] * 4
        assert served.process.wait(60) == 0
        assert served.process.stderr is not None
        assert "Traceback" not in served.process.stderr.read()
