"""JSON from strangers: one meaning, bounded cost."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.faces.http.json_body import parse_json
from tidemill.faces.http.limits import Limits

LIMITS = Limits()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', "\\", '\\"', "[", "]", "{}", "[]" * 3, '\\\\"[', "\\ud800"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def refused(raw: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(InputError) as caught:
        parse_json(raw, limits)
    return str(caught.value)


def depth_of(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)


@given(VALUES, st.booleans())
def test_what_is_json_means_what_python_reads(value: object, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse_json(raw, LIMITS) == json.loads(raw)


@given(VALUES, st.integers(1, 5), st.booleans())
def test_the_depth_is_exact(value: object, most: int, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    limits = Limits(json_depth=most)
    if depth_of(value) <= most:
        assert parse_json(raw, limits) == value
    else:
        assert "deeper than" in refused(raw, limits)


@given(st.binary(max_size=60) | st.text('[]{}",:\\ue01d8', max_size=60).map(str.encode))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    try:
        value = parse_json(raw, LIMITS)
    except InputError:
        return
    # And what is read can be written again.
    assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


def test_the_depth_that_is_allowed_is_read() -> None:
    value: Any = parse_json(b"[" * 64 + b"]" * 64, LIMITS)
    assert depth_of(value) == 64


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"a":' * 50_000,
        b'["[",' * 65 + b"1" + b"]" * 65,
        rb'["\\",' + b"[" * 64 + b"]" * 65,
        rb'["\\\"",' + b"[" * 64 + b"]" * 65,
    ],
)
def test_what_is_deeper_is_refused_without_a_parser(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "loads", None)
    assert "nests arrays and objects deeper than 64" in refused(raw)


def test_brackets_in_strings_are_not_depth() -> None:
    text = "[" * 1_000 + '\\"{' * 1_000
    assert parse_json(json.dumps([text]).encode(), LIMITS) == [text]


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,", b'"",', b'"a":"b",'])
def test_more_values_than_allowed_are_refused_without_a_parser(
    unit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "loads", None)
    assert "more than 250,000 values" in refused(b"[" + unit * 2_000_000 + b"1]")


def test_as_many_values_as_allowed_are_read() -> None:
    limits = Limits(json_values=10)
    assert parse_json(b"[1,2,3,4,5,6,7,8,9]", limits) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert "more than 10 values" in refused(b"[1,2,3,4,5,6,7,8,9,10]", limits)
    keyed = json.dumps({str(index): str(index) for index in range(8)}).encode()
    assert len(parse_json(keyed, limits)) == 8  # type: ignore[arg-type] # a dict


@pytest.mark.parametrize(
    "raw", [b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'[{"x": {"y": 1, "z": 2, "y": 3}}]']
)
def test_a_key_twice_is_refused(raw: bytes) -> None:
    assert "same key twice" in refused(raw)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_python_calls_a_number_and_json_does_not(word: str) -> None:
    assert f"{word} is no number of JSON" in refused(f"[{word}]".encode())


@pytest.mark.parametrize(
    "digits", ["9223372036854775808", "-9223372036854775809", "1" * 41, "9" * 1_000_000]
)
def test_whole_numbers_fit_into_64_bits(digits: str) -> None:
    assert "does not fit into 64 bits" in refused(f'{{"n": {digits}}}'.encode())


@pytest.mark.parametrize("digits", ["1e309", "-1e999", "0." + "1" * 50, "1e" + "9" * 100_000])
def test_other_numbers_are_finite_and_short(digits: str) -> None:
    assert "too large, or of too many digits" in refused(digits.encode())


def test_numbers_at_the_edge_are_read() -> None:
    raw = b"[9223372036854775807, -9223372036854775808, 1.7976931348623157e308, 5e-324, -0.0]"
    value: Any = parse_json(raw, LIMITS)
    assert value[:2] == [2**63 - 1, -(2**63)]
    assert all(map(math.isfinite, value))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[1,]", "no JSON"),
        (b"'a'", "no JSON"),
        (b'"\x00"', "no JSON"),
        (b"[1] []", "no JSON"),
        (b"\xef\xbb\xbf[]", "no JSON"),
        (b'"\xff"', "not UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        ('"a"'.encode("utf-16"), "not UTF-8"),
        (b'"\\ud800"', "half a surrogate pair"),
        (b'{"\\uDC00": 1}', "half a surrogate pair"),
        (b'"\\uDe00\\ud83d"', "half a surrogate pair"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(raw: bytes, why: str) -> None:
    assert why in refused(raw)


def test_both_halves_of_a_character_are_read() -> None:
    assert parse_json(rb'"\ud83d\ude00"', LIMITS) == "\U0001f600"


def test_the_place_of_a_mistake_is_told_and_its_text_is_not() -> None:
    with pytest.raises(InputError) as caught:
        parse_json(b'{"key": 1,\n  "password": hush}', LIMITS)
    assert caught.value.place == "2:15"
    assert "hush" not in str(caught.value)
