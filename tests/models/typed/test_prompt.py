"""What the encoder reads besides the window."""

from tests.models.typed.small import document, tokens, vocabulary
from tidemill.models.typed.prompt import Prompter
from tidemill.models.typed.windows import Window, windows_of

ASKED = document("let reed;\nlet pond;")
PREAMBLE = "Infer types for Javascript :"


def window() -> Window:
    (found,) = windows_of(ASKED, vocabulary())
    return found


def prompter(most: int = 512, facts: int = 60) -> Prompter:
    return Prompter(vocabulary(), most_tokens=most, facts=facts)


def test_names_that_the_window_does_not_show_stand_before_it() -> None:
    found = prompter().input(window(), ASKED, ["Bank", "reed", "Pond", "Bank"])
    body = "let reed : <extra_id_0> ; let pond : <extra_id_1> ;"
    assert found == (1, *tokens(f"{PREAMBLE} Bank Pond ; {body}"), 2)


def test_notes_of_sites_stand_behind_their_sentinels() -> None:
    notes = {1: ["map", "("], 0: []}
    found = prompter().input(window(), ASKED, ["Bank"], notes)
    begin = (1, *tokens(f"{PREAMBLE} <extra_id_1> map ( Bank ; let"))
    assert found[: len(begin)] == begin


def test_facts_take_no_more_than_their_room() -> None:
    bare = prompter(facts=0).input(window(), ASKED, ["Bank"])
    for facts in range(1, 12):
        found = prompter(facts=facts).input(window(), ASKED, ["Bank", "Pond", "Singer"])
        assert len(found) <= len(bare) + facts
        assert found[-len(window().ids) - 1 :] == bare[-len(window().ids) - 1 :]


def test_the_window_comes_before_facts_where_there_is_little_room() -> None:
    bare = prompter(facts=0).input(window(), ASKED, [])
    for more in range(4):
        found = prompter(most=len(bare) + more).input(window(), ASKED, ["Bank"] * 9 + ["Pond"])
        assert len(found) <= len(bare) + more
        assert found[-len(window().ids) - 1 : -1] == window().ids
    assert prompter(most=len(bare)).input(window(), ASKED, ["Bank"]) == bare


def test_an_input_is_never_longer_than_the_model_reads() -> None:
    for most in (3, 10, 20):
        found = prompter(most=most).input(window(), ASKED, ["Bank"])
        assert len(found) == most
        assert (found[0], found[-1]) == (1, 2)
