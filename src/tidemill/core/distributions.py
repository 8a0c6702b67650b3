"""Single files out of a package's source distribution, fetched once when building.

Some kernels compile against C sources that a package publishes in its source
distribution and leaves out of its wheel. pip fetches it, at the version that is
installed, and only when somebody builds kernels; nothing here runs otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tidemill.core.errors import TidemillError
from tidemill.core.files import make_private_directory

if TYPE_CHECKING:
    import tarfile

__all__ = ["SourceDistribution", "download_with_pip", "extract", "fetched", "fetched_path"]

Download = Callable[[str, Path], Path]

_PIP_SECONDS = 300.0
_REASON_CHARACTERS = 400
_MAX_BYTES = 256 * 1024 * 1024
_MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDistribution:
    """A package's source distribution, and what is wanted from it.

    Attributes:
        name: Name of the package; it must be installed, and its version is taken.
        paths: Files and folders inside the distribution, without its top folder.
    """

    name: str
    paths: tuple[str, ...]

    def version(self) -> str:
        """Return the installed version.

        Raises:
            TidemillError: The package is not installed.
        """
        from importlib import metadata  # noqa: PLC0415  heavy, and only builders need it

        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            raise TidemillError(
                f"{self.name} is not installed, so its sources cannot be chosen",
                hint=f"pip install {self.name}",
            ) from None


def fetched_path(wanted: SourceDistribution, directory: Path) -> Path:
    """Return the folder that the files of this version lie in once fetched."""
    return directory / f"{wanted.name}-{wanted.version()}"


def fetched(wanted: SourceDistribution, directory: Path, download: Download) -> Path:
    """Return the folder with the wanted files, fetching them when they are not there.

    Args:
        wanted: The distribution and its paths.
        directory: Where such folders are kept.
        download: Puts a distribution (``name==version``) into a folder.

    Raises:
        TidemillError: There is no network, no such distribution, or no such path in it.
    """
    target = fetched_path(wanted, directory)
    if target.is_dir():
        return target
    make_private_directory(directory)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as name:
        scratch = Path(name)
        archive = download(f"{wanted.name}=={wanted.version()}", scratch)
        extract(archive, wanted.paths, scratch / "files")
        try:
            (scratch / "files").replace(target)
        except OSError:
            # Another process may have put the same files there in the meantime.
            if not target.is_dir():
                raise
    return target


def download_with_pip(requirement: str, directory: Path) -> Path:
    """Let pip put a source distribution into a folder.

    pip insists on asking the distribution for its metadata; that is done with
    the installed build tools if they suffice, else with fetched ones.

    Raises:
        TidemillError: pip is missing, has no network, or failed; says why.
    """
    words = ["-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]
    words += ["--retries", "1", "--timeout", "20"]
    words += ["--no-binary", ":all:", "--dest", str(directory), requirement]
    reason = ""
    for more in (["--no-build-isolation"], []):
        run = _run([sys.executable, *words, *more])
        archives = sorted(directory.glob("*.tar.gz"))
        if archives:
            return archives[0]
        reason = _last_words(run.stderr.decode(errors="replace"))
    raise TidemillError(
        f"pip could not fetch the sources of {requirement}: {reason}",
        hint="It needs the package index once, when building; everything works without it.",
    )


def extract(archive: Path, paths: tuple[str, ...], target: Path) -> None:
    """Extract some files of a source distribution, without its top folder.

    Args:
        archive: A ``.tar.gz`` with one top folder.
        paths: Files and folders to take.
        target: The folder to make.

    Raises:
        TidemillError: The archive is damaged, too big, unsafe or lacks a path.
    """
    import tarfile  # noqa: PLC0415  only builders need it

    target.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            taken = _take(tar, paths, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise TidemillError(f"{archive.name} cannot be extracted: {error}") from error
    missing = [path for path in paths if not any(_is_under(name, path) for name in taken)]
    if missing:
        raise TidemillError(f"{archive.name} has no {', '.join(missing)}")


def _take(tar: tarfile.TarFile, paths: tuple[str, ...], target: Path) -> list[str]:
    taken: list[str] = []
    total_bytes = 0
    for count, member in enumerate(tar):
        total_bytes += member.size
        if count >= _MAX_ENTRIES or total_bytes > _MAX_BYTES:
            raise TidemillError("the archive is larger than a source distribution should be")
        inner = "/".join(PurePosixPath(member.name).parts[1:])
        if member.isfile() and any(_is_under(inner, path) for path in paths):
            tar.extract(member.replace(name=inner, deep=False), target, filter="data")
            taken.append(inner)
    return taken


def _is_under(name: str, path: str) -> bool:
    wanted = path.strip("/")
    return name == wanted or name.startswith(f"{wanted}/")


def _last_words(said: str) -> str:
    """Return what pip calls an error, else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return " ".join(errors or lines[-1:])[:_REASON_CHARACTERS]


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  our own interpreter's pip
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PIP_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TidemillError(f"pip could not be run: {error}") from error
