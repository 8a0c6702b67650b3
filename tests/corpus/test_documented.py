"""Documented functions: filters, first paragraphs, code without documentation."""

from pathlib import Path

import pytest

from tidemill.core.settings import Settings
from tidemill.corpus.documented import (
    DocumentedFunction,
    distinct,
    documented_in,
    first_paragraph,
    functions_in,
    without_name,
)

PYTHON = '''
def kept(text):
    """Return the words of a text.

    Second paragraph with secret.
    """
    words = text.split()
    return words


def short(text):
    """Return the words of a text."""
    return text


def terse(text):
    """Two words."""
    words = text.split()
    return words


def foreign(text):
    """Gibt die Wörter eines Textes zurück."""
    words = text.split()
    return words


def test_words(text):
    """Check that words are split."""
    words = text.split()
    return words


def undocumented(text):
    words = text.split()
    return words


class Shelf:
    def outer(self, text):
        """Make a function of many words."""
        def inner():
            """Inner documentation stays there."""
            return text
        return inner
'''

JAVA = """
class Shelf {
    /**
     * Puts a book on the shelf.
     *
     * <p>More about it.
     */
    int put(int book) {
        count = count + 1;
        return count;
    }
}
"""


def read(path: Path, text: str) -> dict[str, DocumentedFunction]:
    path.write_text(text, encoding="utf-8")
    found, reason = documented_in(str(path), "pkg", Settings())
    assert reason == ""
    return {function.qualified_name: function for function in found}


def test_filters_and_cuts(tmp_path: Path) -> None:
    found = read(tmp_path / "a.py", PYTHON)
    assert set(found) == {"kept", "Shelf.outer"}
    kept = found["kept"]
    assert kept.query == "Return the words of a text."
    assert (kept.name, kept.line, kept.language, kept.package) == ("kept", 2, "python", "pkg")
    assert '"""' not in kept.code
    assert "secret" not in kept.code
    assert kept.code.startswith("def kept(text):")
    assert kept.code.endswith("return words")
    assert "Inner documentation" in found["Shelf.outer"].code
    assert "many words" not in found["Shelf.outer"].code


def test_comments_before_a_function_document_it(tmp_path: Path) -> None:
    (put,) = read(tmp_path / "Shelf.java", JAVA).values()
    assert put.query == "Puts a book on the shelf."
    assert put.code.startswith("int put(int book)")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"hello", "not a language that is parsed"),
        ("a.py", b"x = 1\0\0\0", "not text: "),
        ("absent.py", None, "unreadable: No such file"),
    ],
)
def test_files_that_give_nothing_say_why(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found, reason = documented_in(str(tmp_path / name), "pkg", Settings())
    assert found == ()
    assert reason.startswith(words)


def test_functions_without_a_question_are_found_too() -> None:
    found, reason = functions_in(PYTHON.encode(), "a.py", "pkg", Settings())
    assert reason == ""
    queries = {function.name: function.query for function in found}
    assert queries == {
        "kept": "Return the words of a text.",
        "terse": "",
        "foreign": "",
        "undocumented": "",
        "outer": "Make a function of many words.",
    }


@pytest.mark.parametrize(
    "doc",
    [
        "@return the sum of all prices",
        "@!attribute [r] loopback addresses",
        ">>> total([1, 2, 3]) gives 6",
        "Args: prices: what things cost here",
        "Examples -------- total(1) is one",
        "https://example.org/three/words",
        ":param prices: what things cost here",
        "rubocop:disable Metrics/AbcSize, Metrics/MethodLength",
        "eslint-disable no-unused-vars, no-undef",
        "Copyright (c) 2020 by somebody else",
        "---------- public part of it",
        "two words",
        "Gibt die W\u00f6rter zur\u00fcck",
    ],
)
def test_what_is_no_question(doc: str) -> None:
    text = f'def total(prices):\n    """{doc}"""\n    found = sum(prices)\n    return found\n'
    (found,) = functions_in(text.encode(), "a.py", "pkg", Settings())[0]
    assert found.query == ""


@pytest.mark.parametrize(
    ("doc", "paragraph"),
    [
        ("One.\n\nTwo.", "One."),
        ("One\n  line\nmore.\n \t\nTwo.", "One line more."),
        ("\n\n  Late.\n", "Late."),
        ("", ""),
    ],
)
def test_the_first_paragraph(doc: str, paragraph: str) -> None:
    assert first_paragraph(doc) == paragraph


@pytest.mark.parametrize(
    ("query", "name", "left"),
    [
        ("ParseHeader reads the header of a file.", "ParseHeader", "reads the of a file."),
        ("Parses a file with get_header.", "parse_header", "Parses a file with ."),
        ("Return the words.", "count", "Return the words."),
        ("walk", "walk", ""),
    ],
)
def test_without_the_own_name(query: str, name: str, left: str) -> None:
    assert without_name(query, name) == left


def test_duplicates_are_left_out() -> None:
    def made(code: str, query: str) -> DocumentedFunction:
        return DocumentedFunction(
            package="p",
            path="a.py",
            line=1,
            language="python",
            name="f",
            qualified_name="f",
            query=query,
            code=code,
        )

    first = made("def f(): 1", "say one")
    functions = [first, made("def f():\n  1", "say two"), made("def g(): 2", "Say ONE")]
    other = made("def h(): 3", "say three")
    assert list(distinct([*functions, other])) == [first, other]
