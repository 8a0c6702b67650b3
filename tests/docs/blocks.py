"""Find the blocks of a page and run them as a reader would.

Every ``python`` and ``console`` block runs, the blocks of a page one after the other in one
folder that holds a small sample project. A block that cannot run says why in its first line:
```` ```console no-run: installs for minutes ````. In a console block a line that starts with
``$`` is a command, which must succeed unless ``# exit N`` ends it; lines after it, if any, are
its output, where ``...`` stands for anything.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^```(?P<language>python|console)(?P<remark>[^\n`]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SKIPPED = re.compile(r"no-run: \S+")
EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        line: Its first line in the page.
        language: ``python`` or ``console``.
        remark: What stands after the language.
        text: What is between the fences.
    """

    line: int
    language: str
    remark: str
    text: str

    @property
    def runs(self) -> bool:
        """Whether the block is run."""
        return not SKIPPED.match(self.remark)


def blocks(page: str) -> tuple[Block, ...]:
    """The python and console blocks of a page."""
    return tuple(
        Block(
            line=page.count("\n", 0, found.start()) + 2,
            language=found["language"],
            remark=found["remark"].strip(),
            text=found["text"],
        )
        for found in FENCE.finditer(page)
    )


def run_page(page: Path, folder: Path) -> None:
    """Run every block of a page in a folder; raise AssertionError where one fails."""
    names: dict[str, object] = {"__name__": "__main__"}
    with contextlib.chdir(folder):
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.runs and block.language == "python":
                padded = "\n" * (block.line - 1) + block.text
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(padded, str(page), "exec"), names)  # noqa: S102 - our own pages
            elif block.runs:
                for command, output in commands(block.text):
                    _run_command(command, output, f"{page}:{block.line}")


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def _run_command(command: str, output: str, place: str) -> None:
    expected = EXIT.search(command)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert run.returncode == (int(expected[1]) if expected else 0), f"{place}: {run.stdout}"
    if output.strip():
        same = doctest.OutputChecker().check_output(
            output, run.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        )
        assert same, f"{place}: {command} printed:\n{run.stdout}"
