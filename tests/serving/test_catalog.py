from pathlib import Path

import pytest

from tests.serving.packages import static_expert
from tidemill.core.errors import ExpertError
from tidemill.experts.registry import ExpertRegistry
from tidemill.serving.catalog import Catalog


def test_experts_that_come_go_and_are_replaced_are_noticed(tmp_path: Path) -> None:
    own = tmp_path / "own"
    static_expert(own / "search-a", "search-a")
    catalog = Catalog(ExpertRegistry([own]))
    assert catalog.refresh().replaced == frozenset()
    first = catalog.find("search-a")
    assert list(catalog.names) == ["search-a"]
    static_expert(own / "search-b", "search-b", seed=1)
    (own / "search-a").rename(tmp_path / "old")
    static_expert(own / "search-a", "search-a", seed=2)
    assert catalog.refresh().replaced == {first.expert_hash}
    assert list(catalog.names) == ["search-a", "search-b"]
    assert catalog.refresh().replaced == frozenset()
    assert catalog.find("search-a").expert_hash != first.expert_hash


def test_what_is_not_changed_is_not_opened_again(tmp_path: Path) -> None:
    static_expert(tmp_path / "search-a", "search-a")
    catalog = Catalog(ExpertRegistry([tmp_path]))
    first = catalog.find("search-a")
    catalog.refresh(force=True)
    assert catalog.find("search-a") is first


def test_damaged_experts_are_listed_with_the_reason(tmp_path: Path) -> None:
    static_expert(tmp_path / "search-a", "search-a")
    (tmp_path / "search-b").mkdir()
    catalog = Catalog(ExpertRegistry([tmp_path]))
    catalog.refresh()
    assert catalog.names == ("search-a", "search-b")
    assert "expert.json is missing" in str(catalog.troubles["search-b"])
    with pytest.raises(ExpertError, match=r"expert\.json is missing"):
        catalog.find("search-b")


def test_nothing_of_the_weights_is_mapped(tmp_path: Path) -> None:
    package = static_expert(tmp_path / "search-a", "search-a")
    path = str(package.folder / "model.safetensors")
    del package
    catalog = Catalog(ExpertRegistry([tmp_path]))
    catalog.refresh()
    assert catalog.packages["search-a"].parameters > 0
    assert path not in Path("/proc/self/maps").read_text()
