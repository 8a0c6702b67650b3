from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.lsp.compiling import quiet_compilers
from tidemill.core.errors import CapacityError
from tidemill.faces.lsp.compilers import MOST_FAILURES, Compilers
from tidemill.faces.lsp.limits import Limits
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

TEXT = b"import { made } from './made';\nexport const first = made();\n"


def test_without_a_compiler_that_is_said_once() -> None:
    told: list[str] = []
    compilers = Compilers(Path("/nowhere"), Limits(), told.append, trusts_projects=True)
    for root in (Path("/a"), Path("/a"), Path("/b")):
        assert compilers.project(root, {}) is None
    assert len(told) == 1
    assert "npm install" in told[0]
    assert len(compilers) == 0


def test_a_compiler_beside_the_files_is_run_only_where_projects_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root, other = tmp_path / "one", tmp_path / "two"
    begun = quiet_compilers(monkeypatch)
    told: list[str] = []
    trusting = Compilers(None, Limits(), told.append, trusts_projects=True)
    assert trusting.project(root, {}) is not None
    assert (len(begun), told) == (1, [])
    wary = Compilers(None, Limits(), told.append, trusts_projects=False)
    for one in (root, root, other):
        assert wary.project(one, {}) is None
    assert len(begun) == 1
    (words,) = told
    assert "setting typescript" in words
    assert "--typescript FOLDER" in words
    named = Compilers(tmp_path / "named", Limits(), told.append, trusts_projects=False)
    assert named.project(other, {}) is not None


def test_a_project_that_was_given_up_is_asked_about_again_when_a_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quiet_compilers(monkeypatch)
    compilers = Compilers(None, Limits(), lambda _: None, trusts_projects=True)

    def give_up() -> None:
        for _ in range(MOST_FAILURES):
            compilers.failed(tmp_path, CapacityError("it ended"))
        assert compilers.has_given_up(tmp_path)
        assert compilers.project(tmp_path, {}) is None

    give_up()
    compilers.reread(tmp_path, [tmp_path / "a.ts"])
    assert compilers.project(tmp_path, {}) is not None
    give_up()
    compilers.revive(tmp_path)
    assert compilers.project(tmp_path, {}) is not None


@pytest.fixture
def compilers(typescript: Path) -> Iterator[Compilers]:
    found = Compilers(typescript, Limits(compilers=1), lambda _: None, trusts_projects=False)
    yield found
    found.close()
    assert len(found) == 0


@pytest.mark.slow
def test_a_project_sees_what_is_shown_and_what_is_on_disk(
    compilers: Compilers, tmp_path: Path
) -> None:
    path, made = tmp_path / "a.ts", tmp_path / "made.ts"
    made.write_text("export const made = () => 1;\n")

    def first(shown: dict[Path, bytes]) -> str | None:
        project = compilers.project(tmp_path, shown)
        assert project is not None
        sites = sites_of(parse(TEXT, LANGUAGES["typescript"]))
        return project.service.types(project.name(path), sites)[0]

    assert first({path: TEXT}) == "number"
    assert first({path: TEXT, made: b"export const made = () => '';\n"}) == "string"
    assert first({path: TEXT}) == "number"
    made.write_text("export const made = () => true;\n")
    assert first({path: TEXT}) == "number"
    compilers.reread(tmp_path, [made, tmp_path / "nowhere.ts"])
    assert first({path: TEXT}) == "boolean"


@pytest.mark.slow
def test_a_project_that_fails_again_and_again_is_left_until_it_changes(
    compilers: Compilers, tmp_path: Path
) -> None:
    for _ in range(MOST_FAILURES - 1):
        compilers.failed(tmp_path, CapacityError("it ended"))
    assert compilers.project(tmp_path, {}) is not None
    compilers.worked(tmp_path)
    for _ in range(MOST_FAILURES):
        compilers.failed(tmp_path, CapacityError("it ended"))
    assert compilers.project(tmp_path, {}) is None
    compilers.forget(tmp_path)
    assert compilers.project(tmp_path, {}) is not None


@pytest.mark.slow
def test_only_the_last_used_ones_run(compilers: Compilers, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert compilers.project(tmp_path / name, {}) is not None
    assert len(compilers) == 1
