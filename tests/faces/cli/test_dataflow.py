import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.tasks.sarif_rules import complaints

Run = Callable[..., tuple[int, str, str]]

ROUTES = """\
const { exec } = require('child_process');
const { find } = require('./store');
exports.list = function (req, db) {
  exec(req.query.command);
  find(db, req.body.id);
};
"""
STORE = "exports.find = (db, id) => db.query('select ' + id);\n"
TYPES = [
    {"file": "routes.js", "line": 3, "column": 26, "type": "Request", "confidence": 0.9},
    {"file": "store.js", "line": 1, "column": 17, "type": "Pool", "confidence": 0.6},
]


@pytest.fixture
def shop(tree: Path) -> Path:
    """The tree with a small shop, and types of it."""
    (tree / "routes.js").write_text(ROUTES)
    (tree / "store.js").write_text(STORE)
    (tree / "types.json").write_text(json.dumps(TYPES))
    return tree


def test_a_table_of_flows(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    code, out, err = tidemill("dataflow", ".", "--from", "http", "--types", "types.json")
    assert (code, err) == (1, "")
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "1. command-injection: Data from outside becomes a command.",
        "routes.js:4:8 exec(req.query.command); source Request.query",
        "routes.js:4:8 exec(req.query.command); field read",
        "routes.js:4:3 exec(req.query.command); sink child_process.exec(0)",
        "",
        "2. sql-injection: Data from outside becomes a part of a statement in SQL.",
        "routes.js:5:12 find(db, req.body.id); source Request.body",
        "routes.js:5:12 find(db, req.body.id); field read",
        f"store.js:1:21 {STORE.strip()} argument of a call",
        f"store.js:1:49 {STORE.strip()} passed on",
        f"store.js:1:37 {STORE.strip()} computed from it",
        f"store.js:1:28 {STORE.strip()} sink Pool:query(0)",
        "",
        "2 flows in 2 files; 2 sources, 2 sinks",
        "3 calls: 1 in the program, 2 outside",
    ]


def test_without_types_there_are_none(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    code, out, _ = tidemill("dataflow", ".", "--from", "http", "--to", "sql,command")
    assert code == 0
    assert out.splitlines()[0] == "0 flows in 2 files; 0 sources, 1 sink"


def test_types_that_are_not_sure_enough_are_not_taken(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    flags = ("--from", "http", "--types", "types.json", "--confidence", ".8")
    code, out, _ = tidemill("dataflow", ".", *flags, "--json")
    assert code == 1
    facts = json.loads(out)
    assert [flow["kind"] for flow in facts["flows"]] == ["command-injection"]
    assert [part["types"] for part in facts["resolution"]] == ["none", "declared", "inferred"]


def test_patterns_sanitizers_and_unknown_calls(tidemill: Run, shop: Path) -> None:
    (shop / "app.js").write_text("save(read()); save(clean(read())); save(wrap(read()))\n")
    flags = ("dataflow", "app.js", "--from", "read", "--to", "save(0)")
    found = [
        len(json.loads(tidemill(*flags, *more, "--json")[1])["flows"])
        for more in ((), ("--sanitizer", "clean"), ("--sanitizer", "clean", "--no-unknown"))
    ]
    assert found == [3, 2, 1]


def test_longer_flows_are_left_out(tidemill: Run, shop: Path) -> None:
    assert shop.is_dir()
    flags = ("--from", "http", "--types", "types.json", "--max-steps", "3")
    code, out, err = tidemill("dataflow", ".", *flags)
    assert (code, out.count("injection:")) == (1, 1)
    assert err == "1 flow of more steps not told\n"


def test_sets_of_a_file_and_the_list_of_them(tidemill: Run, shop: Path) -> None:
    (shop / "own.toml").write_text('[sources]\nqueue = ["take"]\n[sinks]\naudit = "note(0)"\n')
    (shop / "app.js").write_text("note(take())\n")
    code, out, _ = tidemill("dataflow", "app.js", "--patterns", "own.toml")
    assert code == 1
    assert out.startswith("1. audit: Data from a source come to a sink.")
    listed = tidemill("dataflow", "--list-patterns", "--patterns", "own.toml")[1].splitlines()
    assert listed[0] == "--from http (request)"
    assert listed[-2:] == ["--to audit", "  note(0)"]
    facts = json.loads(tidemill("dataflow", "--list-patterns", "--json")[1])
    assert "child_process.exec(0)" in facts["sinks"]["command-injection"]


def test_sarif_and_pictures(tidemill: Run, shop: Path) -> None:
    flags = ("dataflow", ".", "--from", "http", "--types", "types.json")
    code, _, err = tidemill(*flags, "--sarif", "flows.sarif", "-o", "flow.svg", "--finding", "2")
    assert (code, err) == (1, "wrote flow.svg\nwrote flows.sarif\n")
    log = json.loads((shop / "flows.sarif").read_text())
    assert complaints(log) == []
    assert len(log["runs"][0]["results"]) == 2
    drawn = "".join(ET.fromstring((shop / "flow.svg").read_text()).itertext())  # noqa: S314
    assert "sql-injection" in drawn
    assert tidemill(*flags, "--format", "dot")[1].startswith("digraph")
    code, out, err = tidemill(*flags, "--format", "svg", "--finding", "3")
    assert (code, out) == (2, "")
    assert "there is no flow 3 to draw: 2 flows found" in err


def test_what_cannot_be_parsed_is_told(tidemill: Run, shop: Path) -> None:
    (shop / "broken.js").write_text("const = ;\n")
    _, _, err = tidemill("dataflow", ".", "--from", "http")
    assert err == "broken.js: 1 place could not be parsed: flows through them may be missing\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("", 2, "no file is named"),
        ("a.js b.js", 2, "several files are named"),
        (". --from htttp", 2, "did you mean http?"),
        (". --to f(x)", 2, "not the position of an argument"),
        ("gone --from http", 3, "no such file"),
        (". --types gone.json", 3, "gone.json: cannot be read"),
        (". --types routes.js", 3, "not JSON"),
        (". --patterns gone.toml", 3, "gone.toml: cannot be read"),
        ("--list-patterns --patterns routes.js", 3, "not TOML"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_wrong_use_is_told(tidemill: Run, words: str, code: int, message: str) -> None:
    said = tidemill("dataflow", *words.split())
    assert (said[0], said[1]) == (code, "")
    assert message in said[2]


@pytest.mark.usefixtures("shop")
def test_an_empty_path_is_told(tidemill: Run) -> None:
    assert tidemill("dataflow", "", "--from", "http")[0] == 2
