import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.core.settings import Settings
from tidemill.tasks.discovery import discover
from tidemill.tasks.ignore import rules_of

NAMES = ("a", "b", "ab", "a.py", "b.txt", "foo", "bar", "x y", "é", "a[b]", "!a", "#a", "a\\b")
FOLDERS = ("", "a", "foo", "foo/bar", "a/b/foo", "x y/a")
GLOBS = (
    *("*", "**", "?", "*.py", "[ab]", "[!a]", "[a-f]*", "[^b]", "[[:alpha:]]", "[]a]", "a*b"),
    *("*a*b*", "*a*a", "*?*.*", "a*b*a*", "*[ab]*b"),
    *("\\a", "\\*", "[", "***", "a**", "**b", "[a-", "[z-a]", "\\#a", "\\!a", "fo\\o", "[\\]]"),
)
PIECE = st.sampled_from((*NAMES, *GLOBS))
PATTERN = st.builds(
    lambda negated, opening, pieces, closing: negated + opening + "/".join(pieces) + closing,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PIECE, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "\\ ", "\r", "/*", "/**"]),
)
RULES = st.lists(PATTERN | st.sampled_from(["", "# note", "/", "!", "  "]), max_size=5)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def tree(root: Path) -> None:
    """Make every name in every folder."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in FOLDERS:
        for name in NAMES:
            path = root / folder / name
            if not path.exists():
                path.write_text("x")


def git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    ran = subprocess.run(
        ["git", "-C", root, *arguments],
        input=given,
        capture_output=True,
        env=environment,
        check=False,
    )
    return ran.stdout


def kept_by_git(root: Path) -> set[str]:
    """The files that git would track, but for ignore files."""
    listed = git(root, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
    return {os.fsdecode(path) for path in listed if path}


def kept_by_us(root: Path) -> set[str]:
    found = discover([root], settings=Settings())
    return {os.path.relpath(entry.path, root) for entry in found}


@pytest.mark.claim("house.index.ignore")
@needs_git
@settings(max_examples=60)
@given(outer=RULES, inner=RULES, exclude=RULES)
def test_the_same_files_are_kept_as_by_git(
    outer: list[str], inner: list[str], exclude: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        tree(root)
        git(root, "init", "-q")
        (root / ".gitignore").write_text("\n".join(outer))
        (root / "foo" / ".gitignore").write_text("\n".join(inner))
        (root / ".git" / "info").mkdir(exist_ok=True)
        (root / ".git" / "info" / "exclude").write_text("\n".join(exclude))
        assert kept_by_us(root) == kept_by_git(root)


@pytest.mark.claim("house.index.ignore")
@needs_git
@pytest.mark.parametrize(
    "rules",
    [
        "*.py\n!a.py",
        "foo/\n!foo/bar/",
        "/foo/*\n!/foo/bar",
        "**/bar",
        "a/**/foo",
        "foo/**",
        "x y",
        "x\\ y",
        "a\\[b\\]",
        "\ufeffb.txt\r\nfoo/bar/\r\n",
        "[[:upper:][:digit:]]*\n[!-z]*",
        "*/a\n!*/a.py\n",
        "foo/**/",
        "a**/a",
        "?**/a",
        "a/b**/a\nfoo/b**",
        "a/b\n!a/b/foo",
        "?",
        "??",
        "*a*b*\n!*b*",
        "**/a/**/b/**/a*.p*",
        "**/*o*/**/*a*y",
        "*/**/*o*o/*a*",
        "**/*b*/f*o*/**",
        "f*o/**/*b*t*t",
        "[a-[:digit:]]*",
    ],
)
def test_known_cases_agree_with_git(tmp_path: Path, rules: str) -> None:
    tree(tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text(rules, newline="")
    assert kept_by_us(tmp_path) == kept_by_git(tmp_path)


def test_comments_and_blank_lines_are_no_rules() -> None:
    assert rules_of(b"# note\n\n   \n!\n/\n") == ()
    assert len(rules_of(b"\\# name\n\\!name")) == 2


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("*a" * 30 + "*b", "a" * 200 + ".py"),
        ("/" + "*a" * 30 + "*b", "a" * 200 + ".py"),
        ("**/" * 30 + "b", "a/" * 200 + "a"),
        ("**/a/" * 30 + "b", "a/" * 200 + "a"),
        ("**/*a*a*a/" * 12 + "**/b", "aaaaaaaa/" * 40 + "a"),
        ("x/" + "?*" * 40 + "b", "x/" + "a" * 200),
        ("x/" + "[a-c]*" * 40 + "d/**", "x/" + "a" * 200),
    ],
)
def test_no_rule_takes_exponential_time(rule: str, path: str) -> None:
    # In a process of its own: a search in `re` cannot be interrupted from within.
    program = (
        "import sys; from tidemill.tasks.ignore import IgnoreFile, rules_of\n"
        "rules = rules_of(sys.argv[1].encode())\n"
        "file = IgnoreFile(source=None, folder=b'/p', rules=rules)\n"
        "print(len(rules), file.verdict(b'/p/' + sys.argv[2].encode(), is_folder=False))"
    )
    command = [sys.executable, "-c", program, rule, path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["1", "None"]
