"""The rules of ``.gitignore`` files, matched as git matches them.

Written from the documentation of gitignore(5) and checked against
``git check-ignore``. Names are bytes, as for git: ``?`` is one byte.
"""

import os
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

__all__ = ["IgnoreFile", "Rule", "is_ignored", "read_ignore_file", "rules_of"]

CLASSES = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": b" \\t",
    b"cntrl": b"\\x00-\\x1f\\x7f",
    b"digit": b"0-9",
    b"graph": b"!-~",
    b"lower": b"a-z",
    b"print": b" -~",
    b"punct": b"!-/:-@\\[-`{-~",
    b"space": b" \\t\\n\\r\\f\\v",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}
NEVER = b"(?!)"
IN_NAME = b"[^/]*"
FOLDERS = b"(?:[^/]*/)*"
REST = b".*"
TOKEN = re.compile(
    rb"(?P<class>\[[!^]?\]?(?:\[:[a-z]*:\]|\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<stars>\*+)"
    rb"|(?P<any>\?)|(?P<broken>\[|\\\Z)|(?P<plain>[^\[\\*?]+)",
    re.DOTALL,
)
SPECIAL = re.compile(rb"[*?\[\\]")
MEMBER = re.compile(rb"\[:(?P<name>[a-z]*):\]|(?P<low>\\.|.)(?:-(?P<high>\\.|[^\]]))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One pattern of an ignore file.

    Attributes:
        expression: Matches a path relative to the ignore file's folder, or a name.
        negated: Whether a match takes back an earlier one.
        folders_only: Whether only folders match.
        anchored: Whether the whole relative path is matched, not the name alone.
    """

    expression: re.Pattern[bytes]
    negated: bool
    folders_only: bool
    anchored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreFile:
    """The rules of one file, for everything below one folder.

    Attributes:
        folder: Absolute path of that folder, without a slash at its end.
        rules: In the order of the file: the last that matches decides.
    """

    folder: bytes
    rules: tuple[Rule, ...]

    def verdict(self, path: bytes, *, is_folder: bool) -> bool | None:
        """Return whether the file ignores ``path``, or ``None`` when no rule matches.

        Args:
            path: Absolute, below `folder`.
            is_folder: Whether it is a folder.
        """
        relative = path[len(self.folder.rstrip(b"/")) + 1 :]
        name = relative.rpartition(b"/")[2]
        for rule in reversed(self.rules):
            if rule.folders_only and not is_folder:
                continue
            if rule.expression.fullmatch(relative if rule.anchored else name):
                return not rule.negated
        return None


def is_ignored(path: bytes, *, is_folder: bool, files: Iterable[IgnoreFile]) -> bool:
    """Return whether ``path`` is ignored; of the files, the first with a verdict decides.

    Args:
        path: Absolute.
        is_folder: Whether it is a folder.
        files: The nearest first. Parents of ``path`` must not be ignored themselves:
            whoever walks does not go into ignored folders.
    """
    for file in files:
        verdict = file.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def read_ignore_file(path: Path, folder: Path) -> IgnoreFile | None:
    """Return the rules in the file ``path`` for what is below ``folder``.

    Returns:
        ``None`` when there is no such file, it cannot be read, or it has no rules.
    """
    try:
        text = path.read_bytes() if path.is_file() else b""
    except OSError:
        return None
    rules = rules_of(text)
    return IgnoreFile(folder=os.fsencode(folder), rules=rules) if rules else None


def rules_of(text: bytes) -> tuple[Rule, ...]:
    """Return the rules written in the text of an ignore file."""
    lines = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found = (rule_of(line.removesuffix(b"\r")) for line in lines)
    return tuple(rule for rule in found if rule is not None)


def rule_of(line: bytes) -> Rule | None:
    """Return the rule on one line, or ``None`` for blank lines and comments."""
    if line.startswith(b"#"):
        return None
    pattern = without_trailing_spaces(line)
    negated = pattern.startswith(b"!")
    pattern = pattern.removeprefix(b"!")
    folders_only = pattern.endswith(b"/")
    pattern = pattern.removesuffix(b"/")
    if not pattern:
        return None
    anchored = b"/" in pattern
    pattern = pattern.removeprefix(b"/")
    return Rule(
        expression=re.compile(expression_of(pattern, crossing=not anchored), re.DOTALL),
        negated=negated,
        folders_only=folders_only,
        anchored=anchored,
    )


def without_trailing_spaces(line: bytes) -> bytes:
    """Strip spaces at the end that no backslash protects."""
    kept = line.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return kept + b" " if backslashes % 2 and len(kept) < len(line) else kept


def expression_of(pattern: bytes, *, crossing: bool) -> bytes:
    """Translate a glob into a regular expression.

    Args:
        pattern: The glob, without what says where it applies.
        crossing: Whether ``*`` and ``?`` may match a slash (names have none).
    """
    pieces: list[bytes] = []
    position = 0
    while position < len(pattern):
        found = TOKEN.match(pattern, position)
        if found is None or found.lastgroup == "broken":
            return NEVER
        position = found.end()
        if found.lastgroup == "stars" and not crossing:
            piece, position = stars(pattern, found.start(), position)
        else:
            piece = simple(found)
        pieces.append(piece)
    return without_retries(pieces)


def without_retries(pieces: Sequence[bytes]) -> bytes:
    """Join the pieces of a glob so that matching takes no exponential time.

    Of the places where what follows a star may stand, the first is as good as any
    other as long as another star comes behind it; an atomic group keeps to it. So
    only what follows the last ``**/``, and in there the last star, tries several.
    """
    *firsts, last = split_at(pieces, {FOLDERS})
    if not firsts:
        return run_of(pieces, final=True)
    head, *middle = [run_of(run, final=False) for run in firsts]
    inner = b"".join(b"(?>" + FOLDERS + b"?" + run + b")" for run in middle)
    return head + inner + FOLDERS + b"?" + run_of(last, final=True)


def run_of(pieces: Sequence[bytes], *, final: bool) -> bytes:
    """Join pieces without ``**/``; `final` says whether the glob ends with them."""
    head, *tails = split_at(pieces, {IN_NAME, REST})
    joined = [b"".join(head)]
    wild = [piece for piece in pieces if piece in {IN_NAME, REST}]
    for place, (star, tail) in enumerate(zip(wild, tails, strict=True), start=1):
        fixed = b"".join(tail)
        ends = final and place == len(wild)
        joined.append(star + fixed if ends else b"(?>" + star + b"?" + fixed + b")")
    return b"".join(joined)


def split_at(pieces: Sequence[bytes], separators: AbstractSet[bytes]) -> list[list[bytes]]:
    """Return the runs of pieces between separators, as `bytes.split` does."""
    runs: list[list[bytes]] = [[]]
    for piece in pieces:
        if piece in separators:
            runs.append([])
        else:
            runs[-1].append(piece)
    return runs


def stars(pattern: bytes, start: int, end: int) -> tuple[bytes, int]:
    """Translate a run of stars in a pattern with slashes; return where to go on.

    Two stars or more that fill the place between slashes stand for any number of folders.
    Git compares what comes before the first special character by itself, so a run of
    stars behind it counts as the beginning: ``a**/b`` matches ``a/x/y/b``, and ``ab``.
    """
    opens = pattern[start - 1 : start] == b"/" or not SPECIAL.search(pattern, 0, start)
    if end - start < 2 or not opens:
        return IN_NAME, end
    if end == len(pattern):
        return REST, end
    if pattern[end : end + 1] == b"/":
        return FOLDERS, end + 1
    return IN_NAME, end


def simple(found: re.Match[bytes]) -> bytes:
    """Translate any other piece of a glob."""
    text = found.group()
    match found.lastgroup:
        case "stars":
            return IN_NAME
        case "any":
            return b"[^/]"
        case "class":
            return bracket(text[1:-1])
        case "escape":
            return re.escape(text[1:])
        case _:
            return re.escape(text)


def bracket(inside: bytes) -> bytes:
    """Translate what stands between the brackets of a character class."""
    negated = inside[:1] in {b"!", b"^"}
    members = []
    for found in MEMBER.finditer(inside[1:] if negated else inside):
        if found["name"] is not None:
            if found["name"] not in CLASSES:
                return NEVER
            members.append(CLASSES[found["name"]])
        else:
            members.append(span(found["low"], found["high"]))
    body = b"".join(members)
    if negated:
        return b"[^/" + body + b"]"
    return b"(?!/)[" + body + b"]" if body else NEVER


def span(low: bytes, high: bytes | None) -> bytes:
    """Translate one member of a character class: a byte or a range."""
    first = low[-1:]
    if high is None:
        return re.escape(first)
    last = high[-1:]
    # Git takes the low end by itself before it sees that a range follows.
    return re.escape(first) + b"-" + re.escape(last) if first <= last else re.escape(first)
