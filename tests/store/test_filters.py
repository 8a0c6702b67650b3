"""What ``--path`` means."""

import subprocess
import sys

import pytest

from tidemill.store.filters import path_pattern


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("src", "src/a.py", "srcs/a.py"),
        ("src/", "src/deep/a.py", "lib/src/a.py"),
        ("./src/a.py", "src/a.py", "src/b.py"),
        (".", "anything/at/all", None),
        ("*.py", "deep/er/a.py", "a.pyc"),
        ("a*c?.py", "x/abbcd.py", "x/abc.py"),
        ("src/*/a.py", "src/x/a.py", "src/x/y/a.py"),
        ("src/**/a.py", "src/a.py", "lib/a.py"),
        ("src/**/a.py", "src/x/y/a.py", "src/x/ya.py"),
        ("**/test/**", "x/test/y/z.py", "x/tests/z.py"),
        ("src/*", "src/x/y.py", "src"),
        ("**/b*c", "xb/b1c", "xb/b1d"),
        ("a**c", "abc", "a/c"),
        ("na(me+.py", "na(me+.py", "name.py"),
        ("?.py", "x/\u00fc.py", "x/ab.py"),
    ],
)
def test_globs(glob: str, yes: str, no: str | None) -> None:
    assert path_pattern(glob).fullmatch(yes)
    assert no is None or not path_pattern(glob).fullmatch(no)


@pytest.mark.parametrize("glob", ["*a" * 40 + "*b", "**/*a" * 20 + "/b", "x/" + "?*" * 40 + "b"])
def test_no_glob_takes_exponential_time(glob: str) -> None:
    # In a process of its own: a search in `re` cannot be interrupted from within.
    program = (
        "import sys; from tidemill.store.filters import path_pattern\n"
        "print(path_pattern(sys.argv[1]).fullmatch('x/' + 'a' * 300 + '/a' * 100))"
    )
    command = [sys.executable, "-c", program, glob]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "None"
