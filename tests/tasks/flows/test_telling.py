from pathlib import Path

import pytest

from tests.tasks.flows.conftest import Teller

TWO_FILES = {
    "src/a.js": "import { f } from './b';\n\n  const é = source(); f(é);\n",
    "src/b.js": "export function f(x) {\n\tsink('a' +\n    x);\n}\n",
}


def test_every_step_has_its_line_and_column(tell: Teller) -> None:
    (flow,) = tell(TWO_FILES).flows
    places = [(step.path, step.line, step.column, step.text) for step in flow.steps]
    assert places[0] == ("src/a.js", 3, 13, "source()")
    assert places[-1] == ("src/b.js", 2, 7, "'a' + x")
    last = flow.steps[-1]
    assert (last.end_line, last.end_column, last.source_line) == (3, 6, "sink('a' +")
    assert (flow.call.path, flow.call.line, flow.call.column) == ("src/b.js", 2, 2)
    assert flow.steps[0].source_line == "const é = source(); f(é);"
    assert flow.steps[0].source_column == 3


def test_paths_count_from_the_working_folder(
    tell: Teller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (flow,) = tell(TWO_FILES, inside="src").flows
    assert flow.call.path == "src/b.js"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    telling = tell(TWO_FILES, inside="src")
    monkeypatch.chdir(elsewhere)
    assert telling.flows[0].call.path == str(tmp_path / "root" / "src" / "b.js")


def test_of_a_long_line_what_stands_around_is_shown(tell: Teller) -> None:
    (flow,) = tell({"a.js": f"f('{'x' * 5_000}'); sink(source()); g({'y' * 5_000})"}).flows
    step = flow.steps[0]
    assert len(step.source_line) == 240
    start = step.column - step.source_column
    assert step.source_line[start : start + 8] == "source()"


def test_flows_of_more_steps_are_left_out(tell: Teller) -> None:
    telling = tell(
        {"a.js": "sink(source()); const a = source(); const b = a; sink(b)"}, most_steps=2
    )
    assert [len(flow.steps) for flow in telling.flows] == [1]
    assert telling.longer == 1


def test_the_facts(tell: Teller) -> None:
    facts = tell({"a.js": "sink(source())", "b.js": "const = 1"}).to_dict()
    assert (facts["files"], facts["sources"], facts["sinks"], facts["longer"]) == (2, 1, 1, 0)
    assert len(facts["flows"]) == len(facts["problems"]) == 1  # type: ignore[arg-type]
