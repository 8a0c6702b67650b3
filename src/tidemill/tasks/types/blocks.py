"""Tags in documentation comments: new blocks, and old ones with more in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidemill.source.spans import Span
from tidemill.tasks.types.edits import Insertion

__all__ = ["Tag", "merged", "new_block"]

RANK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag with a type.

    Attributes:
        word: ``param``, ``returns`` or ``type``.
        type: The type.
        name: Of a parameter.
    """

    word: str
    type: str
    name: str = ""

    @property
    def line(self) -> bytes:
        """The tag as a line says it."""
        return f"@{self.word} {{{self.type}}} {self.name}".rstrip().encode()


def new_block(
    at: int, tags: Sequence[tuple[int, Tag]], indent: bytes, *, newline: bytes
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    """Yield the pieces of a block with tags, to be put right before what it documents.

    Args:
        at: Where that begins.
        tags: Each with the number of its site.
        indent: White space before it on its line.
        newline: How lines end.
    """
    numbers = tuple(number for number, _ in tags)
    if len(tags) == 1 and tags[0][1].word == "type":
        text = b"/** " + tags[0][1].line + b" */" + newline + indent
        yield Insertion(at=at, rank=RANK, text=text), numbers
        return
    yield Insertion(at=at, rank=RANK, text=b"/**" + newline), ()
    for rank, (number, tag) in enumerate(tags, RANK + 1):
        line = indent + b" * " + tag.line + newline
        yield Insertion(at=at, rank=rank, text=line), (number,)
    end = indent + b" */" + newline + indent
    yield Insertion(at=at, rank=RANK + 1 + len(tags), text=end), ()


def merged(
    text: bytes, comment: Span, tags: Iterable[tuple[int, Tag]], *, newline: bytes
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    """Yield what puts tags into a comment: a type into a tag that lacks one, or a new line.

    Args:
        text: The file.
        comment: Where in it the comment is.
        tags: Each with the number of its site.
        newline: How lines end.
    """
    added: list[tuple[int, Tag]] = []
    for number, tag in tags:
        place = _untyped(comment.of(text), tag)
        if place is None:
            added.append((number, tag))
        else:
            words = f" {{{tag.type}}}".encode()
            yield Insertion(at=comment.start + place, rank=RANK, text=words), (number,)
    if added:
        at, lines = _room(text, comment, [tag.line for _, tag in added], newline)
        owners = [(number,) for number, _ in added]
        for rank, line in enumerate(lines, RANK + 1):
            own = owners[rank - RANK - 1] if rank - RANK <= len(owners) else ()
            yield Insertion(at=at, rank=rank, text=line), own


def _untyped(comment: bytes, tag: Tag) -> int | None:
    """Return where a type belongs into the tag that is there already without one."""
    words = {"param": rb"param|arg|argument", "returns": rb"returns?", "type": rb"type"}[tag.word]
    name = rb"\[?" + re.escape(tag.name.encode()) + rb"(?![\w$.])" if tag.name else rb"(?!\s*\{)"
    found = re.search(rb"@(?:" + words + rb")\b(?=[ \t]*" + name + rb")", comment)
    return found.end() if found else None


def _room(
    text: bytes, comment: Span, lines: Sequence[bytes], newline: bytes
) -> tuple[int, list[bytes]]:
    """Return where new lines go in a comment, and their bytes; perhaps with an end."""
    end = comment.end - len(b"*/")
    start = text.rfind(b"\n", 0, end) + 1
    last = text[start:end]
    if start > comment.start and not last.strip():
        # The end stands on a line of its own: the new ones go before that.
        return start, [last + b"* " + line + newline for line in lines]
    line_start = text.rfind(b"\n", 0, comment.start) + 1
    head = text[line_start : comment.start]
    indent = head[: len(head) - len(head.lstrip(b" \t"))]
    inner = text[comment.start : end].rstrip()
    at = max(comment.start + len(inner), comment.start + len(b"/**"))
    after = newline + indent if text[at:end] else newline + indent + b" "
    return at, [*(newline + indent + b" * " + line for line in lines), after]
