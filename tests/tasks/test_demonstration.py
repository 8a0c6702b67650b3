import shutil
import sysconfig
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tidemill.core.errors import StoreError
from tidemill.core.settings import Settings
from tidemill.tasks.demonstration import (
    Answered,
    Checked,
    Drawn,
    Indexed,
    Learned,
    Opened,
    Switched,
    Verified,
    demo_folder,
    demonstrate,
    library_paths,
)

STDLIB = Path(sysconfig.get_path("stdlib"))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three modules of the standard library, with things the demo leaves out."""
    root = tmp_path / "library"
    root.mkdir()
    for name in ("heapq.py", "shutil.py", "datetime.py"):
        shutil.copy(STDLIB / name, root)
    for folder in ("site-packages", "test", "json", "json/tests", "email", "config-3.11-linux"):
        (root / folder).mkdir()
        (root / folder / "thing.py").write_text("def thing(): pass\n")
    return root


def test_the_library_is_whole_without_packages_and_tests(library: Path) -> None:
    names = [str(path.relative_to(library)) for path in library_paths(library)]
    assert names == ["datetime.py", "email", "heapq.py", "json/thing.py", "shutil.py"]


def test_the_store_lies_in_the_cache(tmp_path: Path) -> None:
    folder = demo_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert folder == tmp_path / "tidemill" / "demo" / ".tidemill"
    assert demo_folder({}).is_relative_to(Path.home())


@pytest.mark.claim("house.demo")
@pytest.mark.slow
def test_every_scene_is_computed(library: Path, tmp_path: Path) -> None:
    settings = Settings(store=tmp_path / "demo" / ".tidemill", workers=1)
    scenes = list(demonstrate(verify=True, library=library, settings=settings))
    kinds = [type(scene) for scene in scenes]
    answers = [Answered, Answered, Answered]
    assert kinds == [Opened, Checked, Indexed, Learned, *answers, Drawn, Switched, Verified]
    indexed, learned, copied, drawn, shown, verified = (
        scenes[place] for place in (2, 3, 5, 7, 8, 9)
    )
    assert isinstance(indexed, Indexed)
    assert indexed.facts.units["function"] > 100
    assert isinstance(learned, Learned)
    assert learned.report.missing == {}
    assert learned.report.embedded > 100
    assert isinstance(copied, Answered)
    assert copied.answer.hits[0].name == "copytree"
    assert isinstance(drawn, Drawn)
    assert drawn.flow.name == "_siftup"
    assert ET.parse(drawn.picture).getroot().tag.endswith("svg")  # noqa: S314 - our own text
    assert isinstance(shown, Switched)
    steps = shown.switching.steps
    assert max(step.used_bytes for step in steps) <= shown.switching.budget_bytes
    assert shown.switching.evictions > 0
    assert {"disk", "active"} <= {step.hop.tier for step in steps}
    assert isinstance(verified, Verified)
    assert verified.holds
    again = list(demonstrate(library=library, settings=settings))[2]
    assert isinstance(again, Indexed)
    assert again.report.indexed == 0
    assert again.facts.units == indexed.facts.units


def test_without_a_library_in_source_the_demo_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no standard library"):
        next(demonstrate(library=tmp_path, settings=Settings(store=tmp_path / "s")))
