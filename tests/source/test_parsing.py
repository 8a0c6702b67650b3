"""Parsing: limits, errors, fragments."""

import sys
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse, parse_fragment, query_of
from tidemill.source.spans import Span
from tidemill.source.units import units_of

PYTHON, JAVA, PHP = LANGUAGES["python"], LANGUAGES["java"], LANGUAGES["php"]


def test_a_limit_that_is_not_met_changes_nothing() -> None:
    text = "x = 'äöü😀'\ndef f(): pass\n".encode() * 5_000
    limited = parse(text, PYTHON, seconds=60)
    assert len(text) > 65_536
    assert limited.tree.root_node.end_byte == len(text)
    assert limited.errors == parse(text, PYTHON).errors == ()
    assert len(units_of(limited)) == 5_001


@pytest.mark.claim("house.index.limits")
def test_the_time_limit_is_an_input_error_and_the_parser_lives_on() -> None:
    with pytest.raises(ParseTimeoutError, match=r"big\.py.*took longer than 0 s") as caught:
        parse(b"x = [1, 2]\n" * 50_000, PYTHON, seconds=0.0, path="big.py")
    assert isinstance(caught.value, InputError)
    assert caught.value.path == "big.py"
    assert "parse_seconds" in (caught.value.hint or "")
    assert parse(b"x = 1\n", PYTHON, seconds=60).errors == ()


def test_a_parsed_text_is_let_go() -> None:
    text = b"x = 1\n" * 2_000
    before = sys.getrefcount(text)
    for _ in range(3):
        parse(text, LANGUAGES["python"], seconds=60)
    assert sys.getrefcount(text) == before


@pytest.mark.claim("gcb.dataflow.unparsable")
def test_errors_are_maximal_spans_in_order() -> None:
    text = b"def f():\n    return (1\n\ndef g(: pass\nx = 1\n"
    errors = parse(text, PYTHON).errors
    assert errors
    assert list(errors) == sorted(errors)
    assert all(left.end <= right.start for left, right in pairwise(errors))


def test_what_is_missing_is_a_span_without_bytes() -> None:
    errors = parse(b"int x = 1\n", LANGUAGES["c"]).errors
    assert errors == (Span(start=9, end=9),)


@pytest.mark.claim("gcb.dataflow.bare-methods")
def test_a_java_method_alone_is_read_inside_a_class() -> None:
    text = b"public Foo(int a) { this.a = a; }"
    assert parse(text, JAVA).errors != ()
    tree = parse_fragment(text, JAVA)
    unit = units_of(tree)[0]
    assert tree.errors == ()
    assert tree.offset > 0
    assert (unit.qualified_name, unit.start, unit.end) == ("Foo", 0, len(text))
    assert text[unit.name_start :].startswith(b"Foo")
    assert unit.signature == "public Foo(int a)"


@pytest.mark.claim("gcb.dataflow.bare-methods")
def test_a_php_fragment_needs_no_opener() -> None:
    for text in (b"function f($a) { return $a; }", b"public function f($a) { return $a; } // x"):
        tree = parse_fragment(text, PHP)
        assert tree.errors == ()
        assert units_of(tree)[0].name == "f"
    whole = b"<p><?php function g() {} ?></p>"
    assert parse_fragment(whole, PHP).offset == 0


def test_an_indented_python_method_is_read() -> None:
    tree = parse_fragment(b"    def m(self):\n        return 1\n", PYTHON)
    assert tree.errors == ()
    assert units_of(tree)[0].signature == "def m(self)"


def test_a_fragment_that_nothing_mends_reports_its_own_bytes() -> None:
    text = b"public int f() { return ((; }"
    tree = parse_fragment(text, JAVA)
    assert tree.errors
    assert all(0 <= error.start <= error.end <= len(text) for error in tree.errors)


def test_each_thread_has_its_own_parser() -> None:
    failures: list[object] = []

    def work() -> None:
        for _ in range(30):
            units = units_of(parse(b"def f(): pass\n" * 50, PYTHON))
            if len(units) != 51:
                failures.append(units)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_queries_are_compiled_once() -> None:
    assert query_of(PYTHON, "(lambda) @l") is query_of(PYTHON, "(lambda) @l")


@given(text=st.binary(max_size=300), name=st.sampled_from(sorted(LANGUAGES)))
def test_no_bytes_raise(text: bytes, name: str) -> None:
    for tree in (parse(text, LANGUAGES[name], seconds=60), parse_fragment(text, LANGUAGES[name])):
        assert all(0 <= error.start <= error.end <= len(text) for error in tree.errors)
        assert units_of(tree)[-1].end == len(text)
