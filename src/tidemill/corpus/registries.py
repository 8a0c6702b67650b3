"""How each registry's own client is asked for one file: nothing is installed, built or run."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tidemill.core.errors import CapacityError, InputError
from tidemill.corpus.recipe import Package

__all__ = ["Client", "ask", "prepare"]

Client = Callable[[Package, Path, Path], None]
"""Puts a package's file into a folder; the last path is a folder of the client's own."""

SECONDS = 300.0
REASON_CHARACTERS = 300
APT_HOME = Path("/etc/apt")
DEB_LINE = re.compile(r"^deb\s", re.MULTILINE)
DEB_TYPES = re.compile(r"^Types:.*$", re.MULTILINE)
WHEELS = (
    *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"),
    *("--platform", "any", "--platform", "manylinux2014_x86_64"),
    *("--platform", "manylinux_2_17_x86_64", "--platform", "manylinux_2_28_x86_64"),
)
"""Wheels only, and the same on every machine: to hand out a source archive, pip runs its build."""


def ask(package: Package, folder: Path, state: Path) -> None:
    """Let the registry's client put a package's file into a folder.

    Args:
        package: What to fetch.
        folder: An empty folder.
        state: Where `prepare` left what the clients need.

    Raises:
        CapacityError: The client took longer than five minutes.
        InputError: There is no such client here, or no such package there.
    """
    _run(_command(package, state), folder, str(package))


def _command(package: Package, state: Path) -> list[str]:
    wanted = f"{package.name}={package.version}"
    match package.registry:
        case "pip":
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
            pin = f"{package.name}=={package.version}"
            return [*pip, "download", "--quiet", "--no-deps", *WHEELS, "--dest", ".", pin]
        case "npm":
            pin = f"{package.name}@{package.version}"
            return ["npm", "pack", "--silent", "--ignore-scripts", pin]
        case "apt":
            return ["apt-get", *_unsandboxed(), "--quiet=2", "download", wanted]
        case "apt-source":
            return [*_apt_source(state), "--download-only", "--tar-only", "source", wanted]


def prepare(packages: Sequence[Package], state: Path) -> None:
    """Make ready what the clients need: for source packages, apt's lists of them.

    The machine's own apt configuration says where packages come from; it is read,
    and never touched.

    Args:
        packages: What is about to be fetched.
        state: A folder for it.

    Raises:
        CapacityError: The lists took longer than five minutes.
        InputError: apt is not configured here, or lists no sources.
    """
    if not any(package.registry == "apt-source" for package in packages):
        return
    parts = state / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    for folder in (parts, state / "lists" / "partial", state / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in source_parts(APT_HOME).items():
        (parts / name).write_text(text, encoding="utf-8")
    # A place without sources is an error to apt; what matters is whether any place has them.
    with suppress(InputError):
        _run([*_apt_source(state), "update"], state, "the lists of source packages")
    if not any((state / "lists").glob("*Sources*")):
        hint = "Check /etc/apt/sources.list.d, and whether the network is there."
        raise InputError("apt lists no source packages", path=str(APT_HOME), hint=hint)


def source_parts(home: Path) -> dict[str, str]:
    """Return a machine's lists of package places, turned to source packages, by file name."""
    parts = {}
    for path in sorted([home / "sources.list", *(home / "sources.list.d").glob("*")]):
        if path.suffix not in {".list", ".sources"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            parts[path.name] = DEB_TYPES.sub("Types: deb-src", text)
        else:
            parts[path.name] = DEB_LINE.sub("deb-src ", text)
    return parts


def _apt_source(state: Path) -> list[str]:
    """Return apt-get with a configuration of its own for source packages."""
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "parts",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["apt-get", *_unsandboxed(), *words, "--quiet=2"]


def _unsandboxed() -> list[str]:
    """Let root's apt write where root may write."""
    return ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []


def _run(command: Sequence[str], folder: Path, what: str) -> None:
    """Run a client and quote it when it fails."""
    try:
        process = subprocess.Popen(  # noqa: S603  a registry's client, no shell between
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        hint = f"Install {command[0]}, or leave its packages out."
        raise InputError(f"{what} needs {command[0]}, which is not here", hint=hint) from error
    with process:
        words = _last_words(process, what)
    if process.returncode != 0:
        reason = words.decode("utf-8", "replace").strip()[-REASON_CHARACTERS:]
        said = " ".join(reason.split()) or f"{command[0]} ended with code {process.returncode}"
        hint = "Check name and version, and whether the registry can be reached."
        if command[0] == "apt-get":
            hint += " apt's lists may be old, too: apt-get update brings new ones."
        raise InputError(f"{what} could not be fetched: {said}", hint=hint)


def _last_words(process: "subprocess.Popen[bytes]", what: str) -> bytes:
    """Wait for a client; kill it and all that it started when it takes too long."""
    try:
        return process.communicate(timeout=SECONDS)[1]
    except BaseException as error:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if isinstance(error, subprocess.TimeoutExpired):
            message = f"{what} took longer than {SECONDS:g} s and was stopped"
            raise CapacityError(message, hint="Repeat; what was fetched stays.") from error
        raise
