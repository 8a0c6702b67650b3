import pytest

from tests.source.program.programs import graph, inferred, names
from tests.source.program.test_typed_flows import known_flows
from tidemill.source.program.foreign import handler_types, names_by_type


@pytest.mark.parametrize(
    ("full_name", "others"),
    [
        ("mysql.createConnection().query", ["Connection:query"]),
        ("pg.Pool:connect().query", ["PoolClient:query"]),
        ("express.Response:status().type().send", ["Response:type().send", "Response:send"]),
        ("MongoClient:db().collection().find", ["Db:collection().find", "Collection:find"]),
        ("axios.create().get", ["AxiosInstance:get"]),
        ("own.createConnection().query", []),
        ("fs.readFile", []),
    ],
)
def test_what_calls_return(full_name: str, others: list[str]) -> None:
    assert list(names_by_type(full_name)) == [full_name, *others]


def test_the_call_of_a_member_has_every_name() -> None:
    text = "const db = require('mysql').createConnection(); db.query(q)"
    found = names(graph(text))["db.query(q)"]
    assert found == ("Connection:query", "mysql.createConnection().query")


@pytest.mark.parametrize(
    ("full_name", "parameters", "types"),
    [
        ("Application:get", 2, ("Request", "Response", "NextFunction")),
        ("express.Router:use", 4, ("Error", "Request", "Response", "NextFunction")),
        ("http.createServer", 2, ("IncomingMessage", "ServerResponse")),
        ("Map:get", 2, ()),
    ],
)
def test_what_handlers_are_called_with(
    full_name: str, parameters: int, types: tuple[str, ...]
) -> None:
    assert handler_types(full_name, parameters) == types


HEAD = "const { exec } = require('child_process'); const express = require('express');"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            (
                "const app = express(); app.get('/', (req, res) => {"
                " exec(req.query.c); res.status(200).send(req.body.x) })"
            ),
            ["command-injection", "cross-site-scripting"],
        ),
        (
            (
                "const r = express.Router(); r.route('/x').post(h);"
                " function h(req, res) { exec(req.query.c) }"
            ),
            ["command-injection"],
        ),
        ("express().use((err, req, res, next) => res.send(req.url))", ["cross-site-scripting"]),
        (
            "routes(express()); function routes(app) { app.get('/', r => exec(r.query.x)) }",
            ["command-injection"],
        ),
        ("other().get('/', (req, res) => exec(req.query.c))", []),
        ("const app = express(); app.get('/', (res, req) => exec(req.query.c))", []),
    ],
)
def test_handlers_of_a_server_need_no_types(text: str, kinds: list[str]) -> None:
    assert sorted(flow.kind for flow in known_flows({"app.js": HEAD + text})) == kinds


@pytest.mark.parametrize("guess", ["string", "Own"])
def test_what_handlers_are_called_with_comes_before_what_is_inferred(guess: str) -> None:
    files = {"app.js": HEAD + " express().get('/', (req) => exec(req.query.c))"}
    types = inferred(files, {("app.js", "req) =>"): guess})
    (flow,) = known_flows(files, types)
    assert flow.kind == "command-injection"


def test_what_the_program_declares_comes_first() -> None:
    text = "import express from 'express'; import { exec } from 'child_process';"
    own = " interface Own { query: string } express().get('/', (req: Own) => exec(req.query))"
    assert not known_flows({"app.ts": text + own})


def test_what_is_called_on_a_source_is_none_itself() -> None:
    text = HEAD + "express().get('/', (req, res) => res.send(req.body.lines.map(f).join()))"
    (flow,) = known_flows({"app.js": text})
    assert flow.steps[0].text == "req.body"
