"""What the architecture tests look at: the files of the project, as git sees them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tidemill"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or would be, tracked; relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted({path for path in paths if (ROOT / path).is_file()}))


def python_files() -> tuple[Path, ...]:
    """Every tracked Python file."""
    return tuple(path for path in tracked() if path.suffix == ".py")


def source_files() -> tuple[Path, ...]:
    """Every tracked Python file of the package."""
    return tuple(path for path in python_files() if path.parts[:2] == ("src", "tidemill"))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a tracked file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def texts() -> Iterator[tuple[Path, str]]:
    """Every tracked file that is text, with its text."""
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            yield path, data.decode("utf-8", errors="replace")
