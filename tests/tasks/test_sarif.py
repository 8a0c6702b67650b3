"""Findings of any kind as SARIF."""

import os

import pytest

from tests.tasks.sarif_rules import complaints
from tidemill.tasks.sarif import Notice, Place, Result, Rule, escaped, sarif_log

RULES = (Rule(id="one", text="One thing."), Rule(id="two", text="Another.", level="error"))


def result_at(path: str, **facts: object) -> Result:
    place = Place(path=path, line=3, end_line=4)
    return Result(rule="two", message="it is there", place=place, **facts)  # type: ignore[arg-type]


def test_a_log_is_sound_and_says_what_it_was_given() -> None:
    related = [Place(path="b.py", line=1, end_line=1, message="the other")]
    result = result_at("a.py", related=related, fingerprints={"x/v1": "f"}, properties={"n": 1})
    log = sarif_log([result], rules=RULES, version="1.2", notices=[Notice(path="c", text="shut")])
    assert complaints(log) == []
    run = log["runs"][0]  # type: ignore[index]  # plain JSON
    (told,) = run["results"]
    assert (told["ruleId"], told["ruleIndex"], told["level"]) == ("two", 1, "error")
    assert told["relatedLocations"][0]["message"] == {"text": "the other"}
    assert (told["partialFingerprints"], told["properties"]) == ({"x/v1": "f"}, {"n": 1})
    assert "baselineState" not in told


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.py", "a%20b/%C3%BC.py"),
        ("a#b?.py", "a%23b%3F.py"),
        (os.fsdecode(b"caf\xe9.py"), "caf%E9.py"),
        ("/x y/a.py", "file:///x%20y/a.py"),
        (os.fsdecode(b"/caf\xe9.py"), "file:///caf%E9.py"),
    ],
)
def test_paths_become_uris(path: str, uri: str) -> None:
    log = sarif_log([result_at(path)], rules=RULES, version="1")
    assert complaints(log) == []
    place = log["runs"][0]["results"][0]["locations"][0]  # type: ignore[index]  # plain JSON
    assert place["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_brackets_in_names_make_no_links() -> None:
    assert escaped(r"operator[](1) \x") == r"operator\[\](1) \\x"


def test_an_empty_log_is_sound() -> None:
    assert complaints(sarif_log([], rules=RULES, version="1")) == []
