import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import tokenizer, tokens, vocabulary
from tidemill.core.errors import ExpertError
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed import vocabulary as module
from tidemill.models.typed.vocabulary import TypeVocabulary


def test_a_word_that_looks_like_a_special_token_is_plain_text() -> None:
    known = vocabulary()
    special = {known.pad, known.bos, known.eos, known.newline, *known.sentinels}
    for word in ("<extra_id_3>", '"<extra_id_0>"', "<pad>", "</s>"):
        (found,) = known.words([word])
        assert found
        assert not special & {*found}


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1), max_size=8))
def test_words_come_back_from_their_tokens(words: list[str]) -> None:
    known = vocabulary()
    ids = [token for word in known.words(words) for token in word]
    assert tokenizer().decode(ids).split() == " ".join(words).split()


def test_tokens_do_not_depend_on_what_was_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    first = vocabulary().words(["reeds", "Größe", "reeds"])
    assert first[0] == first[2]
    monkeypatch.setattr(module, "MOST_KEPT", 1)
    fresh = TypeVocabulary(tokenizer())
    for _ in range(3):
        assert fresh.words(["a", "b"]) == [tokens("a"), tokens("b")]
        assert fresh.words(["reeds", "Größe", "reeds"]) == first


def test_a_type_is_written_as_people_write_it() -> None:
    words = ["Map", "<", "string", ",", "(", "value", ":", "Reed", ")", "=>", "void", ">"]
    assert vocabulary().text(tokens(words)) == "Map<string, (value: Reed) => void>"


def test_a_tokenizer_without_sentinels_is_none_for_types() -> None:
    plain = Tokenizer.train(["a b"], vocab_size=300, style="cased")
    with pytest.raises(ExpertError, match=r"the tokenizer has no <extra_id_0>") as caught:
        TypeVocabulary(plain)
    assert caught.value.hint == "It is none for types."


def test_a_tokenizer_without_a_token_for_line_ends_is_none_for_types() -> None:
    folded = Tokenizer.train(["a b"], vocab_size=400, style="folded", specials=module.SPECIALS)
    with pytest.raises(ExpertError, match="no token for the end of a line"):
        TypeVocabulary(folded)
