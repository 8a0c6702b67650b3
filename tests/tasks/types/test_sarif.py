import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.tasks.sarif_rules import complaints
from tidemill.tasks.types.report import TypesReport
from tidemill.tasks.types.sarif import report_as_sarif

Program = Callable[[Mapping[str, str]], Path]
Run = Callable[..., TypesReport]


def test_a_fix_writes_the_type(program: Program, unchecked: Run) -> None:
    text = "import x from 'x';\nexport const g = ä => x;\n"
    folder = program({"a.ts": text, "b.ts": "export interface Point {}\n", "bad.ts": "\0"})
    found = unchecked(folder, {"ä": "Point[]"})
    log = json.loads(json.dumps(report_as_sarif(found, version="1")))
    assert complaints(log) == []
    (run,) = log["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "missing-type-unverified"
    assert result["message"]["text"] == "the parameter ä could be typed as Point\\[\\]"
    assert result["locations"][0]["physicalLocation"]["region"]["startColumn"] == 18
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    lines = text.split("\n")
    for one in reversed(change["replacements"]):
        region = one["deletedRegion"]
        assert (region["endLine"], region["endColumn"]) == (
            region["startLine"],
            region["startColumn"],
        )
        line, column = region["startLine"] - 1, region["startColumn"] - 1
        lines[line] = lines[line][:column] + one["insertedContent"]["text"] + lines[line][column:]
    assert "\n".join(lines).encode() == found.changes[0].after
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "warning"
