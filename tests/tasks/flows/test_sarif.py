from typing import Any

from tests.tasks.flows.conftest import Teller
from tests.tasks.sarif_rules import complaints
from tidemill.tasks.flows.sarif import flows_as_sarif
from tidemill.tasks.flows.telling import Telling

TEXT = "const a = [source()];\nsink(a[0]);\n"


def log_of(telling: Telling) -> dict[str, Any]:
    return flows_as_sarif(telling, version="9.9")


def test_a_flow_is_a_result_with_its_way(tell: Teller) -> None:
    log = log_of(tell({"a.js": TEXT, "broken.js": "const = ;"}))
    assert complaints(log) == []
    (result,) = log["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("given", "error")
    assert result["message"]["text"].endswith(r"It comes from [source()](1) as source.")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    (flow,) = result["codeFlows"]
    (thread,) = flow["threadFlows"]
    lines = [
        one["location"]["physicalLocation"]["region"]["startLine"] for one in thread["locations"]
    ]
    assert (lines[0], lines[-1]) == (1, 2)
    words = [one["location"]["message"]["text"] for one in thread["locations"]]
    assert (words[0], words[-1]) == ("source", "sink")
    (notice,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "could not be parsed" in notice["message"]["text"]


def test_brackets_of_code_make_no_links(tell: Teller) -> None:
    log = log_of(tell({"a.js": "sink(source('[x](9)'))"}))
    assert complaints(log) == []


def test_a_fingerprint_outlives_moved_lines(tell: Teller) -> None:
    prints = []
    for text in (TEXT, f"// moved\n\n{TEXT}", TEXT.replace("a[0]", "a[0], 1")):
        (result,) = log_of(tell({"a.js": text}))["runs"][0]["results"]
        prints.append(result["partialFingerprints"]["tidemillFlow/v1"])
    assert prints[0] == prints[1] != prints[2]


def test_without_flows_the_rules_are_there(tell: Teller) -> None:
    (run,) = log_of(tell({"a.js": "1"}))["runs"]
    assert run["results"] == []
    assert "sql-injection" in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
