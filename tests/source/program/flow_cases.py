"""Programs with a flow from ``source()`` to ``sink(...)``, and programs without one.

Written by hand from the meaning of the language, never from what the analysis found.
"""

FLOWS = {
    "directly": "sink(source())",
    "variables": "const a = source(); const b = a; sink(b)",
    "one branch": "let a = 1; if (c) { a = source(); } sink(a)",
    "else branch": "let a = source(); if (c) { a = 1; } else { b(); } sink(a)",
    "ternary": "sink(c ? source() : 1)",
    "default value": "sink(given || source()); ",
    "nullish assignment": "let a; a ??= source(); sink(a)",
    "template": "sink(`select ${source()}`)",
    "concatenation": "let q = 'select '; q += source(); sink(q + ';')",
    "parameter": "function f(x) { sink(x) } f(source())",
    "returned": "function f() { return source() } sink(f())",
    "there and back": "function id(x) { return x } sink(id(source()))",
    "arrow": "const id = x => x; sink(id(source()))",
    "default parameter": "function f(x = source()) { sink(x) } f()",
    "rest parameter": "function f(a, ...rest) { sink(rest[1]) } f(1, 2, source())",
    "spread argument": "function f(a, b) { sink(b) } f(...[1, source()])",
    "arguments object": "function f() { sink(arguments[0]) } f(source())"
    "; function g(a) { sink(arguments[0]) } g(source())",
    "destructured parameter": "function f({ a: { b } }) { sink(b) } f({ a: { b: source() } })",
    "recursion": "function f(n, x) { return n ? f(n - 1, x) : x } sink(f(3, source()))",
    "property": "const o = { a: source() }; sink(o.a)",
    "property written": "const o = {}; o.a.b = source(); sink(o.a.b)",
    "whole object": "const o = { a: source() }; sink(o)",
    "quoted property": "const o = {}; o['a'] = source(); sink(o.a)",
    "computed property": "const o = {}; o[k] = source(); sink(o.a)",
    "destructuring": "const { a: { b }, ...rest } = { a: { b: source() } }; sink(b)",
    "rest of an object": "const { a, ...rest } = { a: 1, b: source() }; sink(rest.b)",
    "array element": "const [a, b] = [1, source()]; sink(b)",
    "object spread": "const o = { ...source(), b: 1 }; sink(o.a)",
    "Object.assign": "const o = {}; Object.assign(o, { a: source() }); sink(o.a)",
    "push": "const list = []; list.push(source()); sink(list[0])",
    "map entry": "const m = new Map(); m.set('k', source()); sink(m.get('k'))",
    "alias": "const o = {}; const p = o; p.a = source(); sink(o.a)",
    "alias in an object": "const o = {}; const h = { o }; h.o.a = source(); sink(o.a)",
    "filled by a function": "function fill(o) { o.a = source() } const q = {}; fill(q); sink(q.a)",
    "class field": "class A { constructor(x) { this.x = x } get() { return this.x } }"
    " sink(new A(source()).get())",
    "setter and getter": "class A { set(x) { this.x = x } get() { return this.x } }"
    " const a = new A(); a.set(source()); sink(a.get())",
    "accessor": "class A { constructor(x) { this._x = x } get x() { return this._x } }"
    " sink(new A(source()).x)",
    "setter": "class A { set a(v) { sink(v) } } class B extends A {} new B().a = source()",
    "setter that keeps it": "class A { set a(v) { this.b = v } get a() { return this.b } }"
    " const o = new A(); o.a = source(); sink(o.a)",
    "setter of an object": "const o = { set a(v) { sink(v) } }; o.a = source()",
    "inherited constructor": "class A { constructor(x) { this.x = x } } class B extends A {"
    " run() { sink(this.x) } } new B(source()).run()",
    "super": "class A { go(x) { sink(x) } } class B extends A { go(x) { super.go(x) } }"
    " new B().go(source())",
    "field initializer": "class A { x = source(); run() { sink(this.x) } }",
    "between methods": "class A { load() { this.x = source() } run() { sink(this.x) } }",
    "static field": "class A { static x = source(); static run() { sink(A.x) } }",
    "prototype": "function A(x) { this.x = x } A.prototype.run = function () { sink(this.x) };"
    " new A(source()).run()",
    "between prototype methods": "function A() {} A.prototype.run = function (x) { this.go(x) };"
    " A.prototype.go = function (x) { sink(x) }; new A().run(source())",
    "own exports": "exports.f = x => sink(x); exports.g = () => exports.f(source())",
    "method of an object": "const o = { x: source(), run() { sink(this.x) } }; o.run()",
    "function in an object": "const api = {}; api.run = x => sink(x); api.run(source())",
    "closure": "const x = source(); later(() => sink(x))",
    "closure that returns": "function f(x) { return () => x } sink(f(source())())",
    "curried": "const f = x => y => sink(x); f(source())(1)",
    "shared variable": "let x; function load() { x = source() } function run() { sink(x) }",
    "shared object": "const o = {}; function load() { o.x = source() }"
    " function run() { sink(o.x) }",
    "callback": "function f(done) { done(source()) } f(x => sink(x))",
    "forEach": "[source()].forEach(x => sink(x))",
    "map": "sink([source()].map(x => x + '!'))",
    "filter": "sink([source()].filter(x => x.ok)[0])",
    "reduce": "sink([1, source()].reduce((all, x) => all + x, ''))",
    "then": "load().then(r => r.a).then(a => sink(a));"
    " async function load() { return { a: source() } }",
    "await": "async function f() { return source() } async function g() { sink(await f()) }",
    "new Promise": "new Promise((done, fail) => done(source())).then(x => sink(x))",
    "Promise.all": "async function f() { const [a] = await Promise.all([source()]); sink(a) }",
    "generator": "function* f() { yield source() } for (const x of f()) sink(x)",
    "loop": "let all = ''; for (const x of source()) { all += x; } sink(all)",
    "next turn of a loop": "let a, b; while (c) { sink(b); b = a; a = source(); }",
    "switch falls through": "let x; switch (c) { case 1: x = source(); case 2: sink(x) }",
    "break of a label": "let x = 1; l: { x = source(); break l; } sink(x)",
    "catch": "let x; try { x = source(); f(); x = 1 } catch (e) { sink(x) }",
    "thrown": "try { throw { m: source() } } catch ({ m }) { sink(m) }",
    "finally": "let x; try { x = source(); return } finally { sink(x) }",
    "call": "function f(x) { sink(x) } f.call(null, source())",
    "apply": "function f(x) { sink(x) } f.apply(null, [source()])",
    "bind": "const f = function (x) { sink(x) }.bind(null); f(source())",
    "tagged template": "sink`a ${source()}`",
    "optional chain": "sink(source()?.a?.[0]?.b)",
    "unknown call": "sink(JSON.parse(unknown(source())))",
    "unknown method": "sink(source().trim().toLowerCase())",
    "another argument's sink": "sink(1, source())",
    "option": "function run(o) { sink(o.cmd) } run({ cmd: source(), x: 1 })",
    "elements joined": "sink(['select', source().id].join(' '))",
    "keys": "for (const k in source()) sink(k)",
    "entries": "Object.entries(source()).forEach(([k, v]) => sink(v))",
    "factory": "class A { constructor(x) { this.x = x } static of(x) { return new this(x) } }"
    " sink(A.of(source()).x)",
    "wrapped handler": "const wrap = f => (a, b) => f(a, b).catch(b);"
    " const h = wrap(async (a, b) => sink(a)); h(source(), 1)",
    "bound method": "class A { constructor() { this.run = this.run.bind(this) }"
    " run(x) { sink(x) } } new A().run(source())",
    "memoized": "const memo = {}; function get(k) { if (!memo[k]) memo[k] = source();"
    " return memo[k] } sink(get('a'))",
    "set of a loop": "const s = new Set(); s.add(source()); for (const x of s) sink(x)",
    "collected in a loop": "let o = {}; for (const k of ks) { o = { ...o, [k]: source() } }"
    " sink(o.a)",
    "self": "const o = { x: source(), go() { const self = this;"
    " later(function () { sink(self.x) }) } }; o.go()",
    "through two callbacks": "function a(f) { b((e, r) => f(e, r)) }"
    " function b(f) { f(null, source()) } a((e, r) => sink(r))",
    "composed": "const join = (f, g) => x => f(g(x)); join(x => sink(x), x => x)(source())",
    "functions in an array": "[x => sink(x)].forEach(f => f(source()))",
    "swapped": "let a = source(), b; [a, b] = [b, a]; sink(b)",
    "private field": "class A { #x = source(); m() { sink(this.#x) } }",
    "getter of an object": "const o = { get a() { return source() } }; sink(o.a)",
    "name that nothing declares": "x = source(); function f() { sink(x) }",
    "member of a global": "window.q = source(); sink(window.q)",
    "immediate function": "(function (w) { w.x = source() })(o); sink(o.x); const o = {}",
    "error": "const e = new Error(source()); sink(e.message)",
}

NO_FLOWS = {
    "looked up in a map": "const m = new Map(); m.set('a', 1); sink(m.get(source()))",
    "overwritten": "let a = source(); a = 1; sink(a)",
    "overwritten on both branches": "let a = source(); if (c) { a = 1 } else { a = 2 } sink(a)",
    "overwritten by a default case": "let x = source();"
    " switch (c) { case 1: x = 1; break; default: x = 2 } sink(x)",
    "case that was left": "let x; switch (c) { case 1: x = source(); break; case 2: sink(x) }",
    "used before": "let a = 1; sink(a); a = source()",
    "not yet": "let x; sink(x); x = source()",
    "property overwritten": "const o = { a: source() }; o.a = 1; sink(o.a)",
    "other property": "const o = { a: source(), b: 1 }; sink(o.b)",
    "other property written": "const o = {}; o.a = source(); sink(o.b)",
    "other nested property": "const o = { a: { b: source() } }; sink(o.a.c)",
    "property spread over": "const o = { ...{ a: source() }, a: 1 }; sink(o.a)",
    "taken out of the rest": "const { a, ...rest } = { a: source(), b: 1 }; sink(rest.a)",
    "other element": "const [a, b] = [1, source()]; sink(a)",
    "alias before the write": "const o = {}; const p = o; sink(o.a); p.a = source()",
    "other object": "function fill(o) { o.a = source() } const p = {}, q = {}; fill(p); sink(q.a)",
    "other instance": "class A { set(x) { this.x = x } get() { return this.x } }"
    " const a = new A(), b = new A(); a.set(source()); sink(b.get())",
    "other instance made": "class A { constructor(x) { this.x = x } }"
    " new A(source()); sink(new A(1).x)",
    "other call of the same function": "function id(x) { return x } id(source()); sink(id(1))",
    "other function": "function f(x) { sink(x) } function g(x) { return x } g(source())",
    "other parameter": "function f(a, b) { sink(a) } f(1, source())",
    "other rest element": "function f(...all) { sink(all[0]) } f(1, source())",
    "not returned": "function f(x) { return 1 } sink(f(source()))",
    "callback that drops it": "sink([source()].map(x => 'safe'))",
    "other method of the name": "class A { go(x) { sink(x) } } class B { go(x) {} }"
    " new B().go(source())",
    "sanitized": "sink(clean(source()))",
    "sanitized on the way": "function f(x) { return clean(x) } sink(f(source()))",
    "sanitizer of the program": "function clean(x) { return x } sink(clean(source()))",
    "a number": "sink(source().length); sink(source() - 1); sink(source() * 2)",
    "a truth": "sink(source() === 1); sink(!source()); sink(source().includes('a'))",
    "counted": "let x = source(); x++; sink(x)",
    "after return": "function f() { return 1; sink(source()) } f()",
    "never": "if (false) { sink(source()) }",
    "after a throw": "throw e; sink(source())",
    "closure after return": "function f() { const x = source(); return; g(() => sink(x)) }",
    "infinite loop": "while (true) { f() } sink(source())",
    "shadowed": "const x = source(); { const x = 1; sink(x) }",
    "shadowed parameter": "const x = source(); function f(x) { sink(x) } f(1)",
    "function never called": "function f(x) { sink(x) } const a = source()",
    "in a comment": "// sink(source())\n/* sink(source()) */",
    "in a string": "f('sink(source())')",
    "of the sink's name only": "const sinking = source(); sinks(sinking)",
    "getter that drops it": "class A { constructor(x) { this._x = x } get x() { return 1 } }"
    " sink(new A(source()).x)",
    "other option": "function run(o) { sink(o.x) } run({ cmd: source(), x: 1 })",
    "error of a callback": "function a(f) { b((e, r) => f(e, r)) }"
    " function b(f) { f(null, source()) } a((e, r) => sink(e))",
    "swapped away": "let a = source(), b; [a, b] = [b, a]; sink(a)",
    "only asked for": "sink(source() && 1)",
    "global of another name": "window.q = source(); sink(window.r)",
    "other setter": "class A { set a(v) { sink(v) } set b(v) {} } new A().b = source()",
    "only a type": "/** @type {source} */ let x = 1; sink(x)",
}

TYPESCRIPT = {
    "namespace": "namespace N { export function go(x: string) { sink(x) } } N.go(source())",
    "enumeration": "enum E { A = source() as any } sink(E.A)",
    "abstract method": "abstract class A { abstract m(): any; run() { sink(this.m()) } }"
    " class B extends A { m() { return source() } } new B().run()",
    "type arguments": "function f<T>(x: T): T { return x } sink(f<string>(source()!))",
    "casts": "const x = <any>source(); sink(x satisfies any as string)",
    "default of a parameter": "function f(x: any = source(), y?: number) { sink(x) } f()",
    "parameter that is a field": "class A { constructor(private x: any) {} m() { sink(this.x) } }"
    " new A(source()).m()",
    "default of one that is a field": "class A { constructor(readonly x = source()) {}"
    " m() { sink(this.x) } } new A().m()",
    "decorated": "@d class A { @d() m(@p() x: string) { sink(x) } } new A().m(source())",
    "overloaded": "function f(x: string): void; function f(x: any) { sink(x) } f(source())",
}

ACROSS_FILES = {
    "a global of two files": {"a.js": "shared = source()", "b.js": "sink(shared)"},
    "named import": {
        "a.js": "import { s } from './b'; sink(s)",
        "b.ts": "export const s = source()",
    },
    "default export": {
        "a.js": "import f from './b.js'; sink(f())",
        "b.ts": "export default function () { return source() }",
    },
    "renamed": {
        "a.js": "import { d as e } from './b'; sink(e)",
        "b.js": "export { default as d } from './c'",
        "c.js": "export default source()",
    },
    "star of a star": {
        "a.js": "import * as b from './b'; sink(b.x.y)",
        "b.js": "export * from './c'",
        "c.js": "export * as x from './d'; export * from './b'",
        "d.js": "export const y = source()",
    },
    "require": {
        "a.js": "const b = require('./b'); sink(b.f())",
        "b.js": "exports.f = function () { return source() }",
    },
    "destructured require": {
        "a.js": "const { f: g } = require('./lib'); sink(g())",
        "lib/index.js": "module.exports = { f() { return source() } }",
    },
    "member of require": {
        "a.js": "sink(require('./b').x)",
        "b.js": "module.exports.x = source()",
    },
    "require from an import": {
        "a.mjs": "import b from './b.cjs'; b.run(source())",
        "b.cjs": "module.exports = { run: x => sink(x) }",
    },
    "import from a require": {
        "a.js": "const { default: f } = require('./b'); f(source())",
        "b.js": "export default x => sink(x)",
    },
    "dynamic import": {
        "a.js": "async function f() { const { x } = await import('./b'); sink(x) }",
        "b.js": "export const x = source()",
    },
    "inherited across files": {
        "a.js": "import A from './b'; class B extends A { run() { this.go(source()) } }",
        "b.js": "export default class { go(x) { sink(x) } }",
    },
    "typed field": {
        "a.ts": "import { S } from './s'; class H { constructor(private s: S) {}"
        " run() { this.s.go(source()) } }",
        "s.ts": "export class S { go(x: string) { sink(x) } }",
    },
    "interface": {
        "a.ts": "import type { I } from './i'; function run(s: I) { s.go(source()) }",
        "i.ts": "export interface I { go(x: string): void }",
        "s.ts": "import { I } from './i';"
        " export class S implements I { go(x: string) { sink(x) } }",
    },
    "cycle of imports": {
        "a.js": "import { g } from './b'; export function f(x) { sink(x) } g(source())",
        "b.js": "import { f } from './a'; export function g(x) { f(x) }",
    },
    "state of a module": {
        "a.js": "import { state } from './b'; state.x = source()",
        "b.js": "export const state = {}; export function run() { sink(state.x) }",
    },
    "exports under a second name": {
        "a.js": "const a = require('./b'); a.go(source())",
        "b.js": "const api = module.exports = {}; api.go = x => sink(x)",
    },
    "exports under a name of their own": {
        "a.js": "const a = require('./b'); a.go(source())",
        "b.js": "const self = exports; self.go = x => sink(x)",
    },
    "parameter that is a field": {
        "a.ts": "import { A } from './b'; import { B } from './c';"
        " const a = new A(new B()); later(() => a.run(source()))",
        "b.ts": "export class A { constructor(private readonly b) {} run(x) { this.b.go(x) } }",
        "c.ts": "export class B { go(x) { sink(x) } }",
    },
}

NOT_ACROSS_FILES = {
    "other export": {
        "a.js": "import { y } from './b'; sink(y)",
        "b.js": "export const x = source(), y = 1",
    },
    "other file of the name": {
        "a.js": "import { f } from './lib/b'; f(source())",
        "b.js": "export function f(x) { sink(x) }",
        "lib/b.js": "export function f(x) {}",
    },
    "only a type": {
        "a.ts": "import type { S } from './s'; function run(s: S) { other.go(source()) }",
        "s.ts": "export class S { go(x: string) { sink(x) } }",
    },
    "missing file": {"a.js": "import { s } from './gone'; sink(s); const x = source()"},
}
