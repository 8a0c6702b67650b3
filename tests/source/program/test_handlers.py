import pytest

from tests.source.program.programs import flows, graph, inferred, targets, untyped

SHOP = "class Shop { buy(x: string) { sink(x) } } class Bank { buy(x: string) {} }"
CALLBACK = "visit((shop) => shop.buy(source()));"


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("function visit(then: (shop: Shop) => void) { later(then) }", True),
        ("const visit = (then: ((shop: Shop) => void)) => later(then);", True),
        ("class A { go(then: (shop: Shop) => void) {} } const { go: visit } = new A();", True),
        ("function visit(then: (shop: Bank) => void) { later(then) }", False),
        ("function visit(then: Function) { later(then) }", False),
        ("function visit(first: string, then: (shop: Shop) => void) { later(then) }", False),
    ],
)
def test_a_callback_has_the_types_that_its_taker_declares(declared: str, found: bool) -> None:
    assert bool(flows({"a.ts": f"{SHOP} {declared} {CALLBACK}"}).flows) is found


def test_what_the_callback_declares_itself_comes_first() -> None:
    text = f"{SHOP} function visit(then: (shop: Shop) => void) {{}}"
    files = {"a.ts": f"{text} visit((shop: Bank) => shop.buy(source()))"}
    assert not flows(files).flows


def test_without_types_nothing_of_it_is_known() -> None:
    text = f"{SHOP} function visit(then: (shop: Shop) => void) {{}} {CALLBACK}"
    assert "shop.buy(source())" not in targets(untyped({"a.ts": text}))
    assert targets(graph({"a.ts": text}))["shop.buy(source())"] == [("buy", "declared")]


def test_inferred_function_types_say_it_too() -> None:
    files = {"a.ts": f"{SHOP} function visit(then) {{ later(then) }} {CALLBACK}"}
    types = inferred(files, {("a.ts", "then) {"): "(shop: Shop) => void"})
    assert targets(graph(files, types))["shop.buy(source())"] == [("buy", "inferred")]
