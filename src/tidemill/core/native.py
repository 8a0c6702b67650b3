"""Small C++ kernels: declared beside their owners, built once, loaded if there.

A kernel is a file ``native/kernel.toml`` anywhere in the package::

    name = "dataflow"
    sources = ["kernel.cpp", "{source_distribution}/lib/src/lib.c"]
    flags = ["-O3", "-std=c++17", "-I{source_distribution}/lib/include"]

    [source_distribution]  # optional: C sources that a package leaves out of its wheel
    name = "tree-sitter"
    paths = ["lib"]

Everything works without kernels; `load` gives None then, and `status` says why.
``python -m tidemill.core.native`` builds all of them. `load` compiles a missing
one by itself too, but never reaches for the network.

Built libraries are kept under a name made of the content of sources and flags,
the installed version of the source distribution, the processor and the
compiler: in the package's folder ``_native``, or below ``$XDG_CACHE_HOME`` when
the package is not ours to write in.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import platform
import re
import sys
import tempfile
import threading
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from tidemill.core.compiler import compile_library, find_compiler, processor_identity
from tidemill.core.distributions import (
    SourceDistribution,
    download_with_pip,
    fetched,
    fetched_path,
)
from tidemill.core.errors import InputError, TidemillError
from tidemill.core.files import make_private_directory
from tidemill.core.hashing import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Kernel",
    "KernelStatus",
    "build",
    "function",
    "kernels",
    "load",
    "status",
    "system_library",
]

State = Literal["built", "cached", "not built", "no compiler", "not available", "failed", "off"]

_PLACE = "{source_distribution}"
_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SWITCH = "TIDEMILL_NATIVE"
_TYPES = {
    "i": ctypes.c_int32,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "p": ctypes.c_void_p,
}
_LOADED: dict[Path, ctypes.CDLL] = {}
_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel as declared.

    Attributes:
        name: Its name, unique in the package.
        folder: Where relative sources lie.
        sources: C and C++ files.
        flags: Flags of the compiler.
        source_distribution: Foreign sources, or None.
    """

    name: str
    folder: Path
    sources: tuple[str, ...]
    flags: tuple[str, ...] = ()
    source_distribution: SourceDistribution | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a kernel's name")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelStatus:
    """How it stands with one kernel.

    Attributes:
        name: The kernel.
        state: ``built`` just now, ``cached`` from before, or why there is none.
        reason: More about it, for people; may be empty.
        library: The shared library, when there is one.
    """

    name: str
    state: State
    reason: str = ""
    library: Path | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        library = None if self.library is None else str(self.library)
        return {"name": self.name, "state": self.state, "reason": self.reason, "library": library}


def function(library: ctypes.CDLL, name: str, arguments: str, result: str) -> Callable[..., int]:
    """Return a kernel's function with its types declared.

    Args:
        library: From `load`.
        name: The exported name.
        arguments: One letter each: ``i`` and ``q`` are signed integers of 4 and 8
            bytes, ``Q`` an unsigned one of 8, ``p`` an address.
        result: The letter of the result.
    """
    found = getattr(library, name)
    found.argtypes = [_TYPES[letter] for letter in arguments]
    found.restype = _TYPES[result]
    return cast("Callable[..., int]", found)


def system_library() -> ctypes.CDLL:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def kernels(package: Path = _PACKAGE) -> tuple[Kernel, ...]:
    """Read every kernel that the package declares, by name.

    Raises:
        InputError: A declaration is not what this module's head describes.
    """
    found = [_read(path) for path in sorted(package.rglob("native/kernel.toml"))]
    return tuple(sorted(found, key=lambda kernel: kernel.name))


def load(kernel: Kernel, *, native: str = "auto") -> ctypes.CDLL | None:
    """Load a kernel, compiling it first when that is possible without the network.

    Args:
        kernel: The kernel.
        native: The setting; ``off`` (or ``TIDEMILL_NATIVE=off``) gives None.

    Returns:
        The library, or None; `status` says why.
    """
    if _is_off(native):
        return None
    with _LOADING:
        found = _standing(kernel)
        if found.state == "not built":
            found = build(kernel, may_fetch=False)
        if found.library is None:
            return None
        if found.library not in _LOADED:
            try:
                _LOADED[found.library] = ctypes.CDLL(str(found.library))
            except OSError:
                return None
        return _LOADED[found.library]


def status(*, native: str = "auto", package: Path = _PACKAGE) -> tuple[KernelStatus, ...]:
    """Say how it stands with every kernel, building nothing."""
    if _is_off(native):
        return tuple(KernelStatus(name=kernel.name, state="off") for kernel in kernels(package))
    return tuple(_standing(kernel) for kernel in kernels(package))


def build(kernel: Kernel, *, may_fetch: bool = True) -> KernelStatus:
    """Build a kernel unless it is there; one process builds, the others wait.

    Args:
        kernel: The kernel.
        may_fetch: Whether its source distribution may be fetched.

    Returns:
        How it went; nothing is raised for a kernel that cannot be built.
    """
    standing = _standing(kernel)
    if standing.state in {"cached", "no compiler"}:
        return standing
    try:
        with _building(kernel.name) as directory:
            return _build_in(kernel, directory, may_fetch=may_fetch)
    except (TidemillError, OSError) as error:
        return KernelStatus(name=kernel.name, state="failed", reason=str(error))


def main() -> int:
    """Build all kernels and say how each went; a missing kernel is no failure."""
    for kernel in kernels():
        told = build(kernel)
        sys.stdout.write(f"{told.name}: {told.state}{': ' if told.reason else ''}{told.reason}\n")
    return 0


def _build_in(kernel: Kernel, directory: Path, *, may_fetch: bool) -> KernelStatus:
    files: Path | None = None
    if kernel.source_distribution is not None:
        try:
            files = _foreign_files(kernel.source_distribution, directory, may_fetch=may_fetch)
        except TidemillError as error:
            return KernelStatus(name=kernel.name, state="not available", reason=str(error))
    standing = _standing(kernel)
    if standing.library is not None:
        return standing
    compiler = find_compiler()
    if compiler is None:
        return standing
    target = directory / _library_name(kernel, compiler.identity)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".build-") as name:
        draft = Path(name) / target.name
        try:
            compile_library(compiler, _sources(kernel, files), _flags(kernel, files), draft)
        except TidemillError as error:
            _note_failure(target, str(error))
            return KernelStatus(name=kernel.name, state="failed", reason=str(error))
        draft.chmod(0o755)
        draft.replace(target)
    target.with_suffix(".failed").unlink(missing_ok=True)
    return KernelStatus(name=kernel.name, state="built", library=target)


def _standing(kernel: Kernel) -> KernelStatus:
    """Look for the library without building; prefers the present compiler's own."""
    try:
        compiler = find_compiler()
        name = _library_name(kernel, "*" if compiler is None else compiler.identity)
    except (TidemillError, OSError) as error:
        return KernelStatus(name=kernel.name, state="not available", reason=str(error))
    for directory in _directories():
        library = next(iter(sorted(directory.glob(name))), None)
        if library is not None:
            return KernelStatus(name=kernel.name, state="cached", library=library)
        failure = directory / Path(name).with_suffix(".failed")
        if failure.is_file():
            reason = failure.read_text(errors="replace")
            return KernelStatus(name=kernel.name, state="failed", reason=reason)
    if compiler is None:
        return KernelStatus(
            name=kernel.name, state="no compiler", reason="install g++ or clang++, or set CXX"
        )
    return KernelStatus(
        name=kernel.name, state="not built", reason="python -m tidemill.core.native"
    )


def _library_name(kernel: Kernel, compiler_identity: str) -> str:
    """The file name of a kernel's library; an identity of ``*`` makes it a pattern."""
    parts = [repr((kernel.sources, kernel.flags, platform.system(), platform.machine()))]
    parts += [content_hash(path.read_bytes()) for path in _own_files(kernel)]
    if any("native" in flag for flag in kernel.flags):
        parts.append(processor_identity())
    if kernel.source_distribution is not None:
        parts.append(kernel.source_distribution.version())
    content = content_hash("\n".join(parts).encode())[:16]
    is_pattern = compiler_identity == "*"
    maker = "*" if is_pattern else content_hash(compiler_identity.encode())[:8]
    return f"{kernel.name}-{content}-{maker}.so"


def _own_files(kernel: Kernel) -> list[Path]:
    """Every file of the kernel's folder counts: sources include headers beside them."""
    suffixes = {".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".inc"}
    return sorted(path for path in kernel.folder.rglob("*") if path.suffix in suffixes)


def _sources(kernel: Kernel, files: Path | None) -> list[Path]:
    return [kernel.folder / _placed(source, files) for source in kernel.sources]


def _flags(kernel: Kernel, files: Path | None) -> list[str]:
    return [_placed(flag, files) for flag in kernel.flags]


def _placed(text: str, files: Path | None) -> str:
    return text if files is None else text.replace(_PLACE, str(files))


def _foreign_files(wanted: SourceDistribution, directory: Path, *, may_fetch: bool) -> Path:
    for place in _directories():
        if fetched_path(wanted, place).is_dir():
            return fetched_path(wanted, place)
    if not may_fetch:
        raise TidemillError(
            f"the sources of {wanted.name} have not been fetched",
            hint="python -m tidemill.core.native fetches them once.",
        )
    return fetched(wanted, directory, download_with_pip)


def _note_failure(target: Path, reason: str) -> None:
    # Remembered, lest every worker of every run tries the same sources again.
    target.with_suffix(".failed").write_text(reason)


def _directories() -> list[Path]:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return [_PACKAGE / "_native", Path(cache) / "tidemill" / "native"]


@contextmanager
def _building(name: str) -> Iterator[Path]:
    """Hold the right to build a kernel, in the first folder that can be written."""
    directory = _writable_directory()
    descriptor = os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield directory
    finally:
        os.close(descriptor)


def _writable_directory() -> Path:
    first, second = _directories()
    try:
        make_private_directory(first)
    except TidemillError:
        return make_private_directory(second)
    return first if os.access(first, os.W_OK) else make_private_directory(second)


def _is_off(native: str) -> bool:
    return native == "off" or os.environ.get(_SWITCH, "").strip().lower() == "off"


@functools.cache
def _read(path: Path) -> Kernel:
    try:
        return _declared(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"not a kernel declaration: {error}", path=str(path)) from error


def _declared(facts: dict[str, Any], folder: Path) -> Kernel:
    unknown = facts.keys() - {"name", "sources", "flags", "source_distribution"}
    if unknown:
        raise ValueError(f"unknown entry {min(unknown)}")
    foreign = facts.get("source_distribution")
    return Kernel(
        name=facts["name"],
        folder=folder,
        sources=tuple(facts["sources"]),
        flags=tuple(facts.get("flags", ())),
        source_distribution=None if foreign is None else _read_distribution(foreign),
    )


def _read_distribution(facts: dict[str, object]) -> SourceDistribution:
    paths = facts["paths"]
    if not isinstance(paths, list):
        raise TypeError("paths is not a list")
    return SourceDistribution(name=str(facts["name"]), paths=tuple(str(path) for path in paths))


if __name__ == "__main__":
    raise SystemExit(main())
