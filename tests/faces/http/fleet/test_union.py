import json

from tests.faces.http.fleet.reports import report
from tidemill.faces.http.fleet.union import union


def test_experts_say_who_has_them_in_which_tier() -> None:
    said = {"a": json.loads(report("hot", "own")), "b": json.loads(report("hot", load_ms=2.0))}
    found = {one["name"]: one for one in union(said)["experts"]}
    assert list(found) == ["cold", "hot", "own"]
    assert found["hot"]["nodes"] == {"a": "host", "b": "host"}
    assert found["cold"]["nodes"] == {"a": "disk", "b": "disk"}
    assert found["own"]["nodes"] == {"a": "host"}
    assert (found["hot"]["host_bytes"], found["hot"]["load_ms"]) == (20, 2.0)
    assert (found["cold"]["tier"], found["cold"]["idle_seconds"]) == ("disk", None)


def test_the_nearest_tier_counts() -> None:
    cold, warm = json.loads(report()), json.loads(report("x"))
    warm["experts"][0]["name"] = "cold"
    (one,) = union({"a": cold, "b": {**warm, "experts": warm["experts"][:1]}})["experts"]
    assert (one["tier"], one["nodes"]) == ("host", {"a": "disk", "b": "host"})
    assert (one["idle_seconds"], one["load_ms"]) == (3.0, 4.0)


def test_tiers_workers_and_queues_add_up() -> None:
    said = {"a": json.loads(report("hot", waiting=2)), "b": json.loads(report(waiting=3))}
    both = union(said)
    tiers = {tier["name"]: tier for tier in both["tiers"]}
    assert both["waiting"] == 5
    assert (tiers["host"]["used_bytes"], tiers["host"]["budget_bytes"]) == (20, 200)
    assert (tiers["disk"]["experts"], tiers["disk"]["budget_bytes"]) == (3, None)
    assert [worker["node"] for worker in both["workers"]] == ["a", "a", "b", "b"]


def test_one_node_is_as_it_says() -> None:
    said = json.loads(report("hot", waiting=2))
    alone = union({"a": said})
    assert (alone["tiers"], alone["waiting"]) == (said["tiers"], 2)
    assert union({}) == {"tiers": [], "experts": [], "workers": [], "waiting": 0}


def test_who_had_no_time_to_say_anything_is_left_out() -> None:
    said = json.loads(report("hot", waiting=2))
    assert union({"a": said, "b": {}}) == union({"a": said})
