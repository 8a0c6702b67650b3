"""The page docs/how/commands.md, made from the help texts.

``python -m tests.faces.cli.handbook`` writes it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from tidemill.faces.cli.app import VERBS, application

PAGE = Path(__file__).parents[3] / "docs" / "how" / "commands.md"
INTRODUCTION = """\
# Commands

`tidemill VERB` does one thing a verb. Answers go to standard output, remarks and progress to
standard error; `--json` prints exactly one JSON document, errors included. Output is plain where
it is not a terminal, and everywhere with `NO_COLOR`.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | findings: nothing found, a check failed, numbers disagree |
| 2 | wrong use: an unknown option, setting or language |
| 3 | bad input, or a store that cannot be used; also a bug, which says so |
| 4 | not enough room, time or patience; another process holds the lock |
| 5 | an optional part is not installed |
| 130 | interrupted; the same command resumes |

The store is one folder, `.tidemill`: delete it and nothing but time is lost. A newer Tidemill
brings an older store up to date and keeps a copy beside it, `index.db.format-<version>`; to go back
to the older Tidemill, put that copy in place of `index.db`, or index again. A store of a newer
format is refused. A store that is a link is refused as well: name the place that it leads to with
the setting `store`.

The help texts below are written by `python -m tests.faces.cli.handbook`.
"""


def help_text(words: tuple[str, ...]) -> str:
    """What ``tidemill WORDS --help`` prints, 80 columns wide."""
    arguments = [*words, "--help"]
    environment = {"COLUMNS": "80", "NO_COLOR": "1"}
    with mock.patch.object(shutil, "get_terminal_size", return_value=os.terminal_size((80, 24))):
        result = CliRunner().invoke(
            application(arguments), arguments, prog_name="tidemill", env=environment
        )
    assert result.exit_code == 0, result.output
    return result.output.rstrip() + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    yield f"## `tidemill`\n\n```text\n{help_text(())}```\n"
    for verb in VERBS:
        name = " ".join(verb.words)
        yield f"## `tidemill {name}`\n\n```text\n{help_text(verb.words)}```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
