import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tasks.conftest import DATES
from tidemill.core.settings import Settings
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.indexing import index

INLINE = Settings(workers=1)


def graphs(root: Path) -> dict[str, bytes]:
    with Store(root / FOLDER) as store, store.snapshot() as snapshot:
        bodies = {body.hash: body for body in snapshot.bodies()}
        return {
            f"{row.path}:{unit.qualified_name}": bodies[unit.body_hash].graph
            for row in snapshot.files()
            for unit in snapshot.units(row.path)
        }


ALONE = {"k.ts": "k.ts", "j.js": "k.ts", "a.txt": "k.ts", "c.py": "c.py", "b.txt": "c.py"}


@pytest.mark.claim("house.store.enough")
def test_equal_texts_of_other_languages_share_no_graph(tmp_path: Path) -> None:
    texts = {"k.ts": "function f(a) { let b = <T>(a); return b }\n", "c.py": DATES}
    expected = {}
    for number, (name, source) in enumerate(ALONE.items()):
        root = tmp_path / str(number)
        root.mkdir()
        (root / name).write_text(texts[source])
        index([root], settings=INLINE)
        expected.update(graphs(root))
    assert expected["k.ts:f"] != expected["j.js:f"]
    for place, order in (("there", ALONE), ("back", reversed(ALONE))):
        root = tmp_path / place
        root.mkdir()
        for name in order:
            (root / name).write_text(texts[ALONE[name]])
            index([root], settings=INLINE)
        assert graphs(root) == expected
        assert Store(root / FOLDER).verify().sound


@pytest.mark.claim("house.store.enough")
def test_bodies_are_those_of_the_newest_limits(tree: Path, tmp_path: Path) -> None:
    def bodies(root: Path) -> set[tuple[str, bytes, bytes]]:
        with Store(root / FOLDER) as store, store.snapshot() as snapshot:
            return {(body.hash, body.text, body.graph) for body in snapshot.bodies()}

    fresh = shutil.copytree(tree, tmp_path / "fresh")
    index([fresh], settings=INLINE)
    whole = bodies(fresh)
    for most in (5, INLINE.max_unit_bytes, 5):
        assert index([tree], settings=replace(INLINE, max_unit_bytes=most)).indexed == 3
        assert Store(tree / FOLDER).verify().sound
        assert (bodies(tree) == whole) == (most != 5)
