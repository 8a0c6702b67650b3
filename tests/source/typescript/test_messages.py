"""Messages of the compiler, compared."""

from tidemill.source.typescript.messages import gist_of


def test_the_order_of_a_union_is_none_of_the_message() -> None:
    first = "Type '\"a\" | \"b\"' is not assignable to type 'B'."
    other = "Type '\"b\" | \"a\"' is not assignable to type 'B'."
    assert gist_of(2322, first) == gist_of(2322, other)
    assert gist_of(2322, first) != gist_of(2322, first.replace("'B'", "'C'"))
    assert gist_of(2322, first) != gist_of(2345, first)


def test_of_types_with_parts_left_out_nothing_is_compared() -> None:
    first = (
        "Type '\"a\" | ... 10 more ... | \"b\"' cannot index '{ a: string; }'. Property 'a' is not."
    )
    second = (
        "Type '\"c\" | ... 10 more ... | \"d\"' cannot index '{ c: string; }'. Property 'c' is not."
    )
    assert gist_of(7053, first) == gist_of(7053, second) == (7053, "")


def test_a_name_that_is_not_found_is_one_whatever_else_may_be_meant() -> None:
    plain = gist_of(2304, "Cannot find name 'Server'.")
    assert plain == gist_of(2552, "Cannot find name 'Server'. Did you mean 'server'?")
    assert plain == gist_of(18004, "No value exists in scope for the shorthand property 'Server'.")
    assert plain != gist_of(2304, "Cannot find name 'Client'.")
