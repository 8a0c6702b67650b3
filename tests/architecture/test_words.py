import re
from pathlib import Path

import pytest

from tests.architecture.house import python_files, texts

# Names that say nothing about what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

# Written so that this file does not hold what it looks for.
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X{3})\b")
WORKPLACE = re.compile(
    r"/w[o]rk/|/r[o]ot/|\bs[e]ssions?\b(?<!scope=.s[e]ssion)|\bpypi-m[o]re\b", re.IGNORECASE
)

LEARNT = {"memory.json", "tokenizer.json", "types.json"}


def places(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern occurs in the project's texts, but for what experts learnt of others'."""
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts()
        if path.name not in LEARNT or "shipped" not in path.parts
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_unfinished() -> None:
    assert not places(UNFINISHED)


def test_no_word_of_a_workplace() -> None:
    assert not places(WORKPLACE)


def test_no_name_that_says_nothing() -> None:
    assert not [path for path in python_files() if EMPTY_NAMES & set(path.with_suffix("").parts)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cd /w0rk/main", True),
        ("two s3ssions", True),
        ('@pytest.fixture(scope="s3ssion")', False),
        ("framew0rks/x and obs3ssion", False),
    ],
)
def test_the_words_are_found(text: str, found: bool) -> None:
    written = text.replace("0", "o").replace("3", "e")
    assert bool(WORKPLACE.search(written)) is found


def test_tests_mirror_the_tree() -> None:
    packages = {path.parts[2] for path in python_files() if path.parts[:2] == ("src", "tidemill")}
    mirrored = {Path("tests", name) for name in packages if not name.endswith(".py")}
    present = {Path(*path.parts[:2]) for path in python_files() if path.parts[0] == "tests"}
    assert mirrored <= present
