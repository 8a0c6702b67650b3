import json
import sys

import pytest
import tokenizers

from tests.experts.drafts import TOKENIZER
from tidemill.core.errors import ExpertError, MissingExtraError
from tidemill.experts.vocabulary import byte_level_tokenizer, vocabulary_of

MODEL = TOKENIZER["model"]
assert isinstance(MODEL, dict)
ALPHABET = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
VOCAB = json.dumps(
    {
        token: number
        for number, token in enumerate(
            ("<s>", "<pad>", "</s>", "<unk>", "<mask>", *ALPHABET, "de", "def", "Ġx")
        )
    }
).encode()
MERGES = "#version: 0.2\nd e\nde f\nĠ x\n".encode()


def test_ids_and_words_are_read() -> None:
    found = vocabulary_of(json.dumps(TOKENIZER).encode(), where="f")
    assert found.size == 32
    assert found.specials["mask_token_id"] == 4
    assert list(found.words.values()) == ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]


def test_berts_words_and_lists_of_pairs_are_read() -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    for vocab in (
        {word: number for number, word in enumerate(words)},
        [[word, 0.0] for word in words],
    ):
        data = json.dumps({"added_tokens": [], "model": {"vocab": vocab}}).encode()
        found = vocabulary_of(data, where="f")
        assert found.size == 6
        assert found.specials == {
            "bos_token_id": 2,
            "eos_token_id": 3,
            "pad_token_id": 0,
            "unk_token_id": 1,
            "mask_token_id": 4,
        }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{}", "model must be an object"),
        (b'{"model": {}}', "has no vocabulary"),
        (b'{"model": {"vocab": {}}}', "has no vocabulary"),
        (b'{"model": {"vocab": [1]}, "added_tokens": []}', "no token <s>"),
        (b'{"model": {"vocab": {"a": "b"}}, "added_tokens": []}', "a must be a whole number"),
        (b'{"model": {"vocab": {"a": 1}}}', "added_tokens must be a list"),
        (b'{"model": {"vocab": {"<s>": 1}}, "added_tokens": []}', r"no token </s> or \[SEP\]"),
        (b"not json", "not strict JSON"),
    ],
)
def test_other_files_are_no_tokenizers(data: bytes, reason: str) -> None:
    with pytest.raises(ExpertError, match=reason):
        vocabulary_of(data, where="f")


def test_a_tokenizer_is_built_from_the_two_older_files() -> None:
    text = byte_level_tokenizer(VOCAB, MERGES, where="f")
    built = tokenizers.Tokenizer.from_str(text)
    encoded = built.encode("def x<mask>")
    assert encoded.tokens == ["<s>", "def", "Ġx", "<mask>", "</s>"]
    assert vocabulary_of(text.encode(), where="f").specials["mask_token_id"] == 4
    assert byte_level_tokenizer(VOCAB, MERGES, where="f") == text


@pytest.mark.parametrize(
    ("vocab", "merges", "reason"),
    [
        (VOCAB, b"d q\xff", "do not fit"),
        (VOCAB, b"zz yy\n", "do not fit"),
        (b'{"<s>": 0}', MERGES, "no token </s>"),
        (b'{"a": "0"}', MERGES, "a whole number"),
        (b"[]", MERGES, "an object is wanted"),
    ],
)
def test_files_that_do_not_fit_are_refused(vocab: bytes, merges: bytes, reason: str) -> None:
    with pytest.raises(ExpertError, match=reason):
        byte_level_tokenizer(vocab, merges, where="f")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"\[experts\]"):
        byte_level_tokenizer(VOCAB, MERGES, where="f")
