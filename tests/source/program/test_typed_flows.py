"""Flows that are there only where the type of a receiver is known."""

import pytest

from tests.source.program.programs import declared, flows, inferred, program
from tidemill.source.program.callgraph import call_graph_of
from tidemill.source.program.catalogue import SANITIZERS, SINKS, SOURCES, TITLES
from tidemill.source.program.flows import Flow, Query, flows_in
from tidemill.source.program.patterns import pattern_from, read_table
from tidemill.source.program.receivers import FirstOf, ReceiverTypes

HANDLER = """
const { exec } = require('child_process');
function find(db, id) {
  return db.query('select ' + id);
}
module.exports = function handler(req, res, store) {
  find(store, req.query.id);
  exec(req.body.command);
  res.redirect(req.query.next);
};
"""


def known_flows(files: dict[str, str], types: ReceiverTypes | None = None) -> tuple[Flow, ...]:
    """The flows from and to what is known for Node.js."""
    found = program(files)
    own = declared(found)
    query = Query(
        sources=read_table(SOURCES, is_foreign=True),
        sinks=read_table(SINKS, is_foreign=True),
        sanitizers={
            pattern_from(text, is_foreign=True): frozenset(kinds)
            for text, kinds in SANITIZERS.items()
        },
    )
    return flows_in(call_graph_of(found, FirstOf(own, types) if types else own), query).flows


def test_without_types_nothing_is_found() -> None:
    assert not known_flows({"app.js": HANDLER})


def test_every_inferred_type_makes_more_found() -> None:
    files = {"app.js": HANDLER}
    request = {("app.js", "req, res"): "Request"}
    response = {("app.js", "res, store"): "Response"}
    connection = {("app.js", "db, id"): "Connection"}
    kinds = [
        {flow.kind for flow in known_flows(files, inferred(files, types))}
        for types in (request, request | response, request | response | connection)
    ]
    assert kinds == [
        {"command-injection"},
        {"command-injection", "open-redirect"},
        {"command-injection", "open-redirect", "sql-injection"},
    ]


def test_declared_types_of_a_package_have_their_full_name() -> None:
    files = {
        "app.ts": """
import express, { Request, Response } from 'express';
import { Pool } from 'pg';
import type * as mysql from 'mysql';
export function show({ query }: Request, res: Response, db: Promise<mysql.Connection>) {
  db.query(`select ${query.id}`);
  res.send(query.name);
}
const pool = new Pool();
export const list = (req: express.Request) => pool.query(req.params.sql);
"""
    }
    assert [(flow.kind, flow.source, flow.sink) for flow in known_flows(files)] == [
        ("cross-site-scripting", "Request.query", "Response:send(0)"),
        ("sql-injection", "Request.query", "Connection:query(0)"),
        ("sql-injection", "Request.params", "Pool:query(0)"),
    ]


def test_a_class_of_the_program_with_the_name_of_a_known_one_is_its_own() -> None:
    files = {
        "app.ts": "import { Request } from 'express';"
        " class Connection { query(sql: string) { return sql } }"
        " export function f(req: Request, db: Connection) { db.query(req.query.id) }"
    }
    assert not known_flows(files)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("res.send(parseInt(req.query.n))", False),
        ("res.redirect(encodeURIComponent(req.query.to))", False),
        ("exec(encodeURIComponent(req.query.to))", True),
        ("fs.readFile(path.basename(req.query.file))", False),
        ("fs.readFile('dir/' + req.query.file)", True),
        ("fs.writeFile('a', req.query.file)", False),
        ("fetch(req.query.url)", True),
        ("new RegExp(req.query.pattern)", True),
        ("new Function('a', req.body)", True),
        ("eval(req.body)", True),
        ("ejs.render(req.body.template)", True),
        ("http.get({ host: req.query.host })", True),
    ],
)
def test_what_is_known_for_node(text: str, found: bool) -> None:
    head = (
        "import { exec } from 'node:child_process'; import * as fs from 'fs';"
        " import path from 'path'; import ejs from 'ejs'; import http from 'node:http';"
        " import { Request, Response } from 'express';"
    )
    body = f"{head} export function f(req: Request, res: Response) {{ {text} }}"
    assert bool(known_flows({"app.ts": body})) is found


def test_a_function_of_the_program_is_not_taken_for_a_known_one() -> None:
    files = {
        "app.ts": "import { Request } from 'express'; function fetch(x: string) { return 1 }"
        " export function f(req: Request) { fetch(req.query.url) }"
    }
    assert not known_flows(files)


def test_a_parameter_of_a_type_can_be_a_source() -> None:
    files = {"app.ts": "export function f(order: Order, size: number) { sink(order.items[0]) }"}
    report = flows(files, sources=["parameter Order"])
    assert [flow.steps[0].text for flow in report.flows] == ["order"]
    assert not flows(files, sources=["parameter Request"]).flows


def test_what_middleware_writes_to_a_request_comes_from_nowhere_else() -> None:
    files = {
        "app.ts": "import { Request } from 'express'; import { exec } from 'child_process';"
        " export function f(req: Request) { req.user = 'root'; exec(req.user); exec(req.body.x) }"
    }
    assert [flow.call.text for flow in known_flows(files)] == ["exec(req.body.x)"]


def test_every_harm_has_a_title_and_every_pattern_can_be_read() -> None:
    assert set(TITLES) == set(SINKS)
    assert {kind for kinds in SANITIZERS.values() for kind in kinds} <= set(SINKS)
    for table in (SOURCES, SINKS):
        assert read_table(table)
