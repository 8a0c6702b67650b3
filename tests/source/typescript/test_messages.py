"""Messages of the compiler, compared."""

from tidemill.source.typescript.messages import words_of


def test_the_order_of_a_union_is_none_of_the_message() -> None:
    first = "Type '\"a\" | \"b\"' is not assignable to type 'B'."
    assert words_of(first) == words_of("Type '\"b\" | \"a\"' is not assignable to type 'B'.")
    assert words_of(first) != words_of(first.replace("'B'", "'C'"))


def test_of_types_with_parts_left_out_nothing_is_compared() -> None:
    first = (
        "Type '\"a\" | ... 10 more ... | \"b\"' cannot index '{ a: string; }'. Property 'a' is not."
    )
    second = (
        "Type '\"c\" | ... 10 more ... | \"d\"' cannot index '{ c: string; }'. Property 'c' is not."
    )
    assert words_of(first) == words_of(second) == ""
