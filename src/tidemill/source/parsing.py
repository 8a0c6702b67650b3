"""Text becomes a syntax tree, within a time limit, and its errors become spans."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

import tree_sitter
from tree_sitter import Node, Parser, Query, QueryCursor, Tree, TreeCursor

from tidemill.core.errors import ParseTimeoutError
from tidemill.source.spans import Span
from tidemill.source.tables import Language

__all__ = ["SyntaxTree", "captures_of", "grammar_of", "parse", "parse_fragment", "query_of"]

WINDOW_BYTES = 65_536
SHREDS = 10_000
MAX_DEPTH = 10_000

_LOCAL = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxTree:
    """A parsed text.

    Attributes:
        language: The language it was parsed as.
        text: The text that was given, UTF-8.
        tree: tree-sitter's tree; its bytes count from ``offset`` before the text.
        errors: Spans of ``text`` that could not be parsed (maximal, in order); a
            span without bytes is a place where something is missing.
        shredded: A part of it is more than 10,000 tokens in a row that form
            nothing (a file of brackets): a query would take quadratic time.
        offset: Bytes that were put before the text to make it parse; a node's
            place in ``text`` is ``node.start_byte - offset``.
    """

    language: Language
    text: bytes
    tree: Tree
    errors: tuple[Span, ...]
    shredded: bool = False
    offset: int = 0


def parse(
    text: bytes, language: Language, *, seconds: float | None = None, path: str = "<text>"
) -> SyntaxTree:
    """Parse a text. Never fails on what the text says: see ``SyntaxTree.errors``.

    Args:
        text: UTF-8.
        language: The language to parse it as.
        seconds: Time limit; None: no limit.
        path: The file, as the reader knows it, for the error.

    Raises:
        ParseTimeoutError: The time limit has passed.
    """
    tree = _tree_of(text, language, seconds, path)
    errors, shredded = _errors_of(tree)
    return SyntaxTree(language=language, text=text, tree=tree, errors=errors, shredded=shredded)


def parse_fragment(
    text: bytes, language: Language, *, seconds: float | None = None, path: str = "<text>"
) -> SyntaxTree:
    """Parse a part of a file, such as a method without its class.

    A fragment with errors is tried again inside each of the language's
    surroundings (a class, ``<?php``); the one with the fewest unparsable bytes
    is kept. Why: a Java method alone has errors in 17 % of a translation corpus,
    and in a class in none (GraphCodeBERT's data; figures are ours).

    Args:
        text: UTF-8.
        language: The language to parse it as.
        seconds: Time limit of each try; None: no limit.
        path: The file, as the reader knows it, for the error.

    Raises:
        ParseTimeoutError: The time limit has passed.
    """
    bare = parse(text, language, seconds=seconds, path=path)
    complete = language.opener in text
    if complete and not bare.errors:
        return bare
    best = bare if complete else None
    for wrap in language.wraps:
        whole = wrap.prefix + text + wrap.suffix
        tree = _tree_of(whole, language, seconds, path)
        errors, shredded = _errors_of(tree)
        tried = SyntaxTree(
            language=language,
            text=text,
            tree=tree,
            errors=_shifted(errors, len(wrap.prefix), len(text)),
            shredded=shredded,
            offset=len(wrap.prefix),
        )
        if best is None or _badness(tried) < _badness(best):
            best = tried
        if not best.errors:
            break
    return best or bare


def query_of(language: Language, source: str) -> Query:
    """Compile a query for a language's grammar once."""
    return _query(language.grammar, source)


def captures_of(tree: SyntaxTree, source: str) -> Mapping[str, list[Node]]:
    """Run a query over a tree and return the nodes by capture name, in no order.

    A shredded tree gives none. Nodes deeper than 10,000 levels are not seen: the
    library keeps depths in 16 bits, and past them its time grows quadratically.
    """
    if tree.shredded:
        return {}
    cursor = QueryCursor(query_of(tree.language, source))
    cursor.set_max_start_depth(MAX_DEPTH)
    return cursor.captures(tree.tree.root_node)


def grammar_of(language: Language) -> tree_sitter.Language:
    """Load a language's grammar once."""
    return _grammar(language.grammar)


@lru_cache(maxsize=64)
def _grammar(grammar: str) -> tree_sitter.Language:
    module, function = grammar.split(":")
    capsule: object = getattr(import_module(module), function)()
    return tree_sitter.Language(capsule)


@lru_cache(maxsize=256)
def _query(grammar: str, source: str) -> Query:
    return Query(_grammar(grammar), source)


def _parser_of(language: Language) -> Parser:
    """Return this thread's parser of a language: parsers are not thread-safe."""
    parsers: dict[str, Parser] | None = getattr(_LOCAL, "parsers", None)
    if parsers is None:
        parsers = _LOCAL.parsers = {}
    parser = parsers.get(language.grammar)
    if parser is None:
        parser = parsers[language.grammar] = Parser(grammar_of(language))
    return parser


def _tree_of(text: bytes, language: Language, seconds: float | None, path: str) -> Tree:
    parser = _parser_of(language)
    if seconds is None:
        return parser.parse(text)
    try:
        return parser.parse(_reader(text), progress_callback=_alarm(seconds))
    except ValueError as error:
        parser.reset()
        raise ParseTimeoutError(
            f"parsing {len(text):,} bytes of {language.title} took longer than {seconds:g} s",
            path=path,
            hint="raise the setting parse_seconds, or exclude the file",
        ) from error


def _reader(text: bytes) -> Callable[[int, object], bytearray]:
    """Return the source as tree-sitter asks for it; only this form takes a callback.

    The binding never lets go of what the callable returns (0.26.1), so every window
    is handed out in the same array: slices of the text would keep all texts for ever.
    """
    window = _window()

    def read(offset: int, _point: object) -> bytearray:
        window[:] = text[offset : offset + WINDOW_BYTES]
        return window

    return read


def _window() -> bytearray:
    """Return this thread's array for `_reader`."""
    window: bytearray | None = getattr(_LOCAL, "window", None)
    if window is None:
        window = _LOCAL.window = bytearray()
    return window


def _alarm(seconds: float) -> Callable[[int, bool], bool]:
    """Return a callback that stops the parser once the time is up."""
    end = time.monotonic() + seconds

    def is_late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > end

    return is_late


def _errors_of(tree: Tree) -> tuple[tuple[Span, ...], bool]:
    """Return maximal spans that could not be parsed, and whether one is shredded.

    Only what holds an error is entered, with a cursor, so that neither depth
    nor width costs more than the errors themselves.
    """
    if not tree.root_node.has_error:
        return (), False
    spans: list[Span] = []
    longest = run = 0
    for node in _faulty(tree.walk()):
        run = 0 if node.is_named else run + 1
        longest = max(longest, run)
        if node.is_error or node.is_missing:
            inside = bool(spans) and node.end_byte <= spans[-1].end
            if not inside or node.start_byte > spans[-1].end:
                spans.append(Span(start=node.start_byte, end=node.end_byte))
    return tuple(spans), longest > SHREDS


def _faulty(cursor: TreeCursor) -> Iterator[Node]:
    """Yield the root and, of nodes with errors, all children, in order of place."""
    while True:
        node = cursor.node
        if node is None:
            return
        yield node
        if node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _shifted(errors: tuple[Span, ...], offset: int, length: int) -> tuple[Span, ...]:
    """Express the spans of a wrapped text in bytes of the text itself."""
    return tuple(
        Span(start=_clamp(error.start - offset, length), end=_clamp(error.end - offset, length))
        for error in errors
    )


def _clamp(offset: int, length: int) -> int:
    return min(max(offset, 0), length)


def _badness(tree: SyntaxTree) -> tuple[int, int]:
    """Rank a try: unparsable bytes first, then the number of places."""
    return sum(error.end - error.start for error in tree.errors), len(tree.errors)
