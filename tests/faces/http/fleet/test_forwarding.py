import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.http.fleet.forwarding import expert_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["model"]), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("body", "expert"),
    [
        ({"model": "search-tokens", "input": "x"}, "search-tokens"),
        ({"experts": ["routing-code", "*"], "input": "x"}, "routing-code"),
        ({"model": "auto", "task": "clones"}, ""),
        ({"query": "x"}, ""),
        ({"model": "../../etc/passwd"}, ""),
        ({"model": ["search-tokens"]}, ""),
        ({"experts": []}, ""),
        ({"experts": ["*"]}, ""),
        ([{"model": "search-tokens"}], ""),
        (None, ""),
    ],
)
def test_who_is_asked_first(body: object, expert: str) -> None:
    assert expert_in(body) == expert


@given(JSON)
def test_whatever_is_sent_names_an_expert_or_nobody(body: object) -> None:
    assert set(expert_in(body)) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
