"""Data flow of one function: file -> parse -> unit -> graph."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.core.files import bytes_and_facts
from tidemill.core.settings import Settings, resolve
from tidemill.source.dataflow.extractor import data_flow as graph_of
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.lines import LineTable
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.source.text import decode
from tidemill.source.units import Unit, units_of

__all__ = ["FlowAnswer", "data_flow", "split_target"]

NAMES_SHOWN = 8
HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAnswer:
    """The data flow of one unit, with what is needed to show it.

    Args:
        path: The file.
        language: Its language's name.
        kind: ``function``, ``method`` or ``module``.
        name: The unit's qualified name.
        span: First byte of the unit and the byte after its last one.
        text: The whole file as UTF-8; all offsets count in it.
        graph: The graph.
        unparsable: First and last line of every region of the unit that the
            grammar could not read: there the graph may lack edges.
        others: Names of the file's functions, in their order.
    """

    path: Path
    language: str
    kind: str
    name: str
    span: tuple[int, int]
    text: bytes
    graph: DataFlowGraph
    unparsable: tuple[tuple[int, int], ...]
    others: tuple[str, ...]


def data_flow(
    path: str | Path, function: str | None = None, *, settings: Settings | None = None
) -> FlowAnswer:
    """Return where the values in one function come from.

    Args:
        path: A file in one of the languages Tidemill parses.
        function: The function: its qualified name, its name, or the number of a
            line in it. Without it the file's top level is taken.
        settings: Limits; by default those in force.

    Raises:
        InputError: The file cannot be read or parsed, or the function is not
            there or not the only one of its name.
    """
    path = Path(path)
    settings = settings or resolve().settings
    tree = _parsed(path, settings)
    units = units_of(tree)
    table = LineTable(tree.text)
    unit = _chosen(units, function, table, path)
    return FlowAnswer(
        path=path,
        language=tree.language.name,
        kind=unit.kind,
        name=unit.qualified_name,
        span=(unit.start, unit.end),
        text=tree.text,
        graph=graph_of(tree, unit, units),
        unparsable=tuple(
            (table.line(error.start), table.line(max(error.start, error.end - 1)))
            for error in tree.errors
            if error.start < unit.end and unit.start <= error.end
        ),
        others=tuple(unit.qualified_name for unit in units if unit.kind != "module"),
    )


def split_target(target: str) -> tuple[Path, str | None]:
    """Split ``FILE[:FUNCTION]``; the file is the shortest part that exists.

    A name may hold colons of its own (``geometry.cpp:Shape::area``), and so may
    a file's name.
    """
    whole = Path(target)
    if whole.exists():
        return whole, None
    for place, sign in enumerate(target):
        if sign == ":" and Path(target[:place]).is_file():
            return Path(target[:place]), target[place + 1 :] or None
    file, _, function = target.partition(":")
    return Path(file), function or None


def _parsed(path: Path, settings: Settings) -> SyntaxTree:
    try:
        _, raw, _ = bytes_and_facts(str(path), settings.max_file_bytes)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except InputError as error:
        raise InputError(error.message, path=str(path)) from error
    if len(raw) > settings.max_file_bytes:
        raise InputError(
            f"larger than {settings.max_file_bytes:,} bytes",
            path=str(path),
            hint="raise the setting max_file_bytes",
        )
    language = language_of(path.name, raw[:HEAD_BYTES])
    if language is None:
        known = ", ".join(LANGUAGES)
        raise InputError("not in a language with data flow", path=str(path), hint=f"known: {known}")
    text = decode(raw, str(path)).data
    return parse(text, language, seconds=settings.parse_seconds, path=str(path))


def _chosen(units: tuple[Unit, ...], function: str | None, table: LineTable, path: Path) -> Unit:
    """Return the unit that ``function`` means."""
    if function is None:
        return units[-1]
    if function.isdecimal():
        return _at_line(units, int(function), table, path)
    for found in (
        [unit for unit in units if unit.qualified_name == function],
        [unit for unit in units if unit.name == function],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(found, function, table, path)
    raise _unknown(units, function, path)


def _at_line(units: tuple[Unit, ...], line: int, table: LineTable, path: Path) -> Unit:
    """Return the innermost unit that holds a line."""
    if not 1 <= line <= len(table):
        raise InputError(f"has {len(table)} lines, not {line}", path=str(path))
    holders = [
        unit
        for unit in units
        if table.line(unit.start) <= line <= table.line(max(unit.start, unit.end - 1))
    ]
    return min(holders or [units[-1]], key=lambda unit: unit.end - unit.start)


def _ambiguous(found: list[Unit], function: str, table: LineTable, path: Path) -> InputError:
    choices = ", ".join(
        f"{unit.qualified_name} (line {table.line(unit.start)})" for unit in found[:NAMES_SHOWN]
    )
    return InputError(
        f"has {len(found)} functions called {function}",
        path=str(path),
        hint=f"name one by its line or its qualified name: {choices}",
    )


def _unknown(units: tuple[Unit, ...], function: str, path: Path) -> InputError:
    names = [unit.qualified_name for unit in units if unit.kind != "module"]
    near = get_close_matches(function, names, n=NAMES_SHOWN, cutoff=0.5) or names[:NAMES_SHOWN]
    hint = f"there are: {', '.join(near)}" if near else "it has no functions at all"
    return InputError(f"has no function {function}", path=str(path), hint=hint)
