"""Messages of the compiler, compared."""

import pytest

from tidemill.source.typescript.messages import gist_of, is_more_precise


@pytest.mark.parametrize(
    ("message", "other"),
    [
        (
            "Type '\"a\" | \"b\"' is not assignable to type 'B'.",
            "Type '\"b\" | \"a\"' is not assignable to type 'B'.",
        ),
        (
            "Type '{ a: (x: A | B) => C | D; b: E[] | F<G | H>; }' is not assignable to type 'X'.",
            "Type '{ a: (x: B | A) => D | C; b: F<H | G> | E[]; }' is not assignable to type 'X'.",
        ),
    ],
)
def test_the_order_of_a_union_is_none_of_the_message(message: str, other: str) -> None:
    assert gist_of(2322, message) == gist_of(2322, other)
    assert gist_of(2322, message) != gist_of(2345, message)


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ("Type 'A' is not assignable to 'B'.", "Type 'B' is not assignable to 'A'."),
        ("Type 'A[]' is not assignable to 'A'.", "Type 'A' is not assignable to 'A[]'."),
        ("No '{ a: A; b: B | C; }'.", "No '{ a: B; b: A | C; }'."),
        ("No '(a: A) => B | C'.", "No '(a: B) => A | C'."),
        ("No 'A | B[]'.", "No '(A | B)[]'."),
    ],
)
def test_everything_else_is_of_the_message(message: str, other: str) -> None:
    assert gist_of(2322, message) != gist_of(2322, other)


@pytest.mark.parametrize("text", ["'" + "<" * 5000, ">" * 5000, " | " * 5000, "=> |", "a)b|c"])
def test_odd_messages_are_compared_too(text: str) -> None:
    assert gist_of(1, text) == gist_of(1, text)


@pytest.mark.parametrize(
    ("message", "other"),
    [
        (
            "Type '\"a\" | ... 10 more ... | \"b\"' cannot index '{ a: string; }'. 'a' is not.",
            "Type '\"c\" | ... 10 more ... | \"d\"' cannot index '{ c: string; }'. 'c' is not.",
        ),
        ("Type '{ own(a: A): strin...' is not.", "Type '{ own(a: B): numb...' is not."),
    ],
)
def test_of_types_with_parts_left_out_nothing_is_compared(message: str, other: str) -> None:
    assert gist_of(7053, message) == gist_of(7053, other) == (7053, "")


def test_a_name_that_is_not_found_is_one_whatever_else_may_be_meant() -> None:
    plain = gist_of(2304, "Cannot find name 'Server'.")
    assert plain == gist_of(2552, "Cannot find name 'Server'. Did you mean 'server'?")
    assert plain == gist_of(18004, "No value exists in scope for the shorthand property 'Server'.")
    assert plain != gist_of(2304, "Cannot find name 'Client'.")


@pytest.mark.parametrize(
    ("message", "before", "holds"),
    [
        ("'foo' is not on 'number[]'.", "'foo' is not on 'any[]'.", True),
        ("'(a: A, b: B) => C' is no 'X'.", "'(a: any, b: any) => any' is no 'X'.", True),
        ("'foo' is not on 'Box<A>'.", "'foo' is not on 'Box<unknown>'.", True),
        ("'foo' is not on '() => A<B>[]'.", "'foo' is not on 'any[]'.", True),
        ("'foo' is not on 'A'.", "'foo' is not on '{}'.", False),
        ("'A' is not on 'B'. 'C' is not on 'D'.", "'any' is not on 'D'.", False),
        ("no 'Box<A> | Map<B>'.", "no 'Box<any>'.", False),
        ("no 'Box<(a: A) => B>'.", "no 'Box<any>'.", True),
        ("'bar' is not on 'number[]'.", "'foo' is not on 'any[]'.", False),
        ("'foo' is not on 'number'.", "'foo' is not on 'any[]'.", False),
        ("'foo' is not on 'many[]'.", "'foo' is not on 'many[]'.", False),
        ("ab", "any b", False),
        ("", "any", True),
        ("aa", "aany a", False),
    ],
)
def test_a_message_may_say_more_than_before(message: str, before: str, *, holds: bool) -> None:
    assert is_more_precise(message, before) == holds
