"""Decoding is held to types: what is allowed is one, and what can be said is allowed."""

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import LEXICON, can_say, grammar, said, tokens, vocabulary
from tests.models.typed.types import grammar_type
from tidemill.core.errors import ExpertError
from tidemill.core.randomness import stream
from tidemill.metrics.types.canonical import canonical
from tidemill.metrics.types.reading import read_type
from tidemill.models.typed.grammar import GrammarState, SharedWords, TypeGrammar
from tidemill.models.typed.scope import Arity, Lexicon
from tidemill.models.typed.vocabulary import TypeVocabulary, train_vocabulary
from tidemill.models.typed.wording import type_words

OWN: dict[str, Arity] = {
    "Reed": (0, 0),
    "ReedBed": (0, 0),
    "Pond": (1, 1),
    "Größe": (0, 2),
    "Imported": (0, None),
    "T": (0, 0),
}
PARAMETERS = tuple(LEXICON.parameters)
RULE = grammar(OWN)
KNOWN: dict[str, Arity] = {**LEXICON.names, **OWN}
SPELLED = tokens(":")[0], tokens("=>")[0]
LONGEST_WALK = 150


def walk(rule: TypeGrammar, chance: Random) -> Iterator[tuple[GrammarState, int]]:
    """Take allowed tokens at random until the type is done; ends are taken half of the time."""
    state, end = rule.start(), vocabulary().newline
    for _ in range(LONGEST_WALK):
        allowed = rule.allowed(state)
        assert len(allowed), "nothing may come next"
        token = int(chance.choice(allowed))
        if end in allowed and chance.random() < 0.5:
            token = end
        state = rule.advance(state, token)
        yield state, token
        if rule.is_done(state):
            return


def uses(text: str) -> Iterator[tuple[str, int, bool]]:
    """Every name of a type, with its type arguments, and whether it is a parameter's name."""
    words = type_words(text)
    for place, word in enumerate(words):
        if not (word[0].isalpha() or word[0] in "_$"):
            continue
        following = words[place + 1 : place + 2]
        depth = count = 0
        for other in words[place + 1 :] if following == ["<"] else []:
            depth += (other in ("<", "(", "[")) - (other in (">", ")", "]"))
            count += depth == 1 and other in ("<", ",")
            if not depth:
                break
        yield word, count, following == [":"]


@pytest.mark.claim("tidal.model.candidates")
@given(st.randoms(use_true_random=False))
def test_what_is_allowed_is_a_type_of_names_in_scope(chance: Random) -> None:
    steps = [*walk(RULE, chance)]
    if not RULE.is_done(steps[-1][0]):
        return
    assert steps[-1][1] == vocabulary().newline
    text = vocabulary().text([token for _, token in steps[:-1]])
    term = read_type(text)
    assert "any" not in (term.parts or (term.text,))
    for name, arguments, is_parameter in uses(text):
        if is_parameter:
            assert name in LEXICON.parameters
            continue
        least, most = {"any": (0, 0), **KNOWN}[name]
        assert arguments >= least
        assert most is None or arguments <= most


def test_most_walks_end() -> None:
    ends = [RULE.is_done([*walk(RULE, stream(seed, "walks"))][-1][0]) for seed in range(100)]
    assert sum(ends) > 90


@pytest.mark.claim("tidal.model.candidates")
@given(grammar_type(KNOWN, PARAMETERS))
def test_every_type_of_known_names_can_be_said(text: str) -> None:
    assert can_say(RULE, text)


@given(grammar_type(KNOWN, PARAMETERS))
def test_the_normal_form_of_a_type_can_be_said(text: str) -> None:
    form = canonical(text)
    # Members of a union that are functions, and arrays of what is no name, need parentheses.
    if "(" not in form.replace("(value: ", "").replace("(index: ", "").replace("(this: ", ""):
        assert can_say(RULE, form)


@pytest.mark.parametrize(
    "text",
    [
        *("Reed", "ReedBed", "Größe", "Größe<Reed>", "Pond<Pond<Reed>>", "Imported<T, T, T>"),
        *("Map<string, number[]>", "string[][]", "string | number | null | undefined"),
        *("() => void", "(value: Reed, index: number) => boolean | null", "() => () => T"),
        *("any[]", "Map<string, any>", "(value: any) => any", "Reed | any[][]", "Promise<any> | T"),
        *("Promise<() => void>", "Generator<T>", "Generator<T, T, T>", "(this: T) => T[]"),
    ],
)
def test_what_can_be_said(text: str) -> None:
    assert can_say(RULE, text)


@pytest.mark.claim("tidal.model.candidates")
@pytest.mark.parametrize(
    "text",
    [
        *("Heron", "Ree", "Reeds", "U", "any", "value", "Reed Reed", "", "|", "Reed |", "()"),
        *("any | Reed", "Reed | any", "any<T>"),
        *("Pond", "Pond[]", "Pond<>", "Pond<Reed, Reed>", "Reed<T>", "Map<string>", "T<T>"),
        *("Generator", "Generator<T, T, T, T>", "Promise<Heron>", "Pond<Reed", "Reed[", "Reed>"),
        *("(other: Reed) => T", "(value) => T", "(value: Reed, ) => T", "(value: Reed)"),
        *("Reed | () => T", "(Reed)", "T | T | T | T | T", "number => T", "Reed[][", "T, T"),
    ],
)
def test_what_cannot_be_said(text: str) -> None:
    assert not can_say(RULE, text)


def test_lists_nest_to_a_depth_unless_a_name_needs_it() -> None:
    assert can_say(RULE, "Größe<Größe<Größe<T>>>")
    assert not can_say(RULE, "Größe<Größe<Größe<Größe<T>>>>")
    assert can_say(RULE, "Größe<Größe<Größe<Pond<T>>>>")
    assert not can_say(RULE, "Größe<Größe<Größe<() => T>>>")


def test_names_of_the_file_hide_those_of_the_language() -> None:
    rule = grammar({"Promise": (0, 0), "Map": (0, 1)})
    assert can_say(rule, "Promise")
    assert not can_say(rule, "Promise<string>")
    assert can_say(rule, "Map")
    assert not can_say(rule, "Map<string, string>")


def test_a_name_that_begins_another_may_end_or_go_on() -> None:
    state = said(RULE, "Reed")
    assert state is not None
    allowed = {*RULE.allowed(state).tolist()}
    assert vocabulary().newline in allowed
    assert tokens(["ReedBed"])[: len(tokens(["Reed"]))] == tokens(["Reed"])
    assert tokens(["ReedBed"])[len(tokens(["Reed"]))] in allowed


def test_an_empty_lexicon_still_allows_the_names_of_the_file() -> None:
    nothing = Lexicon(names={})
    assert can_say(grammar({"Reed": (0, 0)}, nothing), "() => Reed[]")
    assert not can_say(grammar({"Reed": (0, 0)}, nothing), "string")


def test_allowed_tokens_are_different_and_asked_for_once() -> None:
    state = RULE.start()
    allowed = RULE.allowed(state)
    assert allowed.dtype == np.int64
    assert len({*allowed.tolist()}) == len(allowed)
    assert RULE.allowed(RULE.start()) is allowed


def test_states_are_shared_by_what_has_the_same_beginning() -> None:
    first, second = said(RULE, "Map<string,"), said(RULE, "Map<number,")
    assert first == second
    assert hash(first) == hash(second)
    assert first != said(RULE, "Map<string")


def test_a_tokenizer_that_takes_signs_apart_is_refused() -> None:
    plain = TypeVocabulary(train_vocabulary([" a b c"] * 4, size=400))
    with pytest.raises(ExpertError, match="the tokenizer has no token for '<'"):
        SharedWords(plain, LEXICON)
