from pathlib import Path

import pytest

from tidemill.core.errors import StoreError
from tidemill.core.settings import Settings
from tidemill.tasks.whereabouts import required_store_folder, store_folder


def test_the_setting_wins(indexed: Path, tmp_path: Path) -> None:
    assert store_folder(Settings(store=tmp_path / "other"), indexed) == tmp_path / "other"


def test_the_nearest_store_on_the_way_up(indexed: Path, settings: Settings) -> None:
    assert store_folder(settings, indexed / "shop") == indexed / ".tidemill"
    assert store_folder(settings, indexed.parent) is None


def test_links_on_the_way_are_followed(indexed: Path, settings: Settings) -> None:
    link = indexed.parent / "link"
    link.symlink_to(indexed)
    assert store_folder(settings, link / "shop") == indexed / ".tidemill"
    assert store_folder(Settings(store=link / "kept"), link) == indexed / "kept"


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="other"):
        required_store_folder(Settings(store=tmp_path / "other"), tmp_path)
