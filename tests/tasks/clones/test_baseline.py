"""What an earlier report has is not news: moved, edited and merged classes."""

import json
from pathlib import Path

import pytest

from tests.tasks.clones.conftest import Finder, told
from tests.tasks.clones.golden import GOLDEN
from tidemill.core.errors import InputError
from tidemill.faces.cli.output import json_text
from tidemill.tasks.clones.baseline import read_baseline
from tidemill.tasks.clones.finding import CloneReport
from tidemill.tasks.clones.sarif import report_as_sarif

BILL, EDITED, WORDS = (getattr(GOLDEN["python"], name) for name in ("original", "edited", "other"))
FORMATS = ["json", "sarif"]


def saved(found: CloneReport, path: Path, form: str) -> Path:
    """Write a report as the command line does."""
    document = found if form == "json" else report_as_sarif(found, version="1", has_baseline=False)
    path.write_text(json_text(document))
    return path


@pytest.mark.claim("house.clones.baseline")
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_new_in_what_did_not_change(find: Finder, tmp_path: Path, form: str) -> None:
    baseline = saved(find({"a.py": BILL, "b.py": EDITED}), tmp_path / "base", form)
    found = find(baseline=baseline)
    assert (found.classes, found.known, found.duplicated_lines) == ((), 1, 0)


@pytest.mark.claim("house.clones.baseline")
@pytest.mark.parametrize("form", FORMATS)
def test_moved_lines_and_edits_are_not_new(find: Finder, tmp_path: Path, form: str) -> None:
    baseline = saved(find({"a.py": BILL, "b.py": BILL}), tmp_path / "base", form)
    moved = {"a.py": f"import os\n\n\n{EDITED}", "b.py": f"{WORDS}\n\n{BILL}"}
    assert find(moved, baseline=baseline).classes == ()


@pytest.mark.claim("house.clones.baseline")
@pytest.mark.parametrize("form", FORMATS)
def test_a_new_member_is_new_and_the_others_are_known(
    find: Finder, tmp_path: Path, form: str
) -> None:
    baseline = saved(find({"a.py": BILL, "b.py": BILL}), tmp_path / "base", form)
    found = find({"c.py": GOLDEN["python"].renamed}, baseline=baseline)
    (one,) = found.classes
    assert {member.path: member.is_new for member in one.members} == {
        "a.py": False,
        "b.py": False,
        "c.py": True,
    }


def test_a_new_class_is_new_as_a_whole(find: Finder, tmp_path: Path) -> None:
    baseline = saved(find({"a.py": BILL, "b.py": BILL}), tmp_path / "base", "json")
    found = find({"c.py": WORDS, "d.py": WORDS}, baseline=baseline)
    assert [told(one) for one in found.classes] == [("1", "c.py:1", "d.py:1")]
    assert all(member.is_new for member in found.classes[0].members)
    assert found.known == 1


def test_known_functions_in_new_company_are_new(find: Finder, tmp_path: Path) -> None:
    first = find({"a.py": BILL, "b.py": BILL, "c.py": WORDS, "d.py": WORDS})
    baseline = saved(first, tmp_path / "base", "json")
    found = find(
        {"a.py": WORDS.replace("words", "bill"), "b.py": "", "d.py": ""}, baseline=baseline
    )
    assert [told(one) for one in found.classes] == [("2", "a.py:1", "c.py:1")]


def test_two_classes_that_become_one_are_not_new(find: Finder, tmp_path: Path) -> None:
    strict = find(
        {"a.py": BILL, "b.py": BILL, "c.py": EDITED, "d.py": EDITED}, types=frozenset("1")
    )
    assert len(strict.classes) == 2
    found = find(baseline=saved(strict, tmp_path / "base", "json"))
    assert (found.classes, found.known) == ((), 1)


def test_without_a_baseline_all_is_new(find: Finder) -> None:
    found = find({"a.py": BILL, "b.py": BILL})
    assert all(member.is_new for member in found.classes[0].members)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "3",
        "null",
        '{"classes": 3}',
        '{"classes": [3]}',
        '{"classes": [{}]}',
        '{"classes": [{"members": [{}]}]}',
        '{"runs": [{}]}',
        '{"runs": [{"results": [{"properties": 3}]}]}',
        '{"runs": [{"results": [{"properties": {}}]}]}',
        '{"runs": [{"results": [{"properties": {"tidemillMembers": "abc"}}]}]}',
        "[" * 100_000,
        "\ufffe",
    ],
)
def test_what_is_no_report_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not a report of clones") as caught:
        read_baseline(path)
    assert caught.value.path == str(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="not a report of clones"):
        read_baseline(path)


def test_a_baseline_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_baseline(tmp_path / "gone.json")


def test_empty_reports_know_nothing(find: Finder, tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.write_text(json.dumps({"classes": []}))
    assert len(find({"a.py": BILL, "b.py": BILL}, baseline=path).classes) == 1
