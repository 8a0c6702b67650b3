"""Packages of npm that tests need: each is fetched once a test run, whoever asks first."""

import fcntl
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

TYPESCRIPT = "typescript@5.9.3"


def packed(pin: str, shelf: Path) -> Path:
    """Return a package's archive; skips where there is no npm or no registry.

    Args:
        pin: ``name@version``.
        shelf: A folder that all workers of a test run share.
    """
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not here")
    folder = shelf / pin.replace("/", "+")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = sorted(folder.glob("*.tgz"))
        if not found:
            command = ["npm", "pack", "--silent", "--ignore-scripts", pin]
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            found = sorted(folder.glob("*.tgz"))
            if done.returncode or not found:
                pytest.skip(f"{pin} could not be fetched: {done.stderr.decode()[-200:]}")
    return found[0]


def unpacked(pin: str, shelf: Path) -> Path:
    """Return a package's folder, as ``node_modules`` would hold it."""
    archive = packed(pin, shelf)
    folder = archive.parent / "package"
    with (archive.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tarfile.open(archive) as file:
                file.extractall(archive.parent, filter="data")
    return folder
