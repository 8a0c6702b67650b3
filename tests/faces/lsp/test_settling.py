"""What a compiler has of a file after types were tried in it."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.faces.lsp.compiling import QuietService
from tidemill.faces.lsp.compilers import OpenProject
from tidemill.faces.lsp.settling import accepted, settled
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile

if TYPE_CHECKING:
    from tidemill.source.typescript.service import CompilerService

SAVED = b"export function f(a) {}\n"
SHOWN = b"export function f(a, b) {}\n"


@pytest.fixture
def service() -> QuietService:
    return QuietService()


@pytest.fixture
def project(tmp_path: Path, service: QuietService) -> OpenProject:
    """A project with a file in which types are tried, some of which stand."""
    path = tmp_path / "a.ts"
    path.write_bytes(SAVED)
    found = OpenProject(root=tmp_path, service=cast("CompilerService", service))
    found.show({path: SHOWN})
    assert service.texts == {"a.ts": SHOWN}
    tree = parse(SHOWN, LANGUAGES["typescript"])
    file = ProjectFile(path, "a.ts", tree=tree, encoding="utf-8", key="")
    read = read_type("string")
    assert read is not None
    offers = [Offer(type=read, confidence=0.5)]
    number = next(number for number, site in enumerate(file.sites) if site.name == "a")
    verdict = settled(found, file, {number: offers}, invoked={}, seconds_left=lambda: 60.0)
    assert verdict.standing == {number: offers[0]}
    assert service.texts["a.ts"] == SHOWN.replace(b"a,", b"a: string,")
    found.show({path: SHOWN})
    assert service.texts["a.ts"] == SHOWN
    assert accepted(found, file, number, offers) == [True]
    assert service.texts["a.ts"] != SHOWN
    return found


def test_a_file_that_stays_open_says_again_what_is_shown(
    project: OpenProject, service: QuietService
) -> None:
    project.show({project.root / "a.ts": SHOWN})
    assert service.texts == {"a.ts": SHOWN}


def test_a_file_that_is_closed_says_what_is_on_disk(
    project: OpenProject, service: QuietService
) -> None:
    project.show({})
    assert service.texts == {"a.ts": SAVED}
    assert not project.shown


def test_a_file_that_was_never_saved_says_nothing_when_it_is_closed(
    project: OpenProject, service: QuietService
) -> None:
    (project.root / "a.ts").unlink()
    project.show({})
    assert service.texts == {"a.ts": b""}
