import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import Facts, canonical_json, json_object, placed, readable_json

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
DOCUMENTS = st.dictionaries(st.text(), SCALARS | st.lists(SCALARS))


@given(DOCUMENTS)
def test_what_is_written_is_read(document: dict[str, object]) -> None:
    assert json_object(canonical_json(document), where="x") == document
    assert json_object(readable_json(document), where="x") == document


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' is there twice"),
        (b'{"b": {"a": 1, "a": 1}}', "the key 'a' is there twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b"[1]", "an object is wanted"),
        (b"", "not strict JSON"),
        (b'{"a": 1} x', "not strict JSON"),
        (b'{"a": \xff}', "not strict JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not strict JSON"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_other_json_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ExpertError, match=reason) as caught:
        json_object(data, where="there")
    assert caught.value.message.startswith("there: ")


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": object()}, {1: {2}}])
def test_what_json_has_no_words_for_is_refused(value: object) -> None:
    for write in (canonical_json, readable_json):
        with pytest.raises(ExpertError, match="cannot be written as JSON"):
            write(value)


def test_canonical_is_one_way_to_write() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == b'{"a":"\\u00e9","b":1}'


FACTS = Facts(
    fields={
        "text": "x",
        "empty": "",
        "long": "x" * 1_001,
        "odd": "a\nb",
        "null": None,
        "true": True,
        "whole": 3,
        "below": -1,
        "half": 0.5,
        "huge": 10**400,
        "list": ["a", "b"],
        "wholes": [1, 2],
        "object": {"a": {"b": 1}},
        "objects": [{"a": 1}, {"a": 2}],
    },
    where="f",
)


def test_fields_are_handed_out() -> None:
    assert FACTS.text("text") == "x"
    assert FACTS.optional_text("null") is None
    assert FACTS.optional_text("text") == "x"
    assert FACTS.remark("empty") == ""
    assert FACTS.whole("whole") == FACTS.number("whole") == 3
    assert FACTS.number("half") == 0.5
    assert FACTS.texts("list") == ("a", "b")
    assert FACTS.wholes("wholes") == (1, 2)
    assert FACTS.inner("object").inner("a").whole("b") == 1
    assert [facts.whole("a") for facts in FACTS.objects("objects")] == [1, 2]
    assert [(name, facts.whole("b")) for name, facts in FACTS.inner("object").entries()] == [
        ("a", 1)
    ]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("text", "empty"),
        ("text", "long"),
        ("text", "odd"),
        ("text", "whole"),
        ("text", "missing"),
        ("remark", "odd"),
        ("optional_text", "missing"),
        ("whole", "true"),
        ("whole", "half"),
        ("whole", "below"),
        ("whole", "huge"),
        ("number", "true"),
        ("number", "huge"),
        ("number", "text"),
        ("texts", "wholes"),
        ("texts", "text"),
        ("wholes", "list"),
        ("inner", "list"),
    ],
)
def test_a_field_of_another_kind_is_refused(method: str, name: str) -> None:
    with pytest.raises(ExpertError, match="must be"):
        getattr(FACTS, method)(name)


def test_unknown_and_missing_fields_are_named() -> None:
    facts = Facts(fields={"a": 1, "b": 2}, where="f")
    assert facts.exactly(("a", "b")) is facts
    with pytest.raises(ExpertError, match="f: unknown field 'b'"):
        facts.exactly(("a",))
    with pytest.raises(ExpertError, match="f: the field c is missing"):
        facts.exactly(("a", "b", "c"))


def test_an_error_gets_its_place_and_keeps_its_hint() -> None:
    with pytest.raises(ExpertError) as caught, placed("there"):
        raise ExpertError("it is bad", hint="mend it")
    assert str(caught.value) == "there: it is bad\n  mend it"


def test_readable_keeps_the_order() -> None:
    assert list(json.loads(readable_json({"b": 1, "a": 2}))) == ["b", "a"]
