"""Documentation of functions: where it stands and what it says."""

import re
from bisect import bisect_left
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.spans import Span
from tidemill.source.tables import DocStyle

__all__ = [
    "NO_DOC",
    "Comments",
    "Doc",
    "clean_comment",
    "clean_docstring",
    "docstring_of",
    "first_paragraph",
]

LINE_START_BYTES = 200
DOC_LINES = 400
STRING_PREFIX = re.compile(r"[rRuU]?(\"\"\"|'''|\"|')")
DOC_BEGINNINGS = frozenset({b'"', b"'", b"r", b"R", b"u", b"U", b"#"})
TAG = re.compile(r"[@\\]\w|:\w[\w ]*:")
STAR = re.compile(r"^[ \t]*\*+(?!/)[ \t]?")
INLINE_TAG = re.compile(r"\{@\w++[ \t]*+([^{}\n]*+)\}")
XML_NAMED = re.compile(r"<(param|typeparam|exception)\s+(?:name|cref)=\"([^\"<>]*)\"\s*/?>")
XML_TAGGED = re.compile(r"<(returns|remarks|value|example)>")
XML_REFERENCE = re.compile(r"<(?:see|seealso|paramref|typeparamref)\s+\w+=\"([^\"<>]*)\"\s*/>")
PARAGRAPH = re.compile(r"</?(?:p|para|br|li|ul|ol|pre)\s*/?>", re.IGNORECASE)
MARKUP = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")


@dataclass(frozen=True, slots=True)
class Doc:
    """What documentation says, and where it stands."""

    text: str = ""
    spans: tuple[Span, ...] = ()


NO_DOC = Doc()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """The comments of one text, in order.

    Attributes:
        source: The text.
        starts: First bytes of the comments.
        ends: Bytes after the comments.
        style: How the language documents.
    """

    source: bytes
    starts: list[int]
    ends: list[int]
    style: DocStyle

    def doc_above(self, anchor: int) -> Doc:
        """Return the documentation directly above the byte ``anchor``."""
        last = bisect_left(self.starts, anchor) - 1
        if last < 0 or not self._adjoins(last, anchor):
            return NO_DOC
        opener = self.source[self.starts[last] : self.starts[last] + 6].decode("latin-1")
        # What ends a line of code speaks of that line; only /** never does.
        if not opener.startswith("/**") and not self._begins_line(last):
            return NO_DOC
        if opener.startswith(self.style.lines):
            return self._line_doc(last)
        return self._doc(last, last) if opener.startswith(self.style.blocks) else NO_DOC

    def without(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end`` with a space for each comment."""
        first = bisect_left(self.starts, start)
        if first == len(self.starts) or self.starts[first] >= end:
            return self.source[start:end]
        parts: list[bytes] = []
        while first < len(self.starts) and self.starts[first] < end:
            parts += [self.source[start : self.starts[first]], b" "]
            start = max(start, self.ends[first])
            first += 1
        return b"".join([*parts, self.source[start:end]])

    def _line_doc(self, last: int) -> Doc:
        """Join the adjacent line comments that end with comment ``last``."""
        first = last
        while (
            first > 0
            and last - first < DOC_LINES
            and self.source.startswith(self._line_openers, self.starts[first - 1])
            and self._adjoins(first - 1, self.starts[first])
            and self._begins_line(first - 1)
        ):
            first -= 1
        return self._doc(first, last)

    @property
    def _line_openers(self) -> tuple[bytes, ...]:
        return tuple(opener.encode() for opener in self.style.lines)

    def _doc(self, first: int, last: int) -> Doc:
        """Clean the comments from ``first`` to ``last``."""
        spans = tuple(
            Span(start=start, end=end)
            for start, end in zip(
                self.starts[first : last + 1], self.ends[first : last + 1], strict=True
            )
        )
        raw = [span.of(self.source).decode("utf-8", "replace") for span in spans]
        text = clean_comment(raw, self.style)
        return Doc(text, spans) if text else NO_DOC

    def _adjoins(self, comment: int, anchor: int) -> bool:
        """Say whether only white space and one line break stand before ``anchor``."""
        end = self.ends[comment]
        if end > anchor:
            return False
        gap = self.source[end:anchor]
        return not gap.strip() and gap.count(b"\n") <= 1

    def _begins_line(self, comment: int) -> bool:
        """Say whether a comment is the first thing on its line."""
        start = self.starts[comment]
        before = self.source[max(0, start - LINE_START_BYTES) : start]
        return not before.rpartition(b"\n")[2].strip()


def docstring_of(body: Node | None, source: bytes) -> Doc:
    """Return the documentation that a body begins with.

    Args:
        body: A block or a module; None: no body.
        source: What the tree was parsed from.
    """
    # Most bodies begin with something else; one byte says so without touching the tree.
    if body is None or source[body.start_byte : body.start_byte + 1] not in DOC_BEGINNINGS:
        return NO_DOC
    statement = _first_statement(body)
    if statement is None or statement.type != "expression_statement":
        return NO_DOC
    string = statement.named_child(0) if statement.named_child_count else None
    if string is None or string.type not in {"string", "concatenated_string"}:
        return NO_DOC
    span = Span(start=statement.start_byte, end=statement.end_byte)
    text = clean_docstring(span.of(source).decode("utf-8", "replace"))
    return Doc(text, (span,)) if text else NO_DOC


def clean_docstring(literal: str) -> str:
    """Take quotes and indentation from a Python docstring; escapes stay as written."""
    found = STRING_PREFIX.match(literal)
    if found is None:
        return ""
    quote = found[1]
    end = len(literal) - len(quote) if literal.endswith(quote) else len(literal)
    inner = literal[found.end() : end]
    if "\n" not in inner:
        return inner.strip()
    return _dedented(inner.expandtabs().splitlines())


def clean_comment(comments: list[str], style: DocStyle) -> str:
    """Take the markup from doc comments.

    Args:
        comments: One block comment, or the lines of a doc in order.
        style: How the language documents.

    Returns:
        The text; tags such as ``@param`` begin after a blank line.
    """
    lines: list[str] = []
    for comment in comments:
        if comment.startswith(("/*", "=begin")):
            lines += _block_lines(comment)
        elif not comment.startswith(style.directives):
            lines.append(_line_text(comment, style.lines))
    text = "\n".join(lines)
    if style.markup == "xml":
        text = XML_NAMED.sub(r"\n@\1 \2 ", text)
        text = XML_REFERENCE.sub(r"\1", XML_TAGGED.sub(r"\n@\1 ", text))
    if style.markup != "plain":
        text = PARAGRAPH.sub("\n\n", INLINE_TAG.sub(r"\1", text))
        text = MARKUP.sub("", text)
    return _with_tags_apart(_with_single_blanks(_dedented(text.splitlines())))


def first_paragraph(doc: str) -> str:
    """Return the first paragraph of a cleaned doc on one line; "" if it begins with a tag."""
    lines: list[str] = []
    for line in doc.strip().splitlines():
        if not line.strip() or TAG.match(line):
            break
        lines.append(line)
    return " ".join(" ".join(lines).split())


def _first_statement(body: Node) -> Node | None:
    """Return the first child that is not a comment."""
    cursor = body.walk()
    found = cursor.goto_first_child()
    while found and cursor.node is not None:
        if cursor.node.type != "comment":
            return cursor.node
        found = cursor.goto_next_sibling()
    return None


def _block_lines(comment: str) -> list[str]:
    """Take ``/**``, ``*/`` and leading stars from a block comment."""
    if comment.startswith("=begin"):
        return comment.removesuffix("=end").splitlines()[1:]
    inner = comment[2:].removesuffix("*/").strip("*").removeprefix("!").removeprefix("<")
    first, *others = inner.splitlines() or [""]
    return [first.strip(), *(STAR.sub("", line) for line in others)]


def _line_text(comment: str, openers: tuple[str, ...]) -> str:
    """Take the opener, and one space after it, from a line comment."""
    mark = openers[0][0] if openers else ""
    return comment.lstrip(mark).removeprefix("!").removeprefix(" ").rstrip()


def _dedented(lines: list[str]) -> str:
    """Strip common indentation after the first line, and blank lines at both ends."""
    if not lines:
        return ""
    rest = [line.rstrip() for line in lines[1:]]
    margin = min([len(line) - len(line.lstrip()) for line in rest if line], default=0)
    return "\n".join([lines[0].strip(), *[line[margin:] for line in rest]]).strip("\n")


def _with_single_blanks(text: str) -> str:
    """Leave one blank line of several: markup that is gone leaves lines behind."""
    lines = text.split("\n")
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept)


def _with_tags_apart(text: str) -> str:
    """Put a blank line before the first tag, so that the description stands alone."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if place and lines[place - 1].strip() and TAG.match(line.lstrip()):
            return "\n".join([*lines[:place], "", *lines[place:]])
    return text
