"""Documented functions: what somebody wrote about code, and the code without it.

The filters follow CodeSearchNet (Husain et al. 2019, section 2.1): the query is
the first paragraph of the documentation, at least three words of ASCII; the
code has at least three lines; tests and exact duplicates are left out. Unlike
there, constructors and special methods stay.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidemill.core.errors import InputError, ParseTimeoutError
from tidemill.core.files import bytes_and_facts
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.source.language import language_of
from tidemill.source.lines import LineTable
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.source.text import decode
from tidemill.source.tokens import terms
from tidemill.source.units import Unit, units_of

__all__ = [
    "DocumentedFunction",
    "distinct",
    "documented_in",
    "first_paragraph",
    "functions_in",
    "without_name",
]

FEWEST_LINES = 3
FEWEST_WORDS = 3
HEAD_BYTES = 8_192
WORD = re.compile(r"\w+")
PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
NO_QUESTION = re.compile(
    r"[@\\]!?\w|:\w[\w -]*:|>>>|\{?(?:@link )?https?://\S+$"
    r"|(?:arg(?:ument)?s|param(?:eter)?s|raises|examples?)\s?(?::|---)"
    r"|(?:rubocop|eslint|jshint|jslint|pylint|noinspection|call-seq|nolint)\b"
    r"|TO[D]O\b|FIX[M]E\b|X{3}\b|(?:\(c\) )?copyright\b|licensed under\b|[-=*#/]{4}",
    re.IGNORECASE,
)
"""Beginnings of tags, orders to tools, and what is said of a file rather than of a function."""

TEST_NAME = re.compile(r"test(?:$|[_A-Z0-9])|Test[A-Z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedFunction:
    """A function with a question that it answers.

    Attributes:
        package: The package it is counted under.
        path: Its file.
        line: Its first line, counted from 1.
        language: Its language.
        name: Its own name.
        qualified_name: Its name with those of its owners.
        query: The first paragraph of its documentation; empty when that is no question.
        code: Its text without documentation.
    """

    package: str
    path: str
    line: int
    language: str
    name: str
    qualified_name: str
    query: str
    code: str


def documented_in(
    path: str, package: str, settings: Settings
) -> tuple[tuple[DocumentedFunction, ...], str]:
    """Read the documented functions of a file.

    Args:
        path: The file.
        package: The name to count them under.
        settings: Limits of reading and parsing.

    Returns:
        The functions that pass the filters, and why the file gave none (empty
        when it was read, whatever it held).
    """
    try:
        _, raw, _ = bytes_and_facts(path, settings.max_file_bytes)
    except OSError as error:
        return (), f"unreadable: {error.strerror or error}"
    except InputError as error:
        return (), error.message
    found, reason = functions_in(raw, path, package, settings)
    return tuple(function for function in found if function.query), reason


def functions_in(
    raw: bytes, path: str, package: str, settings: Settings
) -> tuple[tuple[DocumentedFunction, ...], str]:
    """Find the functions of a file, documented or not.

    Args:
        raw: The file's bytes.
        path: Its name, as results are reported.
        package: The name to count them under.
        settings: Limits of reading and parsing.

    Returns:
        The functions of three lines or more that are no tests, those whose
        documentation is no question with an empty query, and why the file gave
        none (empty when it was read, whatever it held).
    """
    try:
        tree = _parsed(raw, path, settings)
    except ParseTimeoutError as error:
        return (), f"slow: {error.message}"
    except InputError as error:
        return (), error.message
    return tuple(_functions(tree, path, package)), ""


def _parsed(raw: bytes, path: str, settings: Settings) -> SyntaxTree:
    if len(raw) > settings.max_file_bytes:
        raise InputError(f"large: more than {settings.max_file_bytes:,} bytes")
    language = language_of(path, raw[:HEAD_BYTES])
    if language is None:
        raise InputError("not a language that is parsed")
    try:
        text = decode(raw, path).data
    except InputError as error:
        raise InputError(f"not text: {error.message}") from error
    return parse(text, language, seconds=settings.parse_seconds, path=path)


def _functions(tree: SyntaxTree, path: str, package: str) -> Iterator[DocumentedFunction]:
    table = LineTable(tree.text)
    for unit in units_of(tree):
        if unit.kind == "module" or TEST_NAME.match(unit.name):
            continue
        query = first_paragraph(unit.doc)
        code = _code_without_doc(tree.text, unit)
        if sum(1 for line in code.splitlines() if line.strip()) >= FEWEST_LINES:
            yield DocumentedFunction(
                package=package,
                path=path,
                line=table.line(unit.start),
                language=tree.language.name,
                name=unit.name,
                qualified_name=unit.qualified_name,
                query=query if _is_question(query) else "",
                code=code,
            )


def first_paragraph(doc: str) -> str:
    """Return a documentation's first paragraph on one line."""
    return " ".join(PARAGRAPH_END.split(doc.strip(), maxsplit=1)[0].split())


def distinct(functions: Iterable[DocumentedFunction]) -> Iterator[DocumentedFunction]:
    """Leave out functions whose code or query occurred before: they have no one right answer."""
    known: set[str] = set()
    for function in functions:
        keys = {_key("code", function.code), _key("query", function.query.lower())}
        if known.isdisjoint(keys):
            yield function
        known |= keys


def without_name(query: str, name: str) -> str:
    """Blank out every word of a query that shares a part with a function's name.

    ``parse_header`` takes away "parse", "header" and "parseHeader", not
    "parses": the rule knows no grammar. Documentation in Go begins with the
    name, which makes the question too easy otherwise.
    """
    own = set(terms(name))
    kept = WORD.sub(lambda word: word[0] if own.isdisjoint(terms(word[0])) else "", query)
    return " ".join(kept.split())


def _key(kind: str, text: str) -> str:
    return kind + content_hash(" ".join(text.split()).encode("utf-8", "surrogatepass"))


def _is_question(query: str) -> bool:
    if not query.isascii() or NO_QUESTION.match(query):
        return False
    return len(WORD.findall(query)) >= FEWEST_WORDS


def _code_without_doc(text: bytes, unit: Unit) -> str:
    """Cut out what documents the unit itself; documentation of inner functions stays."""
    spans: Sequence[tuple[int, int]] = sorted((span.start, span.end) for span in unit.doc_spans)
    kept, position = [], unit.start
    for start, end in spans:
        if unit.start <= start and end <= unit.end:
            kept.append(text[position:start])
            position = end
    kept.append(text[position : unit.end])
    return b"".join(kept).decode("utf-8", "replace")
