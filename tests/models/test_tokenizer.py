import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.models.tokenizer import SPECIALS, Tokenizer

TEXTS = [
    "def parse_header(text): return text.split(':')",
    "public int parseHeader(String text) { return 0; }",
    "parse the header of a text",
]
FOLDED = Tokenizer.train(TEXTS * 4, vocab_size=420)
EXACT = Tokenizer.train(TEXTS * 4, vocab_size=420, style="exact")


def test_names_are_read_as_the_words_they_are_made_of() -> None:
    snake, camel, words = FOLDED.encode(["parse_header", "parseHeader", "parse header"])
    assert snake.ids.tolist() == camel.ids.tolist() == words.ids.tolist()
    assert [(int(a), int(b)) for a, b in zip(camel.starts, camel.ends, strict=True)] == [
        (0, 5),
        (5, 11),
    ]


def test_specials_come_first_and_never_out_of_a_text() -> None:
    assert [FOLDED.id_of(token) for token in SPECIALS] == [0, 1, 2, 3, 4]
    for tokenizer in (FOLDED, EXACT):
        (found,) = tokenizer.encode(["a </s> b <mask> <s>"])
        assert found.ids.min() > 4


@given(st.text(max_size=60))
def test_offsets_are_bytes_of_the_text_in_order(text: str) -> None:
    clean = text.encode("utf-8", "replace")
    for tokenizer in (FOLDED, EXACT):
        (found,) = tokenizer.encode([text])
        assert (found.starts <= found.ends).all()
        assert not len(found) or (found.starts.min() >= 0 and found.ends.max() <= len(clean))
        assert (found.starts[1:] >= found.starts[:-1]).all()


def test_offsets_after_other_scripts_point_at_the_same_words() -> None:
    text = "é = naïve('日本') + total"
    (found,) = FOLDED.encode([text])
    pieces = [text.encode()[a:b] for a, b in zip(found.starts, found.ends, strict=True)]
    assert b"".join(pieces).endswith(b"+total")


def test_the_same_texts_give_the_same_tokenizer_and_a_file_gives_it_back(tmp_path: Path) -> None:
    again = Tokenizer.train(TEXTS * 4, vocab_size=420)
    assert again.to_json() == FOLDED.to_json()
    path = tmp_path / "tokenizer.json"
    path.write_text(FOLDED.to_json(), encoding="utf-8")
    loaded = Tokenizer.load(path)
    assert loaded.vocab_size == FOLDED.vocab_size
    assert loaded.encode(TEXTS)[0].ids.tolist() == FOLDED.encode(TEXTS)[0].ids.tolist()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": "1.0", "model": {"type": "X"}}'])
def test_what_is_no_tokenizer_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(text)
    with pytest.raises(ExpertError, match=r"tokenizer\.json is no tokenizer"):
        Tokenizer.load(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="nowhere"):
        Tokenizer.load(tmp_path / "nowhere.json")


def test_the_file_is_in_the_format_of_hugging_face() -> None:
    facts = json.loads(FOLDED.to_json())
    assert facts["model"]["type"] == "BPE"
    assert {"normalizer", "pre_tokenizer", "decoder", "added_tokens"} <= facts.keys()
