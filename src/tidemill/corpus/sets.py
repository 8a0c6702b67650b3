"""Sets that lie on the disk already: a benchmark's, or one's own."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.archive import Bounds, Member, members
from tidemill.corpus.example import FOUND_COLUMNS, Example, Pair, identity
from tidemill.corpus.harvest import Source, harvest
from tidemill.corpus.recipe import DataSet
from tidemill.corpus.rows import Row, lines_of, read_rows
from tidemill.source.language import LANGUAGES, Language
from tidemill.source.parsing import parse_fragment
from tidemill.source.text import decode
from tidemill.source.units import units_of

__all__ = ["examples_of", "pairs_of"]

Reader = Callable[[DataSet, str, Settings], Iterator[Example]]


def examples_of(data: DataSet, split: str, settings: Settings) -> list[Example]:
    """Read the examples of one split of a set.

    Args:
        data: The set.
        split: One of those that it has files for.
        settings: Limits of reading and parsing.

    Raises:
        InputError: A file is not there, is empty or is not what the layout
            says; the error names file and line.
    """
    paths = data.files[split]
    for path in paths:
        if not path.exists():
            raise InputError(f"{data}: there is no such file or folder", path=str(path))
    found = list(READERS[data.layout](data, split, settings))
    if not found:
        raise InputError(f"{data}: no example in it", path=str(paths[0]))
    return found


def pairs_of(data: DataSet, split: str, examples: list[Example]) -> list[Pair]:
    """Read the pairs of one split: names of files without their endings, clone, kind.

    Args:
        data: The set.
        split: One of those that it has pairs for.
        examples: Those of the same split.

    Raises:
        InputError: A line is no pair, or names an example that is not there.
    """
    path = data.pairs[split]
    ids = {PurePosixPath(example.path).stem: example.id for example in examples}
    pairs = []
    for number, line in enumerate(lines_of(path), start=1):
        try:
            left, right, clone, kind = line.split(",")
            named = data.kinds[int(kind)] if data.kinds else kind
            pairs.append(Pair(left=ids[left], right=ids[right], clone=clone == "1", kind=named))
        except (ValueError, KeyError, IndexError) as error:
            message = f"{data}: {line!r} is no pair of this split: two names, clone, kind"
            raise InputError(message, path=str(path), line=number) from error
    return pairs


def _folders(data: DataSet, split: str, settings: Settings) -> Iterator[Example]:
    """Read a file an example; the folder around it is the group."""
    language = LANGUAGES[_only_language(data, split)]
    bounds = Bounds(member_bytes=settings.max_file_bytes)
    for path in data.files[split]:
        for member in members(path, lambda name: name.endswith(language.extensions), bounds):
            text = _text_of(member)
            line, name, code = 1, PurePosixPath(member.path).stem, text.decode()
            if data.unwrap:
                line, name, code = _longest(text, language, settings) or (line, name, code)
            facts = {"path": member.path, "line": line, "name": name, "code": code}
            group = PurePosixPath(member.path).parent.name
            yield _example(data, split, facts | {"language": language.name, "group": group})


def _text_of(member: Member) -> bytes:
    """Return a file as UTF-8; other people's benchmarks hold files that are no clean text."""
    try:
        return decode(member.data, member.path).data
    except InputError:
        return member.data.replace(b"\0", b"").decode("utf-8", "replace").encode()


def _longest(text: bytes, language: Language, settings: Settings) -> tuple[int, str, str] | None:
    """Return line, name and text of the longest function of a text, if it has any."""
    tree = parse_fragment(text, language, seconds=settings.parse_seconds)
    units = [unit for unit in units_of(tree) if unit.kind != "module"]
    if not units:
        return None
    unit = max(units, key=lambda unit: unit.end - unit.start)
    code = text[unit.start : unit.end].decode("utf-8", "replace")
    return text.count(b"\n", 0, unit.start) + 1, unit.name, code


def _lines(data: DataSet, split: str, _: Settings) -> Iterator[Example]:
    """Read files whose lines belong together; split and line are the group."""
    paths = data.files[split]
    if len(data.languages) != len(paths):
        message = f"{data}: {len(paths)} files a split, and {len(data.languages)} languages"
        raise InputError(message, path=str(paths[0]))
    sides = [list(lines_of(path)) for path in paths]
    if len({len(side) for side in sides}) > 1:
        lengths = ", ".join(f"{path.name} {len(s)}" for path, s in zip(paths, sides, strict=True))
        line = min(len(side) for side in sides) + 1
        message = f"{data}: the files do not have equally many lines: {lengths}"
        raise InputError(message, path=str(paths[0]), line=line)
    for number, texts in enumerate(zip(*sides, strict=True), start=1):
        for path, language, text in zip(paths, data.languages, texts, strict=True):
            facts = {"path": path.name, "line": number, "name": path.suffix[1:], "code": text}
            facts |= {"language": language, "group": f"{split}-{number}"}
            yield _example(data, split, facts)


def _table(data: DataSet, split: str, _: Settings) -> Iterator[Example]:
    """Read rows of JSON, JSON lines or Parquet."""
    for path in data.files[split]:
        for row in read_rows(path):
            yield _example(data, split, _columns(data, row))


def _columns(data: DataSet, row: Row) -> dict[str, Any]:
    """Return a row's values by the columns that they fill."""
    columns: dict[str, Any] = {"path": Path(row.path).name, "line": row.number}
    names = data.fields or {name: name for name in ("code", "query", "language", "group", "name")}
    for column, name in names.items():
        if name in row.values:
            columns[column] = row.text(name)
        elif data.fields or column == "code":
            raise row.error(f"{data}: there is no field {name}")
    if not columns["code"].strip():
        raise row.error(f"{data}: the code is empty")
    columns.setdefault("language", data.languages[0] if data.languages else "")
    if columns["language"] not in LANGUAGES:
        raise row.error(f"{data}: {columns['language']!r} is no language that is known")
    return columns


def _sources(data: DataSet, split: str, settings: Settings) -> Iterator[Example]:
    """Read code as that of packages is read."""
    for path in data.files[split]:
        for file in harvest(Source(archive=path, name=data.name), settings).files:
            for found in file.functions:
                if not data.languages or found.language in data.languages:
                    facts = {name: getattr(found, name) for name in FOUND_COLUMNS}
                    yield _example(data, split, facts)


def _example(data: DataSet, split: str, facts: Mapping[str, Any]) -> Example:
    columns: dict[str, Any] = {"query": "", "group": "", "name": "", **facts}
    columns.setdefault("qualified_name", columns["name"])
    # The files of each split are its own: nothing says that those of another are its kin.
    columns |= {"package": data.name, "family": f"{data.name}/{split}", "licence": data.licence}
    said = [columns[name] for name in ("language", "query", "code", "group")]
    return Example(id=identity(*said), **columns)


def _only_language(data: DataSet, split: str) -> str:
    if len(data.languages) != 1:
        message = f"{data}: one language is needed, not {len(data.languages)}"
        raise InputError(message, path=str(data.files[split][0]))
    return data.languages[0]


READERS: Mapping[str, Reader] = {
    "folders": _folders,
    "lines": _lines,
    "table": _table,
    "sources": _sources,
}
