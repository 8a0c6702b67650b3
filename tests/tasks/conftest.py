from pathlib import Path

import pytest

from tidemill.core.settings import Settings
from tidemill.tasks.indexing import index

DATES = '''\
"""Dates."""


def parse_iso_date(text):
    """Read a date as ISO 8601 writes it."""
    year, month, day = text.split("-")
    return int(year), int(month), int(day)


class Clock:
    """Tells the time."""

    def date_now(self, zone=None):
        moment = self.read(zone)
        return moment
'''
CART = "export class Cart {\n  total(items) {\n    return items.length;\n  }\n}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree of code, a note and a file that cannot be read."""
    root = tmp_path / "tree"
    (root / "shop").mkdir(parents=True)
    (root / "dates.py").write_text(DATES)
    (root / "shop" / "cart.js").write_text(CART)
    (root / "notes.txt").write_text("the tide table\n")
    (root / "photo.bin").write_bytes(b"\0\1\2")
    return root


@pytest.fixture
def settings() -> Settings:
    """Settings without a store, with one worker."""
    return Settings(workers=1)


@pytest.fixture
def indexed(tree: Path, settings: Settings) -> Path:
    """The tree, indexed into its own folder."""
    index([tree], settings=settings)
    return tree
