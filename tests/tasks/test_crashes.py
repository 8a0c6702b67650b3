"""A file that ends the process that reads it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tidemill.store.store import FOLDER, Store

DEADLY = """
import os, signal
from tidemill.tasks import reading
read = reading.read_file
def read_file(limits, task, clock):
    if task.path == "deadly.py":
        os.kill(os.getpid(), signal.SIGSEGV)
    return read(limits, task, clock)
reading.read_file = read_file
"""


@pytest.mark.claim("house.index.crash")
def test_a_file_that_ends_the_process_stops_one_run_at_most(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "dates.py").write_text("def walk(tree): pass\n")
    (project / "deadly.py").write_text("def deadly(): pass\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DEADLY)
    environ = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-m", "tidemill", "index", str(project), "--workers", "1", "--json"]
    first, second = (
        subprocess.run(command, check=False, env=environ, capture_output=True, text=True)
        for _ in range(2)
    )
    assert first.returncode == -signal.SIGSEGV
    assert second.returncode == 0, second.stderr
    with Store(project / FOLDER) as store, store.snapshot() as snapshot:
        assert "walk" in {unit.name for unit in snapshot.units("dates.py")}
    reasons = {entry["path"]: entry["reason"] for entry in json.loads(second.stdout)["skipped"]}
    assert reasons["deadly.py"].startswith("crashed: a worker was ended by SIGSEGV")
