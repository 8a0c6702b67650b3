"""Requests in both shapes, and what is none."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faces.joernti.sample import AS_LIST, AS_MAP, method
from tidemill.core.errors import InputError
from tidemill.faces.joernti.limits import Limits
from tidemill.faces.joernti.slices import read_request

LIMITS = Limits(json_depth=8, json_values=1_000)


def read(value: object) -> int:
    return read_request(json.dumps(value, ensure_ascii=False).encode(), LIMITS).objects


@pytest.mark.claim("tidal.protocol")
@pytest.mark.parametrize("value", [AS_MAP, AS_LIST])
def test_both_shapes_are_read(value: object) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    found = read_request(raw, LIMITS)
    assert found.objects == 2
    assert found.text.encode() == raw


@pytest.mark.parametrize("value", [{"objectSlices": {}}, {"objectSlices": []}])
def test_nothing_may_be_asked(value: object) -> None:
    assert read(value) == 0
    assert read({"objectSlices": {"f": method()}}) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "no objectSlices"),
        (7, "no objectSlices"),
        ({"slices": []}, "no objectSlices"),
        ({"objectSlices": None}, "neither a map of methods nor a list"),
        ({"objectSlices": "x"}, "neither a map of methods nor a list"),
        ({"objectSlices": [method("x")]}, "method 0 of objectSlices has no fullName"),
        ({"objectSlices": [7]}, "method 0 of objectSlices has no fullName"),
        ({"objectSlices": {"f": 7}}, "method 0 of objectSlices has no list of slices"),
        ({"objectSlices": {"f": {"slices": {}}}}, "has no list of slices"),
        ({"objectSlices": {"f": {"slices": [7]}}}, "slice 0 of method 0 names no targetObj"),
        ({"objectSlices": {"f": {"slices": [{"targetObj": {}}]}}}, "names no targetObj"),
        ({"objectSlices": {"f": {"slices": [{"targetObj": {"name": 7}}]}}}, "names no targetObj"),
    ],
)
def test_other_shapes_are_refused(value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(value)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[}", "no JSON"),
        (b'{"a": "b', "no JSON"),
        (b'{"a": "\\', "no JSON"),
        (b"GET / HTTP/1.1", "no JSON"),
        (b"\xff\xfe{}", "not UTF-8: byte 0"),
        (bytes(range(256)), "not UTF-8|no JSON"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "Infinity is no number"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "beyond all reading"),
        (b"[" * 9 + b"]" * 9, "deeper than 8"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "deeper than 8"),
        (b"[" * 500_000, "more than 1,000 values"),
        (b"[1" + b",1" * 1_000 + b"]", "more than 1,000 values"),
    ],
)
def test_what_is_no_json_or_too_much(raw: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_request(raw, LIMITS)


def test_brackets_in_strings_nest_nothing() -> None:
    source = 'f([[[[[[[[[[{{{{{{{{{{"\\"' + "," * 5_000
    value: Any = {"objectSlices": {"f": method("x") | {"source": source}}}
    assert read(value) == 1


@pytest.mark.parametrize("unit", [b'"', b'"\\', b"\\", b'\\"', b"[],", b'"",'])
def test_hostile_texts_cost_in_proportion_to_their_length(unit: bytes) -> None:
    def cost(length: int) -> float:
        raw = b'"' + unit * (length // len(unit))
        begun = time.process_time()
        with pytest.raises(InputError):
            read_request(raw, Limits())
        return time.process_time() - begun

    # Eight times the length costs 64 times as much where the cost is quadratic.
    assert cost(4 << 20) < 30 * cost(1 << 19) + 0.5


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["objectSlices", "slices", "targetObj", "name", "fullName", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.one_of(JSON, JSON.map(lambda value: {"objectSlices": value})))
def test_any_json_is_read_or_refused(value: object) -> None:
    with suppress(InputError):
        assert read(value) >= 0


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(InputError):
        read_request(raw, LIMITS)
