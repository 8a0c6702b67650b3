"""Real functions of the ten languages, for benches.

Python's come with the interpreter, Java's and C#'s from the folder of benchmark data
(``TIDEMILL_DATA``, else ``../shared/data``), the others from packages of npm and Debian
that ``prepare`` unpacks below ``build/corpora``. A language whose source is not there
has no functions.
"""

import os
import subprocess
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tidemill.core.randomness import stream
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.parsing import parse
from tidemill.source.units import units_of

__all__ = ["CORPORA", "Corpus", "functions", "prepare"]

REPOSITORY = Path(__file__).parents[1]
UNPACKED = REPOSITORY / "build" / "corpora"
LEFT_OUT = ("/test/", "/tests/", "/site-packages/", "/idlelib/", "/lib2to3/", ".min.js", "/dist/")
LARGEST_FILE = 400_000
FEWEST_LINES = 3
MOST_FILES = 600
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Where the functions of one language come from.

    Attributes:
        language: Its name.
        source: ``library``, ``npm``, ``deb`` or ``data``.
        place: Name (and version) of the package, or the file below the data folder.
    """

    language: str
    source: str
    place: str


_TRANSLATION = "codexglue-translation-java-cs/train.java-cs.txt"
CORPORA = (
    Corpus(language="python", source="library", place="standard library"),
    Corpus(language="javascript", source="npm", place="three@0.180.0"),
    Corpus(language="typescript", source="npm", place="rxjs@7.8.2"),
    Corpus(language="java", source="data", place=f"{_TRANSLATION}.java"),
    Corpus(language="csharp", source="data", place=f"{_TRANSLATION}.cs"),
    Corpus(language="go", source="deb", place="golang-golang-x-tools-dev"),
    Corpus(language="ruby", source="deb", place="ruby-sequel"),
    Corpus(language="php", source="deb", place="php-doctrine-orm"),
    Corpus(language="c", source="npm", place="tree-sitter@0.21.1"),
    Corpus(language="cpp", source="deb", place="nlohmann-json3-dev"),
)


def prepare() -> None:
    """Download and unpack the packages that are not there yet."""
    for corpus in CORPORA:
        folder = _folder(corpus)
        if corpus.source in {"npm", "deb"} and not folder.is_dir():
            folder.mkdir(parents=True)
            _FETCHERS[corpus.source](corpus.place, folder)


def functions(corpus: Corpus, count: int) -> list[bytes]:
    """Return up to ``count`` functions of a corpus as texts of their own, seeded.

    What cannot stand alone (a Java method) is put into its usual surroundings.
    """
    prefix, suffix = _surroundings(corpus.language)
    texts = [prefix + text + suffix for text in islice(_texts(corpus), 20 * count)]
    stream(SEED, corpus.language).shuffle(texts)
    return texts[:count]


def _surroundings(language: str) -> tuple[bytes, bytes]:
    wraps = LANGUAGES[language].wraps
    return (wraps[0].prefix, wraps[0].suffix) if wraps else (b"", b"")


def _texts(corpus: Corpus) -> Iterator[bytes]:
    if corpus.source == "data":
        path = _folder(corpus)
        lines = path.read_bytes().splitlines() if path.is_file() else []
        yield from (line for line in lines if line.strip())
        return
    for path in _files(corpus):
        yield from _outermost(path.read_bytes(), corpus.language)


def _files(corpus: Corpus) -> list[Path]:
    paths = [
        path
        for path in _folder(corpus).rglob("*")
        if path.is_file()
        and not any(part in path.as_posix() for part in LEFT_OUT)
        and path.stat().st_size <= LARGEST_FILE
        and (found := language_of(path.name)) is not None
        and found.name == corpus.language
    ]
    paths.sort()
    stream(SEED, "files", corpus.language).shuffle(paths)
    return paths[:MOST_FILES]


def _outermost(data: bytes, language: str) -> Iterator[bytes]:
    for unit in units_of(parse(data, LANGUAGES[language])):
        text = data[unit.start : unit.end]
        if unit.kind != "module" and unit.parent is None and text.count(b"\n") + 1 >= FEWEST_LINES:
            yield _dedented(text, data[: unit.start].rpartition(b"\n")[2])


def _dedented(text: bytes, margin: bytes) -> bytes:
    return text.replace(b"\n" + margin, b"\n") if margin and not margin.strip() else text


def _folder(corpus: Corpus) -> Path:
    if corpus.source == "library":
        return Path(sysconfig.get_path("stdlib"))
    if corpus.source == "data":
        named = os.environ.get("TIDEMILL_DATA")
        data = Path(named) if named else REPOSITORY.parent / "shared" / "data"
        return data / corpus.place
    return UNPACKED / corpus.language


def _fetch_npm(place: str, folder: Path) -> None:
    told = subprocess.run(
        ["npm", "pack", "--silent", place], cwd=folder, check=True, capture_output=True, text=True
    )
    with tarfile.open(folder / told.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data")


def _fetch_deb(place: str, folder: Path) -> None:
    subprocess.run(["apt-get", "download", "--quiet", place], cwd=folder, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)


_FETCHERS = {"npm": _fetch_npm, "deb": _fetch_deb}
