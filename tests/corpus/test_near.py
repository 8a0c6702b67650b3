"""Near duplicates: what the signatures find is what the sets of shingles say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.making import WORDS
from tidemill.core.randomness import stream
from tidemill.corpus.near import AT_ONCE, near_duplicates, shingles_of

TEXT = "def total(prices):\n" + "\n".join(f"    {word} = prices.{word} + 1" for word in WORDS)


def similarity(one: str, other: str) -> float:
    left, right = set(shingles_of(one).tolist()), set(shingles_of(other).tolist())
    return len(left & right) / len(left | right)


def test_a_word_more_is_a_near_duplicate() -> None:
    other = TEXT.replace("rose", "lily", 1)
    assert 0.8 < similarity(TEXT, other) < 1
    assert near_duplicates([TEXT, other, TEXT[::-1]], 0.8) == {1: 0}
    assert near_duplicates([TEXT, other], 0.999) == {}


def test_white_space_and_breaks_do_not_count() -> None:
    assert near_duplicates([TEXT, TEXT.replace("\n", "\n\n  ").replace(" = ", "=")], 1.0) == {1: 0}


def test_the_first_of_several_stays() -> None:
    assert near_duplicates([TEXT, TEXT, "short", TEXT, "short"], 0.8) == {1: 0, 3: 0, 4: 2}


def test_what_goes_takes_nobody_with_it() -> None:
    chain = [TEXT]
    for number in range(0, len(WORDS), 2):
        chain.append(chain[-1].replace(f"{WORDS[number]} =", f"new{number} ="))
    gone = near_duplicates(chain, 0.8)
    assert set(gone.values()).isdisjoint(gone)
    for later, earlier in gone.items():
        assert similarity(chain[later], chain[earlier]) >= 0.8


def test_batches_know_each_other() -> None:
    texts = [f"a{n} b{n} c{n} d{n} e{n} f{n}" for n in range(AT_ONCE + 2)]
    assert near_duplicates([*texts, texts[0]], 0.8) == {AT_ONCE + 2: 0}


@pytest.mark.parametrize("text", ["", "x", "a b c d", "\ud800", "ä ö ü", "()" * 3])
def test_short_and_odd_texts_have_a_shingle(text: str) -> None:
    assert len(shingles_of(text)) >= 1
    assert near_duplicates([text, text], 0.8) == {1: 0}


def test_almost_no_pair_is_missed() -> None:
    chance = stream(1, "near")
    found = 0
    for number in range(300):
        words = [f"w{number}_{place}" for place in range(60)]
        other = list(words)
        # Two words apart from each other spoil ten of 56 shingles: similarity 46 / 66 or more.
        other[chance.randrange(60)] = "changed"
        pair = [" ".join(words), " ".join(other)]
        assert similarity(*pair) >= 0.8
        found += near_duplicates(pair, 0.8) == {1: 0}
    assert found >= 298


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("ab(. ", max_size=40), max_size=12), st.sampled_from([0.5, 0.8, 1.0]))
def test_everything_that_goes_is_like_what_stays(texts: list[str], limit: float) -> None:
    gone = near_duplicates(texts, limit)
    for later, earlier in gone.items():
        assert earlier < later
        assert earlier not in gone
        assert similarity(texts[later], texts[earlier]) >= limit
