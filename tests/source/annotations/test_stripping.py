from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def blanked(text: str) -> str:
    data = text.encode()
    return stripped(data, sites_of(parse(data, LANGUAGES["typescript"]))).decode()


def test_annotations_become_spaces() -> None:
    assert blanked("function f(a: number, b?: A<B>): void {}") == (
        "function f(a        , b?      )       {}"
    )


def test_line_breaks_stay() -> None:
    assert blanked("let a: {\r\n  b: number\r\n} = c") == "let a   \r\n           \r\n  = c"


def test_the_mark_of_a_later_value_goes_along() -> None:
    assert blanked("class C { x!: number; y? : A }") == "class C { x         ; y?     }"


def test_what_is_no_site_stays() -> None:
    text = "interface I { a: number }\nfunction f(x: unknown): x is A;\nconst { a }: B = c"
    assert blanked(text) == text


TYPES = st.sampled_from(["number", "A | null", "Map<string, B[]>", "() => void", "'x' | 'y'"])
NAMES = st.sampled_from(["a", "größe", "_b", "$c", "数"])


@given(st.lists(st.tuples(NAMES, TYPES), min_size=1, max_size=5))
def test_a_stripped_file_has_the_same_sites_at_the_same_places(
    pairs: list[tuple[str, str]],
) -> None:
    text = "\n".join(
        f"function f{number}({name}: {type_}): {type_} {{ let v: {type_}; return v }}"
        for number, (name, type_) in enumerate(pairs)
    ).encode()
    before = sites_of(parse(text, LANGUAGES["typescript"]))
    bare = stripped(text, before)
    after = sites_of(parse(bare, LANGUAGES["typescript"]))
    assert len(bare) == len(text)
    assert [(s.kind, s.name, s.place) for s in after] == [(s.kind, s.name, s.place) for s in before]
    assert all(site.type is None for site in after)
