import pytest

from tests.source.program.programs import flows
from tidemill.core.errors import SettingError
from tidemill.source.program.patterns import pattern_from


@pytest.mark.parametrize(
    ("text", "full_name", "means"),
    [
        ("exec", "exec", True),
        ("exec", "child_process.exec", False),
        ("child_process.exec", "child_process.exec", True),
        ("node:child_process.exec", "child_process.exec", True),
        ("child_process.exec", "child_process.execSync", False),
        ("process.env", "process.env.HOME", True),
        ("Connection:query", "Connection:query", True),
        ("Connection:query", "mysql.Connection:query", True),
        ("mysql.Connection:query", "mysql.Connection:query", True),
        ("mysql.Connection:query", "pg.Connection:query", False),
        ("mysql.Connection:query", "Connection:query", False),
        ("Connection:query", "PoolConnection:query", False),
        ("Connection:query", "Connection:queries", False),
        ("Connection:query", "query", False),
        ("Request.body", "express.Request:body", True),
        ("Request.body", "express.Request:body.name", True),
        ("Request.body", "express.Request:nobody", False),
        ("*:query", "Connection:query", True),
        ("fs.promises.open", "fs.promises.open", True),
    ],
)
def test_what_a_pattern_means(text: str, full_name: str, means: bool) -> None:
    assert pattern_from(text).means(full_name) is means


def test_positions() -> None:
    assert [pattern_from("f(1)").takes(place) for place in range(3)] == [False, True, False]
    assert [pattern_from("f(0, 2)").takes(place) for place in range(3)] == [True, False, True]
    assert all(pattern_from(text).takes(5) for text in ("f", "f()", "f(*)"))
    assert not pattern_from("f(this)").takes(0)
    assert pattern_from("f(this)").with_receiver


@pytest.mark.parametrize(
    "text", ["", "a b", "f(x)", "f(-1)", "f(0", "parameter A(0)", "a:b:c", "ü f"]
)
def test_what_is_no_pattern_says_so(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        pattern_from(text)
    assert repr(text) in str(caught.value)
    assert "for example exec" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sinks", "count"),
    [
        ("sink(source(), 1)", ["sink(0)"], 1),
        ("sink(source(), 1)", ["sink(1)"], 0),
        ("source().run()", ["*:run(this)"], 1),
        ("anything.run(source())", ["*:run"], 1),
        ("new Thing(source())", ["new Thing"], 1),
        ("window.open(source())", ["window.open"], 1),
        ("const o = { run(x) {} }; o.run(source())", ["*:run"], 0),
    ],
)
def test_sinks(text: str, sinks: list[str], count: int) -> None:
    assert len(flows(text, sinks=sinks).flows) == count


@pytest.mark.parametrize(
    ("text", "sources", "count"),
    [
        ("sink(process.argv[2])", ["process.argv"], 1),
        ("const { argv: [, a] } = process; sink(a)", ["process.argv"], 1),
        ("sink(process.pid)", ["process.argv"], 0),
        ("import { readFileSync as r } from 'fs'; sink(r('a'))", ["fs.readFileSync"], 1),
        ("sink(require('os').hostname())", ["os.hostname"], 1),
        ("const process = { argv: [] }; sink(process.argv)", ["process.argv"], 0),
    ],
)
def test_sources(text: str, sources: list[str], count: int) -> None:
    assert len(flows(text, sources=sources).flows) == count


@pytest.mark.parametrize(
    ("text", "role", "name"),
    [
        ("exec", "value", "exec"),
        ("parameter Request", "parameter", "Request"),
        ("exported parameter", "exported", "*"),
        ("exported  parameter Options", "exported", "Options"),
        ("callback http.createServer(0)", "callback", "http.createServer"),
    ],
)
def test_what_of_a_name_a_pattern_means(text: str, role: str, name: str) -> None:
    found = pattern_from(text)
    assert (found.role, found.name) == (role, name)


@pytest.mark.parametrize("text", ["parameter A(0)", "exported parameter A(0)", "parameter A B"])
def test_a_role_with_too_much_is_no_pattern(text: str) -> None:
    with pytest.raises(SettingError, match="not"):
        pattern_from(text)
