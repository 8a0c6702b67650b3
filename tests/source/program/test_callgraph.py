import pytest

from tests.source.program.programs import graph, inferred, names, targets, untyped


@pytest.mark.parametrize(
    ("text", "call", "expected"),
    [
        ("function f() {} f()", "f()", [("f", "binding")]),
        ("const f = () => 1; f()", "f()", [("f", "binding")]),
        ("let f = () => 1; f = function g() {}; f()", "f()", [("g", "binding")]),
        ("const o = { f() {} }; o.f()", "o.f()", [("f", "binding")]),
        ("const o = { p: { f() {} } }; const { p } = o; p.f()", "p.f()", [("f", "binding")]),
        ("const o = {}; o.f = () => 1; o.f()", "o.f()", [("f", "binding")]),
        ("const [f] = [() => 1]; f()", "f()", [("f", "binding")]),
        ("class A { static f() {} } A.f()", "A.f()", [("f", "binding")]),
        ("class A { constructor() {} } new A()", "new A()", [("constructor", "binding")]),
        ("class A { f() {} } new A().f()", "new A().f()", [("f", "constructor")]),
        ("class A { f() {} } const a = new A(); a.f()", "a.f()", [("f", "constructor")]),
        ("class A { f() {} g() { this.f() } }", "this.f()", [("f", "this")]),
        ("class A { f = () => 1; g() { this.f() } }", "this.f()", [("f", "this")]),
        ("class A { f() { return () => this.g() } g() {} }", "this.g()", [("g", "this")]),
        (
            "class A { f() {} } class B extends A { g() { super.f() } }",
            "super.f()",
            [("f", "this")],
        ),
        (
            "class A { f() {} } class B extends A {} new B().f()",
            "new B().f()",
            [("f", "constructor")],
        ),
        ("function make() { return { f() {} } } make().f()", "make().f()", [("f", "binding")]),
        (
            "function A() {} A.prototype.f = () => 1; new A().f()",
            "new A().f()",
            [("f", "constructor")],
        ),
        (
            "function A() {} A.prototype.f = () => 1; A.prototype.g = function () { this.f() }",
            "this.f()",
            [("f", "this")],
        ),
        (
            "const o = {}; o.g = function () { this.f() }; o.f = () => 1",
            "this.f()",
            [("f", "this")],
        ),
        (
            "exports.g = function () { this.f() }; exports.f = () => 1",
            "this.f()",
            [("f", "this")],
        ),
        ("exports.f = () => 1; exports.f()", "exports.f()", [("f", "binding")]),
        (
            "module.exports = { f() {} }; module.exports.f()",
            "module.exports.f()",
            [("f", "binding")],
        ),
        ("function g(f) { f() } g(function h() {})", "f()", [("h", "callback")]),
        ("function f() {} f.call(o)", "f.call(o)", [("f", "binding")]),
        ("const f = function g() {}.bind(o); f()", "f()", [("g", "binding")]),
        (
            "(async () => { class A { f() {} } (await new A()).f() })()",
            "(await new A()).f()",
            [("f", "constructor")],
        ),
    ],
)
def test_a_call_without_types(text: str, call: str, expected: list[tuple[str, str]]) -> None:
    found = [
        (name if name != "<anonymous>" else "f", why) for name, why in targets(untyped(text))[call]
    ]
    assert found == expected


def test_what_replaces_a_method_may_be_called_too() -> None:
    text = "class A { f() { this.g() } g() {} } class B extends A { g() {} } class C { g() {} }"
    found = untyped(text)
    (call,) = found.targets
    owners = [found.program.functions[edge.function].at for edge in found.targets[call]]
    assert len(owners) == 2


def test_a_call_into_another_file() -> None:
    files = {"a.js": "import { f } from './b'; f()", "b.js": "export function f() {}"}
    assert targets(untyped(files)) == {"f()": [("f", "import")]}


@pytest.mark.parametrize(
    ("text", "call", "name"),
    [
        ("import fs from 'fs'; fs.readFile(p)", "fs.readFile(p)", "fs.readFile"),
        ("import * as fs from 'node:fs'; fs.readFile(p)", "fs.readFile(p)", "fs.readFile"),
        ("import { readFile as r } from 'fs'; r(p)", "r(p)", "fs.readFile"),
        ("const { exec } = require('child_process'); exec(c)", "exec(c)", "child_process.exec"),
        ("require('a').b.c()", "require('a').b.c()", "a.b.c"),
        ("import { Pool } from 'pg'; new Pool()", "new Pool()", "pg.Pool"),
        ("import { Pool } from 'pg'; new Pool().query(q)", "new Pool().query(q)", "pg.Pool:query"),
        (
            "const db = require('own').createConnection(); db.query(q)",
            "db.query(q)",
            "own.createConnection().query",
        ),
        ("import B from 'base'; class A extends B {} new A().f()", "new A().f()", "base:f"),
        ("import B from 'base'; class A extends B { g() { this.f() } }", "this.f()", "base:f"),
        ("console.log(1)", "console.log(1)", "console.log"),
        ("eval(x)", "eval(x)", "eval"),
    ],
)
def test_the_full_name_of_what_is_foreign(text: str, call: str, name: str) -> None:
    assert names(untyped(text))[call] == (name,)


def test_a_call_on_something_unknown_has_neither() -> None:
    found = untyped("function f(db) { db.query(q) }")
    assert not found.targets
    assert not found.names
    assert len(found.calls) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "import { Connection } from 'mysql'; (db: Connection) => db.query(q)",
            "mysql.Connection:query",
        ),
        (
            "import mysql from 'mysql'; (db: mysql.Connection) => db.query(q)",
            "mysql.Connection:query",
        ),
        ("(db: Connection) => db.query(q)", "Connection:query"),
        ("(db: Promise<Connection | null>) => db.query(q)", "Connection:query"),
        ("let db: Connection; function f() { db.query(q) }", "Connection:query"),
        ("function f({ db }: Context) { db.query(q) }", "Context:db.query"),
        ("class A { private db: Connection; f() { this.db.query(q) } }", "Connection:query"),
        (
            "class A { constructor(readonly db: Connection) {} f() { this.db.query(q) } }",
            "Connection:query",
        ),
        (
            "class A { constructor(db: Connection) { this.c = db } f() { this.c.query(q) } }",
            "Connection:query",
        ),
        ("function open(): Connection { return x } open().query(q)", "Connection:query"),
        ("interface Db { query(q: string): void } (db: Db) => db.query(q)", "Db:query"),
    ],
)
def test_a_declared_type_gives_the_name(text: str, name: str) -> None:
    assert not {full for full in names(untyped({"a.ts": text})).values() if name in full}
    assert name in {full for found in names(graph({"a.ts": text})).values() for full in found}


def test_a_declared_type_gives_the_method_across_files() -> None:
    files = {
        "a.ts": "import { Repo } from './b'; export function f(repo: Repo) { repo.find(1) }",
        "b.ts": "export class Repo { find(id: number) {} }",
    }
    assert targets(untyped(files)) == {}
    assert targets(graph(files)) == {"repo.find(1)": [("find", "declared")]}


def test_an_inferred_type_gives_the_method_and_is_told_apart() -> None:
    files = {
        "a.js": "function f(repo) { repo.find(1) }",
        "b.js": "class Repo { find(id) {} }",
    }
    found = graph(files, inferred(files, {("a.js", "repo"): "Repo"}))
    assert targets(found) == {"repo.find(1)": [("find", "inferred")]}
    assert found.resolved() == {"inferred": 1}


def test_what_is_declared_goes_before_what_is_inferred() -> None:
    files = {
        "a.ts": "function f(repo: Repo) { repo.find(1) } class Repo { find() {} } class Other {"
        " find() {} }"
    }
    found = graph(files, inferred(files, {("a.ts", "repo"): "Other"}))
    assert targets(found) == {"repo.find(1)": [("find", "declared")]}


def test_an_inferred_type_with_two_classes_of_its_name_is_only_a_name() -> None:
    files = {
        "a.js": "function f(repo) { repo.find(1) }",
        "b.js": "class Repo { find(id) {} }",
        "c.js": "class Repo { find(id) {} }",
    }
    found = graph(files, inferred(files, {("a.js", "repo"): "Repo"}))
    assert not found.targets
    assert names(found) == {"repo.find(1)": ("Repo:find",)}


def test_a_unique_name_is_a_guess_and_off_unless_asked_for() -> None:
    text = "class Repo { find(id) {} } function f(repo) { repo.find(1); repo.gone() }"
    assert not graph(text).targets
    assert targets(graph(text, by_unique_name=True)) == {"repo.find(1)": [("find", "name-unique")]}
    twice = text + " class Other { find() {} }"
    assert not graph(twice, by_unique_name=True).targets


def test_the_statistics_count_calls_by_the_surest_target() -> None:
    text = "function f() {} class A { g() { this.h() } h() {} } f(); new A().g(); gone()"
    assert graph(text).resolved() == {"binding": 1, "this": 1, "constructor": 1}
