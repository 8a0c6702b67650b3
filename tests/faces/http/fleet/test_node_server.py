import os
from pathlib import Path

import pytest

from tidemill.core.errors import SettingError
from tidemill.core.settings import Settings, resolve
from tidemill.faces.http.fleet.node_server import NodeServer, settings_there
from tidemill.faces.http.fleet.serving import node_plan_for
from tidemill.faces.http.serving import ServePlan, node_plan

OWN = Settings()


def test_a_machine_has_its_own_defaults_for_what_nobody_has_set() -> None:
    sent = Settings(workers=1_000, host_bytes=1 << 40, cache_policy="lru")
    there = settings_there(sent, ("workers",))
    assert there.workers == len(os.sched_getaffinity(0))
    assert (there.host_bytes, there.cache_policy) == (1 << 40, "lru")
    assert settings_there(sent, ()) == sent


def test_what_is_set_holds_on_each_machine(tmp_path: Path) -> None:
    resolved = resolve({"workers": 7}, environ={}, cwd=tmp_path)
    plan = node_plan_for(resolved)
    assert plan.machine_settings == ["host_bytes", "active_bytes"]
    assert plan.settings == resolved.settings


def test_nodes_of_one_machine_share_it(tmp_path: Path) -> None:
    resolved = resolve({"host_bytes": "40M"}, environ={}, cwd=tmp_path)
    plan = node_plan_for(resolved, local=4)
    assert not plan.machine_settings
    assert plan.settings.host_bytes == 40_000_000
    assert plan.settings.active_bytes == OWN.active_bytes // 4
    assert plan.settings.workers == max(1, OWN.workers // 4)
    assert plan.sharers == 4


@pytest.mark.parametrize(("workers", "sharers", "threads"), [(4, 1, 4), (4, 4, 1), (1, 4, 4)])
def test_threads_of_all_nodes_of_a_machine_are_its_processors(
    monkeypatch: pytest.MonkeyPatch, workers: int, sharers: int, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert node_plan(Settings(workers=workers), sharers=sharers).threads == threads


def test_what_keeps_a_server_from_starting_is_told(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x" * 40)
    token.chmod(0o644)
    server = NodeServer(ServePlan(port=0, token_file=token), OWN)
    with pytest.raises(SettingError, match="others can read the token file"):
        server.place()
    server.stop()
