"""Tables of TOML: kinds are checked, nothing is overlooked, errors know their lines."""

import pytest

from tidemill.core.errors import InputError
from tidemill.corpus.tables import one_of, parsed

TEXT = """\
name = "set"
count = 3
share = 1

[inner]
most = 5

[[rows]]
name = "one"

[[rows]]
name = "two"
size = "big"
"""


def test_values_come_in_their_kinds() -> None:
    table = parsed(TEXT, "r.toml")
    assert table.needed("name", str) == "set"
    assert table.optional("count", 0) == 3
    assert table.optional("share", 0.5) == pytest.approx(1.0)
    assert table.optional("absent", 7) == 7
    assert table.inner("inner").counts("most_of") == {}
    assert [row.needed("name", str) for row in table.rows("rows", "name")] == ["one", "two"]
    table.finish()


def test_words_may_be_one_or_several() -> None:
    table = parsed('files = { train = "a", valid = ["b", "c"] }', "r.toml")
    assert table.words("files") == {"train": ("a",), "valid": ("b", "c")}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\ny = \n", 2, "not TOML: Invalid value"),
        ("x = 1\nx = 2\n", 2, "not TOML"),
        ("x = ", None, "not TOML"),
    ],
)
def test_what_is_no_toml_is_refused(text: str, line: int | None, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parsed(text, "r.toml")
    assert caught.value.path == "r.toml"
    assert line is None or caught.value.line == line


def test_a_wrong_kind_is_refused_with_its_line() -> None:
    table = parsed('a = 1\nb = "x"\nc = true\n', "r.toml")
    for key, kind, line, words in (
        ("b", int, 2, "b = 'x' is not a whole number"),
        ("a", str, 1, "a = 1 is not text"),
        ("c", int, 3, "c = True is not a whole number"),
        ("c", float, 3, "c = True is not a number"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            table.needed(key, kind)
        assert caught.value.line == line
    with pytest.raises(InputError, match="d is missing"):
        table.needed("d", str)


def test_unknown_keys_are_refused_with_a_suggestion() -> None:
    table = parsed("alpha = 1\nbetta = 2\n", "r.toml")
    table.optional("alpha", 0)
    table.optional("beta", 0)
    with pytest.raises(InputError, match="unknown key betta") as caught:
        table.finish()
    assert (caught.value.line, caught.value.hint) == (2, "Did you mean beta?")


def test_a_row_knows_its_line() -> None:
    table = parsed(TEXT, "r.toml")
    _, two = table.rows("rows", "name")
    two.needed("name", str)
    with pytest.raises(InputError) as caught:
        two.finish()
    assert caught.value.line == 13


def test_one_of_a_few() -> None:
    table = parsed('split = "trian"\n', "r.toml")
    assert one_of(table, "split", "train", ("train", "valid")) == "train"
    with pytest.raises(InputError, match="split = 'trian' is not known") as caught:
        one_of(table, "split", "trian", ("train", "valid"))
    assert caught.value.hint == "Did you mean train?"
