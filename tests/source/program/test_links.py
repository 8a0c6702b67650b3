import pytest

from tests.source.program.programs import graph
from tidemill.source.program.links import Links, links

FILES = {
    "shop.js": """import { Store, open } from './store';
import log from 'pino';
export function total(store, rate = 1, ...extra) {
  const rows = store.load(rate);
  return rows.length * rate;
}
const store = new Store('here');
const sum = total(store, 2, 'a', log);
use(total(open(), store.rate));
total(new Store(name)).toFixed(2);
async function later() { return (await total(store)) }
total(...many);
""",
    "store.js": """export class Store {
  constructor(where) { this.where = where }
  load(rate) { return [rate] }
}
export { make as open };
function make() { return new Store(null) }
""",
}


def found() -> Links:
    """The links of the program."""
    return links(graph(FILES))


@pytest.mark.claim("tidal.slices.interprocedural")
def test_arguments_lead_into_parameters() -> None:
    passed = {
        (link.path, link.name): [(e.kind, e.text, e.name) for e, _ in link.arguments]
        for link in found().parameters
    }
    assert passed == {
        ("shop.js", "store"): [
            ("name", "store", "store"),
            ("call", "open()", "open"),
            ("new", "new Store(name)", "Store"),
            ("name", "store", "store"),
        ],
        ("shop.js", "rate"): [("number", "2", ""), ("member", "store.rate", "rate")],
        ("shop.js", "extra"): [("string", "'a'", ""), ("name", "log", "log")],
        ("store.js", "where"): [
            ("string", "'here'", ""),
            ("name", "name", "name"),
            ("null", "null", ""),
        ],
        ("store.js", "rate"): [("name", "rate", "rate")],
    }


@pytest.mark.claim("tidal.slices.interprocedural")
def test_an_argument_that_is_a_variable_leads_to_its_own_slice() -> None:
    text = FILES["shop.js"]
    (first, why), *_ = next(link for link in found().parameters if link.name == "store").arguments
    assert first.declared == text.index("store = new Store")
    assert text[first.start : first.end] == "store"
    assert why.title == "binding"


@pytest.mark.claim("tidal.slices.interprocedural")
def test_returned_values_lead_to_call_sites() -> None:
    functions = {link.name: link for link in found().functions}
    text = FILES["shop.js"]
    uses = [(use.kind, use.name, text[use.start : use.end]) for use in functions["total"].uses]
    assert uses == [
        ("defines", "sum", "total(store, 2, 'a', log)"),
        ("argument", "use", "total(open(), store.rate)"),
        ("member", "toFixed", "total(new Store(name))"),
        ("returned", "", "total(store)"),
        ("discarded", "", "total(...many)"),
    ]
    assert functions["total"].uses[0].declared == text.index("sum =")
    assert [e.text for e in functions["total"].returned] == ["rows.length * rate"]
    assert [(e.kind, e.name) for e in functions["make"].returned] == [("new", "Store")]
    assert [(use.kind, use.name) for use in functions["make"].uses] == [("argument", "total")]
    assert [(use.kind, use.name) for use in functions["load"].uses] == [("defines", "rows")]


@pytest.mark.claim("tidal.slices.interprocedural")
def test_imports_lead_to_declarations_in_other_files() -> None:
    shop, store = FILES["shop.js"], FILES["store.js"]
    imported = [
        (link.name, link.module, link.package, link.offset, link.target) for link in found().imports
    ]
    assert imported == [
        ("Store", "store.js", "", shop.index("Store"), ("store.js", store.index("Store"))),
        ("open", "store.js", "", shop.index("open"), ("store.js", store.index("make() {"))),
        ("default", "", "pino", shop.index("log"), None),
    ]


def test_an_import_through_other_modules_leads_to_where_it_is_declared() -> None:
    files = {
        "a.js": "import { x } from './b'",
        "b.js": "export * from './c'",
        "c.js": "export { y as x } from './d'",
        "d.js": "export const y = 1",
    }
    targets = {link.path: link.target for link in links(graph(files)).imports}
    assert targets == {"a.js": ("d.js", files["d.js"].index("y"))}


def test_modules_that_only_name_each_other_lead_nowhere() -> None:
    files = {
        "a.js": "import { x } from './b'",
        "b.js": "export { x } from './c'",
        "c.js": "export { x } from './b'",
    }
    assert [link.target for link in links(graph(files)).imports] == [None]
