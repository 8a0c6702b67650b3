"""The system's C++ compiler: found, identified, run.

Nothing here is needed to use Tidemill; a machine without a compiler simply has
no native kernels.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.core.errors import TidemillError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Compiler", "compile_library", "find_compiler", "processor_identity"]

_CANDIDATES = ("c++", "g++", "clang++")
_SHARED = ("-shared", "-fPIC")
_COMPILE_SECONDS = 600.0
_REASON_CHARACTERS = 2_000
_LANGUAGES = {".c": "c", ".cc": "c++", ".cpp": "c++", ".cxx": "c++"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A C++ compiler.

    Attributes:
        command: The program and its standing arguments.
        identity: Path, size and time of change of the program: they change
            with its version, and are learnt without running it.
    """

    command: tuple[str, ...]
    identity: str


def find_compiler(environ: Mapping[str, str] | None = None) -> Compiler | None:
    """Find the compiler: ``$CXX`` when it is set, else c++, g++ or clang++ on the path.

    A ``$CXX`` that names no program means no compiler: whoever set it meant it.
    """
    environ = os.environ if environ is None else environ
    wish = environ.get("CXX", "").strip()
    for words in [shlex.split(wish)] if wish else [[name] for name in _CANDIDATES]:
        program = shutil.which(words[0], path=environ.get("PATH"))
        if program is not None:
            facts = Path(program).resolve().stat()
            identity = f"{Path(program).resolve()}:{facts.st_size}:{facts.st_mtime_ns}"
            return Compiler(command=(program, *words[1:]), identity=identity)
    return None


def compile_library(
    compiler: Compiler, sources: Sequence[Path], flags: Sequence[str], target: Path
) -> None:
    """Compile C and C++ sources into one shared library.

    Args:
        compiler: The compiler.
        sources: Files ending in .c, .cc, .cpp or .cxx; each is compiled in its own language.
        flags: Flags of the kernel, before the sources.
        target: The library to write.

    Raises:
        TidemillError: It did not compile; the compiler's words are in the message.
    """
    command = [*compiler.command, *_SHARED, *flags, "-o", str(target)]
    for source in sources:
        # The C++ driver would take a .c file for C++.
        command += ["-x", _LANGUAGES.get(source.suffix, "c++"), str(source)]
    try:
        run = subprocess.run(  # noqa: S603  the person's own compiler on our own sources
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_COMPILE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TidemillError(f"the compiler could not be run: {error}") from error
    if run.returncode != 0:
        words = run.stderr.decode(errors="replace").strip()[:_REASON_CHARACTERS]
        raise TidemillError(f"the compiler ended with code {run.returncode}: {words}")


def processor_identity() -> str:
    """Name this kind of processor, for libraries that are built for it alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    told = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    return hashlib.blake2b("\n".join(sorted(told)).encode(), digest_size=8).hexdigest()
