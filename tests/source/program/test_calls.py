import pytest

from tests.source.program.programs import program
from tidemill.source.program.calls import CallSite, calls_of


def calls(text: str) -> list[CallSite]:
    """The calls of a text."""
    return list(calls_of(program({"app.ts": text})))


@pytest.mark.parametrize(
    ("text", "form", "name", "receiver"),
    [
        ("f(1)", "plain", "f", ""),
        ("(f)(1)", "plain", "f", ""),
        ("a.b.f(1)", "member", "f", "a.b"),
        ("a?.f(1)", "member", "f", "a"),
        ("a!.f<number>(1)", "member", "f", "a!"),
        ("a['f'](1)", "computed", "", "a"),
        ("new F(1)", "new", "F", ""),
        ("new a.F", "new", "F", ""),
        ("f`a`", "tagged", "f", ""),
        ("a.f`b`", "member", "f", "a"),
        ("(() => 1)()", "plain", "", ""),
    ],
)
def test_how_a_call_is_written(text: str, form: str, name: str, receiver: str) -> None:
    (call,) = calls(text)
    assert (call.form, call.name) == (form, name)
    found = program({"app.ts": text}).files[0].syntax
    assert ("" if call.receiver < 0 else found.word(call.receiver)) == receiver
    assert found.text[call.start : call.end].decode() == text


@pytest.mark.parametrize(
    ("text", "call", "name", "receiver"),
    [
        ("v = a - b!.f(1)", "b!.f(1)", "f", "b!"),
        ("if (!f!(1)) g = 1", "f!(1)", "f", ""),
        ("v = +a - b.c!.d![0].f(1)", "b.c!.d![0].f(1)", "f", "b.c!.d![0]"),
        ("v = (a - b)!.f(1)", "(a - b)!.f(1)", "f", "(a - b)!"),
    ],
)
def test_a_call_behind_an_operator_begins_with_its_operand(
    text: str, call: str, name: str, receiver: str
) -> None:
    (found,) = calls(text)
    syntax = program({"app.ts": text}).files[0].syntax
    assert (text[found.start : found.end], found.name) == (call, name)
    own = "" if found.receiver < 0 else syntax.word(found.receiver)
    assert own.endswith(receiver)


def test_arguments_with_their_places() -> None:
    text = "f(a + b, ...c, `d`)"
    (call,) = calls(text)
    found = program({"app.ts": text}).files[0].syntax
    assert [(found.word(a.node), a.is_spread) for a in call.arguments] == [
        ("a + b", False),
        ("...c", True),
        ("`d`", False),
    ]


def test_what_is_put_into_a_tagged_template_are_its_arguments() -> None:
    text = "sql`select ${a} from ${b.c}`"
    (call,) = calls(text)
    found = program({"app.ts": text}).files[0].syntax
    assert [found.word(a.node) for a in call.arguments] == ["a", "b.c"]


def test_a_call_may_be_optional() -> None:
    assert [call.is_optional for call in calls("f?.(1); f(1)")] == [True, False]


def test_calls_where_control_does_not_come_are_none() -> None:
    assert [call.name for call in calls("f(); function g() { h(); return; i() } throw 1; j()")] == [
        "f",
        "h",
    ]
