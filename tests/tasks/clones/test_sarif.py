"""A report of clones as SARIF, and what its fingerprints outlive."""

from pathlib import Path
from typing import Any

import pytest

from tests.tasks.clones.conftest import Finder
from tests.tasks.clones.golden import GOLDEN
from tests.tasks.sarif_rules import complaints
from tidemill.tasks.clones.finding import CloneReport
from tidemill.tasks.clones.sarif import LINKED, report_as_sarif

BILL = GOLDEN["python"].original


def log_of(found: CloneReport, *, has_baseline: bool = False) -> dict[str, Any]:
    return report_as_sarif(found, version="9.9", has_baseline=has_baseline)


def only_result(found: CloneReport) -> dict[str, Any]:
    (result,) = log_of(found)["runs"][0]["results"]
    assert isinstance(result, dict)
    return result


@pytest.mark.claim("house.clones.sarif")
def test_a_class_is_a_result_and_its_other_members_are_related(find: Finder) -> None:
    edited = GOLDEN["python"].edited
    found = find({"a.py": BILL, "b/b b.py": f"\n{BILL}", "c.py": edited, "bin.py": b"\0"})
    log = log_of(found)
    assert complaints(log) == []
    run = log["runs"][0]
    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("tidemill", "9.9")
    result = only_result(found)
    assert result["ruleId"] == "clone-3"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "clone-3"
    assert result["message"]["text"] == (
        "bill has 2 clones (similarity 0.85): [bill](1), [bill](2)"
    )
    places = [result["locations"][0], *result["relatedLocations"]]
    assert [place["physicalLocation"]["artifactLocation"]["uri"] for place in places] == [
        "a.py",
        "b/b%20b.py",
        "c.py",
    ]
    assert places[1]["physicalLocation"]["region"] == {"startLine": 2, "endLine": 11}
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"] == "binary: it holds a NUL character"


@pytest.mark.claim("house.clones.sarif")
def test_fingerprints_outlive_moved_lines_and_edits(find: Finder) -> None:
    before = only_result(find({"a.py": BILL, "b.py": BILL}))["partialFingerprints"]
    assert list(before) == ["tidemillCloneClass/v1"]
    moved = only_result(find({"a.py": f"import os\n\n\n{BILL}"}))["partialFingerprints"]
    edited = only_result(find({"b.py": GOLDEN["python"].edited}))["partialFingerprints"]
    more = only_result(find({"c.py": BILL}))["partialFingerprints"]
    assert before == moved == edited != more


def test_no_clones_are_no_results(find: Finder) -> None:
    log = log_of(find({"a.py": BILL}))
    assert complaints(log) == []
    assert log["runs"][0]["results"] == []


def test_many_members_are_all_related_but_not_all_linked(find: Finder) -> None:
    found = find({f"{place:03}.py": BILL for place in range(LINKED + 5)})
    result = only_result(found)
    assert complaints(log_of(found)) == []
    assert len(result["relatedLocations"]) == LINKED + 4
    assert result["message"]["text"].endswith(f"[bill]({LINKED}) and 4 more")


def test_a_baseline_gives_results_their_state(find: Finder, tmp_path: Path) -> None:
    find({"a.py": BILL, "b.py": BILL})
    empty = tmp_path / "empty.json"
    empty.write_text('{"classes": []}')
    log = log_of(find(baseline=empty), has_baseline=True)
    assert [result["baselineState"] for result in log["runs"][0]["results"]] == ["new"]
    assert complaints(log) == []
    assert "baselineState" not in only_result(find())
