"""What the compiler's messages say, whatever the order in which it looked at files."""

import re

__all__ = ["gist_of", "is_more_precise"]

TOKEN = re.compile(r"=>| \| |[(\[{<>}\])]|[;,:']|[^\[\](){}<>;,:'=| ]+|.", re.DOTALL)
OPENS, CLOSES = frozenset("([{<"), frozenset(")]}>")
ENDS = frozenset({";", ",", ":", "'", "=>"})
UNION = " | "
ELIDED = re.compile(r" more \.\.\.|\.\.\.'")
ANY = re.compile(r"\b(?:any|unknown)\b")
NOT_FOUND = re.compile(
    r"(?:Cannot find name(?:space)?|No value exists in scope for the shorthand property) '([^']*)'"
)
CANNOT_FIND_NAME = 2304


def gist_of(code: int, message: str) -> tuple[int, str]:
    """Return the number and the words of a message, as they do not change from run to run.

    On the order in which files are looked at hangs in which order the compiler names the parts of
    a union, and, of a long type, which parts it leaves out and which it goes on to explain. Of
    messages with such a type no word is kept: their number and place say what they are. So hangs
    for which ten names that it cannot find it looks for others that may be meant, which is a
    message of another number.

    Args:
        code: The compiler's number of it.
        message: As the compiler says it.
    """
    missing = NOT_FOUND.match(message)
    if missing is not None:
        return CANNOT_FIND_NAME, missing[1]
    return code, "" if ELIDED.search(message) else _in_order(message)


def is_more_precise(message: str, before: str) -> bool:
    """Whether a message says what another one says, with types for ``any`` and ``unknown``.

    Args:
        message: As the compiler says it.
        before: What it said before.
    """
    first, *others = ANY.split(before)
    if not others or not message.startswith(first):
        return False
    *middle, last = others
    start = len(first)
    for piece in middle:
        end = message.find(piece, start)
        if end < 0 or not _is_type(message[start:end]):
            return False
        start = end + len(piece)
    end = len(message) - len(last)
    return end >= start and message.endswith(last) and _is_type(message[start:end])


def _is_type(text: str) -> bool:
    """Whether a part of a message may be one type, by its brackets and without a quote."""
    depth = 0
    for part in TOKEN.findall(text):
        depth += (part in OPENS) - (part in CLOSES)
        if depth < 0 or part == "'":
            return False
    return not depth


def _in_order(message: str) -> str:
    """Return a message with the parts of all unions in the order of the alphabet."""
    outer: list[tuple[str, list[str]]] = []
    done, parts = "", [""]
    for token in TOKEN.findall(message):
        if token == UNION:
            parts.append("")
        elif token in OPENS:
            outer.append((done, parts))
            done, parts = token, [""]
        elif token in CLOSES and outer:
            inner = done + _union(parts) + token
            done, parts = outer.pop()
            parts[-1] += inner
        elif token in ENDS:
            done, parts = done + _union(parts) + token, [""]
        else:
            parts[-1] += token
    while outer:
        inner = done + _union(parts)
        done, parts = outer.pop()
        parts[-1] += inner
    return done + _union(parts)


def _union(parts: list[str]) -> str:
    return UNION.join(sorted(part.strip() for part in parts))
