"""Forms of a file survive packing; damaged ones are told apart from whole ones."""

import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.samples import SAMPLES
from tests.tasks.clones.golden import GOLDEN
from tidemill.source.language import LANGUAGES
from tidemill.source.normalised import Normaliser
from tidemill.source.parsing import parse
from tidemill.source.units import units_of
from tidemill.tasks.clones.forms import FileForms, Vocabulary, pack_forms, unpack_forms


def packed_forms(code: str, language: str = "python") -> bytes:
    return pack_forms(parse(code.encode(), LANGUAGES[language]))


def unpacked(packed: bytes, vocabulary: Vocabulary | None = None) -> FileForms:
    return unpack_forms(packed, "/a.py", key="k", vocabulary=vocabulary or Vocabulary())


@pytest.mark.parametrize("name", GOLDEN)
def test_a_form_is_what_the_normaliser_says(name: str) -> None:
    code = GOLDEN[name].original
    tree = parse(code.encode(), LANGUAGES[name])
    units = units_of(tree)
    form = Normaliser(tree, units).form(units[0])
    vocabulary = Vocabulary()
    (fragment,) = unpacked(packed_forms(code, name), vocabulary).fragments
    assert (fragment.exact, fragment.renamed) == (form.exact, form.renamed)
    assert fragment.codes.tolist() == vocabulary.numbered(form.codes)
    assert (fragment.tokens, fragment.language, fragment.path) == (form.tokens, name, "/a.py")
    assert (fragment.start, fragment.end) == (units[0].start, units[0].end)
    assert code.encode()[: fragment.start].count(b"\n") + 1 == fragment.line


def test_files_share_a_vocabulary() -> None:
    vocabulary = Vocabulary()
    first = unpacked(packed_forms(GOLDEN["python"].original), vocabulary)
    unpacked(packed_forms(GOLDEN["python"].other), vocabulary)
    again = unpacked(packed_forms(f"x = 1\n{GOLDEN['python'].renamed}"), vocabulary)
    assert first.fragments[0].codes == again.fragments[0].codes


def test_small_functions_are_counted_but_not_kept() -> None:
    inner = GOLDEN["python"].original.replace("\n", "\n    ")
    code = f"def small():\n    pass\n\n\ndef outer(orders):\n    {inner}\n    return bill\n"
    found = unpacked(packed_forms(code))
    assert found.functions == 3
    assert [(one.name, one.parent) for one in found.fragments] == [
        ("outer", None),
        ("outer.bill", 0),
    ]


def test_namesakes_are_numbered() -> None:
    found = unpacked(packed_forms(GOLDEN["python"].original * 3))
    assert [one.namesake for one in found.fragments] == [0, 1, 2]


@pytest.mark.parametrize(("code", "lines"), [("", 1), ("x = 1", 1), ("x = 1\n", 1), ("\n\n", 2)])
def test_lines_are_counted(code: str, lines: int) -> None:
    assert unpacked(packed_forms(code)).lines == lines


@given(st.binary(max_size=60))
def test_damage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever the bytes are
        unpacked(data)
    with pytest.raises(ValueError):  # noqa: PT011
        unpacked(zlib.compress(data))


@given(st.data())
def test_a_cut_or_changed_form_is_refused_or_read(data: st.DataObject) -> None:
    whole = zlib.decompress(packed_forms(SAMPLES["java"].code + GOLDEN["java"].original, "java"))
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(
        st.sampled_from([whole[:place], whole[:place] + b"\xff" + whole[place + 1 :]])
    )
    with suppress(ValueError):
        unpacked(zlib.compress(changed))
