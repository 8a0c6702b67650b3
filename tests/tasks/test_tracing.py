from dataclasses import replace
from pathlib import Path

import pytest

from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings
from tidemill.source.program.receivers import GivenTypes
from tidemill.tasks.tracing import TraceOptions, trace

ROUTES = """
const { exec } = require('child_process');
const { find } = require('./store');
module.exports = function list(req, res) {
  exec(req.query.command);
  find(req.body.id);
};
"""
STORE = "exports.find = function (id, pool) { return pool.query('select ' + id) };\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small shop with a folder that is never entered, and a file of another language."""
    root = tmp_path / "shop"
    (root / "node_modules" / "left").mkdir(parents=True)
    (root / "node_modules" / "left" / "index.js").write_text("sink(source())")
    (root / "routes.js").write_text(ROUTES)
    (root / "store.js").write_text(STORE)
    (root / "notes.py").write_text("print(1)\n")
    return root


def test_flows_through_a_folder_with_types_from_elsewhere(shop: Path, settings: Settings) -> None:
    types = GivenTypes(
        {
            ("routes.js", ROUTES.index("req,")): "Request",
            ("store.js", STORE.index("pool)")): "Pool",
        }
    )
    report = trace([shop], types=types, settings=settings)
    assert [(flow.kind, flow.call.path, flow.call.text) for flow in report.flows] == [
        ("command-injection", "routes.js", "exec(req.query.command)"),
        ("sql-injection", "store.js", "pool.query('select ' + id)"),
    ]
    assert (report.root, report.files) == (shop, 2)
    assert set(report.texts) == {"routes.js", "store.js"}
    assert not report.problems
    assert not report.cut


def test_without_types_nothing_of_it_is_found(shop: Path, settings: Settings) -> None:
    assert not trace([shop], settings=settings).flows


def test_how_calls_are_resolved_with_more_and_more_types(shop: Path, settings: Settings) -> None:
    types = GivenTypes({("store.js", STORE.index("pool)")): "Pool"})
    report = trace([shop], types=types, settings=settings)
    assert [(part.types, part.calls, part.resolved) for part in report.resolution] == [
        ("none", 3, {"import": 1}),
        ("declared", 3, {"import": 1}),
        ("inferred", 3, {"import": 1}),
    ]
    assert [part.named for part in report.resolution] == [1, 1, 2]
    options = TraceOptions(with_resolution=False)
    only = trace([shop], types=types, options=options, settings=settings)
    assert [part.types for part in only.resolution] == ["inferred"]


def test_own_sources_sinks_and_sanitizers(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.ts").write_text("save(clean(read())); save(read()); keep(read())\n")
    options = TraceOptions(sanitizers={"clean": ()})
    report = trace(
        [tmp_path], sources=["read"], sinks=["save(0)"], options=options, settings=settings
    )
    assert [flow.call.text for flow in report.flows] == ["save(read())"]
    assert (report.sources, report.sinks) == (3, 2)


def test_a_single_file_is_a_program_too(shop: Path, settings: Settings) -> None:
    report = trace([shop / "routes.js"], sinks=["child_process.exec"], settings=settings)
    assert (report.files, report.root) == (1, shop)


def test_a_package_of_the_program_is_found_by_its_name(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "pack" / "src").mkdir(parents=True)
    (tmp_path / "pack" / "package.json").write_text('{"name": "@own/pack", "main": "src/a.js"}')
    (tmp_path / "pack" / "src" / "a.js").write_text("exports.save = x => sink(x)")
    (tmp_path / "main.js").write_text("import { save } from '@own/pack'; save(source())")
    report = trace([tmp_path], sources=["source"], sinks=["sink"], settings=settings)
    assert [flow.call.path for flow in report.flows] == ["pack/src/a.js"]


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "a.js").write_text("sink(source())")
    (tmp_path / "broken.js").write_text("const a = ;\nfunction (")
    (tmp_path / "binary.js").write_bytes(b"\xff\xfe\x00\x01\x00\x00\x00")
    (tmp_path / "large.ts").write_text("x" * 5_000)
    small = replace(settings, max_file_bytes=4_000)
    report = trace([tmp_path], sources=["source"], sinks=["sink"], settings=small)
    assert len(report.flows) == 1
    told = {problem.path: problem.message for problem in report.problems}
    assert set(told) == {"broken.js", "binary.js", "large.ts"}
    assert "could not be parsed" in told["broken.js"]
    assert "not a text file" in told["binary.js"]
    assert "max_file_bytes" in told["large.ts"]


def test_an_empty_folder_has_no_flows(tmp_path: Path, settings: Settings) -> None:
    report = trace([tmp_path], settings=settings)
    assert (report.files, report.flows, report.sources) == (0, (), 0)


def test_a_path_that_is_not_there_and_a_pattern_that_is_none(
    tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(InputError, match="no such file"):
        trace([tmp_path / "gone"], settings=settings)
    with pytest.raises(SettingError, match="not a pattern"):
        trace([tmp_path], sinks=["a b"], settings=settings)
