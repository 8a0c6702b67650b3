"""What every language's table must do: the conformance test of the language seam."""

import pytest

from tests.source.samples import SAMPLES
from tidemill.source.language import LANGUAGES, Language
from tidemill.source.parsing import parse, parse_fragment
from tidemill.source.units import MODULE_NAME, Unit, units_of


def found(code: str, language: str) -> tuple[Unit, ...]:
    return units_of(parse(code.encode(), LANGUAGES[language]))


def test_every_language_has_a_sample() -> None:
    assert set(SAMPLES) == set(LANGUAGES)


@pytest.mark.claim("house.source.units")
@pytest.mark.parametrize("name", SAMPLES)
def test_units_of_the_sample(name: str) -> None:
    sample = SAMPLES[name]
    tree = parse(sample.code.encode(), LANGUAGES[name], seconds=10)
    *functions, module = units_of(tree)
    assert tree.errors == ()
    assert tuple(f"{unit.kind} {unit.qualified_name}" for unit in functions) == sample.units
    assert (module.kind, module.name) == ("module", MODULE_NAME)
    assert (module.start, module.end) == (0, len(sample.code.encode()))


@pytest.mark.claim("house.source.units")
@pytest.mark.parametrize("name", SAMPLES)
def test_documentation_of_the_sample(name: str) -> None:
    sample = SAMPLES[name]
    unit = next(u for u in found(sample.code, name) if u.qualified_name == sample.documented)
    assert unit.doc == sample.doc
    first_word = sample.doc.split()[0].encode()
    assert any(first_word in span.of(sample.code.encode()) for span in unit.doc_spans)
    others = [u for u in found(sample.code, name)[:-1] if u.qualified_name != sample.documented]
    assert [other.doc for other in others] == [""] * len(others)


@pytest.mark.parametrize("name", SAMPLES)
def test_spans_round_trip(name: str) -> None:
    text = SAMPLES[name].code.encode()
    for unit in found(SAMPLES[name].code, name)[:-1]:
        body = text[unit.start : unit.end]
        assert body == body.strip()
        assert unit.node.text is not None
        assert unit.node.text in body
        named = text[unit.name_start :].decode()
        bare = unit.name.removeprefix("operator").removeprefix("~").strip()
        assert named.startswith(unit.name) or bare in named[: len(unit.name) + 4]


@pytest.mark.parametrize("name", SAMPLES)
def test_headers_are_one_line_without_body(name: str) -> None:
    for unit in found(SAMPLES[name].code, name)[:-1]:
        assert unit.signature
        assert "\n" not in unit.signature
        assert not unit.signature.endswith("{")
        assert len(unit.signature) <= 300


@pytest.mark.claim("house.source.spans")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_unit_alone_is_the_same_unit(name: str) -> None:
    """A function cut from its file and parsed as a fragment keeps its name and hash."""
    text = SAMPLES[name].code.encode()
    declared = [u for u in found(SAMPLES[name].code, name)[:-1] if u.parent is None]
    for unit in declared:
        piece = text[unit.start : unit.end]
        tree = parse_fragment(piece, LANGUAGES[name])
        again = [u for u in units_of(tree) if u.start == 0 and u.kind != "module"]
        if not tree.errors and again:
            assert again[0].name == unit.name
            assert again[0].body_hash == unit.body_hash
            assert (again[0].start, again[0].end) == (0, len(piece))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("code", [b"", b"\n", b" \t\r\n", b"\xef\xbb\xbf", b"}", b"'", b"\xff\xfe"])
def test_nothing_raises(name: str, code: bytes) -> None:
    for tree in (parse(code, LANGUAGES[name]), parse_fragment(code, LANGUAGES[name])):
        assert units_of(tree)[-1].end == len(code)
        assert all(0 <= error.start <= error.end <= len(code) for error in tree.errors)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_no_query_looks_at_the_text(language: Language) -> None:
    # A tree that was parsed under a time limit has no text: a predicate would crash.
    assert "#" not in language.units.query
