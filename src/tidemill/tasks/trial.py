"""What the crash and damage tests share: one row of their report, and how a child is started."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidemill.core.locks import holder_of

__all__ = [
    "Trial",
    "Verdict",
    "await_work",
    "child_environment",
    "index_command",
    "judged",
    "run_child",
    "start_child",
]

Verdict = Literal["ok", "fail", "not tried"]

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One row of the report.

    Args:
        name: What was tried.
        verdict: How it went; ``not tried`` where this machine does not permit it.
        found: What was seen.
    """

    name: str
    verdict: Verdict
    found: str


def judged(name: str, problems: Sequence[str], found: str) -> Trial:
    """Return the row of a trial: failed if there are problems, which are then told."""
    if problems:
        return Trial(name=name, verdict="fail", found="; ".join(problems[:3]))
    return Trial(name=name, verdict="ok", found=found)


def index_command(tree: Path, store: Path) -> list[str]:
    """Return the command line that indexes ``tree`` into ``store``."""
    return [sys.executable, "-m", "tidemill", "index", str(tree), "--store", str(store)]


def child_environment() -> dict[str, str]:
    """Return the environment of a child: ours without settings that could lead it astray."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEMILL_")}
    return kept | {"NO_COLOR": "1"}


def run_child(command: Sequence[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a child to its end and return what it said.

    Raises:
        subprocess.TimeoutExpired: It did not end in two minutes.
    """
    return subprocess.run(  # noqa: S603 - our own interpreter, or a shell of our own words
        command,
        cwd=cwd,
        env=child_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def start_child(command: Sequence[str], cwd: Path) -> "subprocess.Popen[bytes]":
    """Start a child in a process group of its own, so that it can be killed with its workers."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command,
        cwd=cwd,
        env=child_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def await_work(child: "subprocess.Popen[bytes]", store: Path) -> None:
    """Wait until a child holds the lock of the store, or has ended."""
    while child.poll() is None:
        holder = holder_of(store, "index") if store.is_dir() else None
        if holder is not None and holder.pid == child.pid:
            return
        time.sleep(POLL_SECONDS)
