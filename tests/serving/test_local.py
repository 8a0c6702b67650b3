from pathlib import Path

import numpy as np
import pytest

from tests.serving.packages import TEXTS, encoder_expert, static_expert
from tests.serving.test_embedder import code_texts
from tidemill.core.errors import CapacityError, ExpertError
from tidemill.experts.package import open_expert
from tidemill.experts.registry import ExpertRegistry
from tidemill.serving.embedder import open_embedder
from tidemill.serving.local import LocalExperts

MB = 1 << 20


def local(folder: Path, host_bytes: int = 4 * MB, active_bytes: int = 4 * MB) -> LocalExperts:
    return LocalExperts(ExpertRegistry([folder]), host_bytes=host_bytes, active_bytes=active_bytes)


def test_an_expert_answers_through_the_tiers_as_it_does_alone(tmp_path: Path) -> None:
    encoder_expert(tmp_path / "search-code")
    experts = local(tmp_path)
    alone = open_embedder(open_expert(tmp_path / "search-code"))
    hosted = experts.embedder(experts.find("search-code"))
    assert hosted.expert_hash == alone.expert_hash
    assert hosted.size == alone.size
    assert hosted.code(code_texts()) == pytest.approx(alone.code(code_texts()), abs=1e-6)
    assert hosted.queries(TEXTS) == pytest.approx(alone.queries(TEXTS), abs=1e-6)
    assert hosted.code([]).shape == (0, alone.size)


def test_experts_take_turns_where_not_all_of_them_fit(tmp_path: Path) -> None:
    for number in range(3):
        static_expert(tmp_path / f"search-{number}", f"search-{number}", seed=number)
    packages = [open_expert(tmp_path / f"search-{number}") for number in range(3)]
    size = max(package.bytes_on_disk for package in packages)
    experts = local(tmp_path, host_bytes=2 * size)
    alone = [open_embedder(package).queries(TEXTS) for package in packages]
    for number in (0, 1, 2, 0, 2, 1, 1, 0):
        hosted = experts.embedder(experts.find(f"search-{number}"))
        assert np.array_equal(hosted.queries(TEXTS), alone[number])
        assert experts.host.used_bytes <= experts.host.arena.capacity_bytes
    assert experts.host.counters.evictions > 0


def test_an_embedder_outlives_the_eviction_of_its_expert(tmp_path: Path) -> None:
    for number in range(2):
        static_expert(tmp_path / f"search-{number}", f"search-{number}", seed=number)
    size = open_expert(tmp_path / "search-0").bytes_on_disk
    experts = local(tmp_path, host_bytes=size)
    first = experts.embedder(experts.find("search-0"))
    before = first.queries(TEXTS)
    experts.embedder(experts.find("search-1")).queries(TEXTS)
    assert np.array_equal(first.queries(TEXTS), before)
    assert experts.host.counters.loads == 3


def test_what_does_not_fit_is_refused_with_the_reason(tmp_path: Path) -> None:
    encoder_expert(tmp_path / "search-code")
    experts = local(tmp_path, host_bytes=8_192)
    package = experts.find("search-code")
    with pytest.raises(CapacityError, match="host tier has"):
        experts.embedder(package)


def test_an_expert_that_was_replaced_is_another_one(tmp_path: Path) -> None:
    static_expert(tmp_path / "own" / "search-0", "search-0")
    experts = local(tmp_path / "own")
    first = experts.find("search-0")
    static_expert(tmp_path / "new", "search-0", seed=5)
    (tmp_path / "own" / "search-0").rename(tmp_path / "old")
    (tmp_path / "new").rename(tmp_path / "own" / "search-0")
    second = experts.find("search-0")
    assert second.expert_hash != first.expert_hash
    assert experts.embedder(second).expert_hash == second.expert_hash


def test_an_expert_that_has_gone_is_unknown(tmp_path: Path) -> None:
    static_expert(tmp_path / "own" / "search-0", "search-0")
    experts = local(tmp_path / "own")
    experts.find("search-0")
    (tmp_path / "own" / "search-0").rename(tmp_path / "gone")
    with pytest.raises(ExpertError, match="no expert search-0"):
        experts.find("search-0")
