import re
import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks, commands, run_page
from tests.docs.picture import PICTURE, picture

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "sample"
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.claim("house.docs")
@each_page
def test_every_block_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(SAMPLE, project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    run_page(page, project)


@each_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_blocks_are_found_with_their_lines() -> None:
    page = "# a\n\n```python\nx = 1\n```\n\n```console no-run: slow\n$ y\n```\n```text\nz\n```\n"
    assert blocks(page) == (
        Block(line=4, language="python", remark="", text="x = 1\n"),
        Block(line=8, language="console", remark="no-run: slow", text="$ y\n"),
    )
    assert [block.runs for block in blocks(page)] == [True, False]


def test_no_run_needs_a_reason() -> None:
    assert [block.runs for block in blocks("```console no-run:\n$ x\n```\n")] == [True]


def test_commands_come_with_their_output() -> None:
    assert commands("$ a b\none\ntwo\n$ c\n") == [("a b", "one\ntwo\n"), ("c", "")]


@pytest.mark.parametrize(
    "block",
    [
        "```python\nassert False\n```\n",
        "```console\n$ false\n```\n",
        "```console\n$ true  # exit 1\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
    ],
)
def test_a_wrong_block_fails(block: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(block)
    with pytest.raises(AssertionError):
        run_page(page, tmp_path)


def test_a_right_block_passes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one two\none ...\n$ exit 3  # exit 3\n```\n")
    run_page(page, tmp_path)


def test_the_picture_in_the_readme_is_what_is_drawn() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "python -m tests.docs.picture"
