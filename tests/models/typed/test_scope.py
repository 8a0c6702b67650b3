import json

import pytest

from tests.models.typed.small import LEXICON
from tidemill.core.errors import ExpertError
from tidemill.models.typed.scope import Lexicon, names_at
from tidemill.source.annotations.scope import TypeName, type_names_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.spans import Span

TEXT = """\
import * as all from "all";
import { Frog } from "frogs";
class Pond<T, U = T> { dive<V>(x) { interface Bank<A> {} type Frog = A; return x } }
"""


def names(text: str = TEXT) -> tuple[TypeName, ...]:
    return type_names_of(parse(text.encode(), LANGUAGES["typescript"]))


def test_what_can_be_said_depends_on_the_place() -> None:
    outside = {"Frog": (0, None), "Pond": (1, 2)}
    assert names_at(names(), 0) == outside
    inside = outside | {"T": (0, 0), "U": (0, 0)}
    assert names_at(names(), TEXT.index("dive<") - 2) == inside
    assert names_at(names(), TEXT.index("(x)")) == inside | {"V": (0, 0)}
    assert names_at(names(), TEXT.index("return")) == inside | {
        "V": (0, 0),
        "Bank": (1, 1),
        "Frog": (0, 0),
    }


@pytest.mark.parametrize("turned", [False, True])
def test_an_inner_name_hides_an_outer_one_whichever_comes_first(*, turned: bool) -> None:
    outer = TypeName(name="A", kind="class", scope=Span(start=0, end=90), least=2, most=2)
    inner = TypeName(name="A", kind="parameter", scope=Span(start=10, end=20))
    both = [inner, outer] if turned else [outer, inner]
    assert names_at(both, 10) == names_at(both, 19) == {"A": (0, 0)}
    assert names_at(both, 9) == names_at(both, 20) == {"A": (2, 2)}


def test_a_lexicon_comes_back_from_its_file() -> None:
    assert Lexicon.from_json(LEXICON.to_json().encode()) == Lexicon(
        names=LEXICON.names, parameters=LEXICON.parameters, heads=LEXICON.heads
    )
    open_ended = Lexicon(names={"Größe": (0, None)})
    assert Lexicon.from_json(open_ended.to_json().encode()).names == {"Größe": (0, None)}


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "null", '{"names": {}}', '{"names": 3, "parameters": [], "heads": []}'),
        '{"names": {"A": [1]}, "parameters": [], "heads": []}',
        '{"names": {"A": ["x", 1]}, "parameters": [], "heads": []}',
        '{"names": {}, "parameters": 4, "heads": []}',
    ],
)
def test_a_damaged_lexicon_is_refused(text: str) -> None:
    with pytest.raises(ExpertError, match="the expert's types cannot be read"):
        Lexicon.from_json(text.encode())


def test_a_lexicon_of_bytes_that_are_no_text_is_refused() -> None:
    with pytest.raises(ExpertError, match="cannot be read"):
        Lexicon.from_json(json.dumps("ä", ensure_ascii=False).encode("latin-1"))
