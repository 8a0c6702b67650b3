import pytest
from hypothesis import given

from tests.models.typed.types import any_type
from tidemill.metrics.types.canonical import canonical
from tidemill.models.typed.wording import text_of, type_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Map<string, Reed[]>", "Map < string , Reed [ ] >"),
        ("(a: A, b?: B) => void", "( a : A , b ? : B ) => void"),
        ("...rest", "... rest"),
        ("A.B | undefined", "A . B | undefined"),
        ("\"a\" | 'b c' | `d${string}`", None),
        ("Größe<$T, _x>", "Größe < $T , _x >"),
    ],
)
def test_a_type_is_cut_into_names_literals_and_signs(text: str, words: str | None) -> None:
    found = type_words(text)
    assert found == (words.split(" ") if words else ['"a"', "|", "'b c'", "|", "`d${string}`"])


@pytest.mark.parametrize(
    "text",
    [
        *("Map<string, Reed[]>", "(a: A, b?: B) => void", "() => Promise<A.B[]>", "keyof T"),
        *("readonly string[]", "(A | B)[]", "[a: string, ...rest: B[]]", "typeof x.y", "A & B"),
        *("{ x: number; y?: string }", "-1 | 0 | 1", '"a b" | "c"', "A[B]", "new () => A"),
    ],
)
def test_a_type_comes_back_as_people_write_it(text: str) -> None:
    assert text_of(type_words(text)) == text


@given(any_type())
def test_the_normal_form_comes_back_from_its_words(text: str) -> None:
    form = canonical(text)
    assert canonical(text_of(type_words(form))) == form
