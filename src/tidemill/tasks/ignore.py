"""The rules of ``.gitignore`` files, matched as git matches them.

Written from the documentation of gitignore(5) and checked against
``git check-ignore``. Names are bytes, as for git: ``?`` is one byte.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.globs import FOLDERS, IN_NAME, REST, without_retries

__all__ = ["IgnoreFile", "Rule", "is_ignored", "read_ignore_file", "rules_of"]

CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
NEVER = "(?!)"
TOKEN = re.compile(
    r"(?P<class>\[[!^]?\]?(?:(?:\\.|[^\]\\])-\[|\[:[a-z]*:\]|\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<stars>\*+)"
    r"|(?P<any>\?)|(?P<broken>\[|\\\Z)|(?P<plain>[^\[\\*?]+)",
    re.DOTALL,
)
SPECIAL = re.compile(r"[*?\[\\]")
MEMBER = re.compile(r"\[:(?P<name>[a-z]*):\]|(?P<low>\\.|.)(?:-(?P<high>\\.|[^\]]))?", re.DOTALL)


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
        source: The file itself.
        folder: Absolute path of that folder, without a slash at its end.
        rules: In the order of the file: the last that matches decides.
    """

    source: Path
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
    return IgnoreFile(source=path, folder=os.fsencode(folder), rules=rules) if rules else None


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
    # One character a byte, as git matches.
    expression = expression_of(pattern.decode("latin-1"), crossing=not anchored)
    return Rule(
        expression=re.compile(expression.encode("latin-1"), re.DOTALL),
        negated=negated,
        folders_only=folders_only,
        anchored=anchored,
    )


def without_trailing_spaces(line: bytes) -> bytes:
    """Strip spaces at the end that no backslash protects."""
    kept = line.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return kept + b" " if backslashes % 2 and len(kept) < len(line) else kept


def expression_of(pattern: str, *, crossing: bool) -> str:
    """Translate a glob into a regular expression.

    Args:
        pattern: The glob, without what says where it applies.
        crossing: Whether ``*`` and ``?`` may match a slash (names have none).
    """
    pieces: list[str] = []
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


def stars(pattern: str, start: int, end: int) -> tuple[str, int]:
    """Translate a run of stars in a pattern with slashes; return where to go on.

    Two stars or more that fill the place between slashes stand for any number of folders.
    Git compares what comes before the first special character by itself, so a run of
    stars behind it counts as the beginning: ``a**/b`` matches ``a/x/y/b``, and ``ab``.
    """
    opens = pattern[start - 1 : start] == "/" or not SPECIAL.search(pattern, 0, start)
    if end - start < 2 or not opens:
        return IN_NAME, end
    if end == len(pattern):
        return REST, end
    if pattern[end : end + 1] == "/":
        return FOLDERS, end + 1
    return IN_NAME, end


def simple(found: re.Match[str]) -> str:
    """Translate any other piece of a glob."""
    text = found.group()
    match found.lastgroup:
        case "stars":
            return IN_NAME
        case "any":
            return "[^/]"
        case "class":
            return bracket(text[1:-1])
        case "escape":
            return re.escape(text[1:])
        case _:
            return re.escape(text)


def bracket(inside: str) -> str:
    """Translate what stands between the brackets of a character class."""
    negated = inside[:1] in {"!", "^"}
    members = []
    for found in MEMBER.finditer(inside[1:] if negated else inside):
        if found["name"] is not None:
            if found["name"] not in CLASSES:
                return NEVER
            members.append(CLASSES[found["name"]])
        else:
            members.append(span(found["low"], found["high"]))
    body = "".join(members)
    if negated:
        return "[^/" + body + "]"
    return "(?!/)[" + body + "]" if body else NEVER


def span(low: str, high: str | None) -> str:
    """Translate one member of a character class: a byte or a range."""
    first = low[-1:]
    if high is None:
        return re.escape(first)
    last = high[-1:]
    # Git takes the low end by itself before it sees that a range follows.
    return re.escape(first) + "-" + re.escape(last) if first <= last else re.escape(first)
