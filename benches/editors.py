"""How long an editor waits for types, and what a thousand edits leave behind.

``tidemill lsp`` is asked for the hints of a file of some five hundred lines, of a package that
nothing was learnt from, blanked, with its compiler and dependencies. Cold: the server has just
begun and has seen nothing. Warm: a line is typed into the longest function, so that all places
in it are asked about anew; the time is that until all hints are there that are shown of the file,
each with a type that the compiler has nothing against in the file itself, the wait for the typist
included. It is measured with that file open alone, and with others that are just looked at again
because one was saved. Confirmed: until the files that import it have nothing against them,
either, which begins when nothing was typed for a second; measured by an editor that cannot be
told to ask again, and so waits for that, ten seconds at most. The line is taken back unmeasured.

    .venv/bin/python benches/editors.py --prepare
    .venv/bin/python benches/editors.py [--quick] [--experts FOLDER]
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alone import NOBODYS
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from type_programs import bare_copy, original, prepare_programs, source_files

from report import Figure, median, show
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import units_of

PACKAGE = "query-core"
LINES = 500
ROUNDS, QUICK_ROUNDS = 20, 5
EDITS, QUICK_EDITS = 1000, 100
WARMING = 100
OTHERS = 8
PAUSES = (0.3, 1.2, 2.5)
"""Seconds after a save at which somebody goes on typing, in turn."""

FIRST_ANSWERS = 3
"""After so many of the longest waits a server has begun, loaded its expert and seen the file."""

REST_SECONDS = 3.0
CONFIRMING_SECONDS = 4.0
MOST_SECONDS = 60.0
CHECKED = "has nothing against this type"
TARGET = 1.0
GROWTH_TARGET = 1.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What was measured with one server.

    Attributes:
        file: The file, its lines and how many hints it has.
        cold: Seconds until the first hints.
        warm: Seconds until the hints after an edit, of each round.
        crowded: The same with other files open, one of them just saved.
        confirmed: Seconds until the hints after an edit, checked with other files.
        before: Resident bytes after the first edits.
        after: The same after all.
        edits: How many lay between.
    """

    file: str
    cold: float
    warm: list[float]
    crowded: list[float]
    confirmed: list[float]
    before: int
    after: int
    edits: int


class Editor:
    """An editor with one file before it.

    Args:
        path: The file.
        can_refresh: Whether it can be told to ask again.
    """

    def __init__(self, path: Path, *, can_refresh: bool) -> None:
        self._client = LanguageClient("bench", "1")
        self._can_refresh = can_refresh
        self._told = asyncio.Event()
        if can_refresh:
            told = self._told

            @self._client.feature(lsp.WORKSPACE_INLAY_HINT_REFRESH)  # type: ignore[untyped-decorator]
            def _(*_: object) -> None:
                told.set()

        self._uri = path.as_uri()
        self._text = path.read_text(encoding="utf-8")
        self._version = 1
        self._has_line = False
        self._line = _line_in_the_longest_function(path)
        self.lines = self._text.count("\n")

    async def begin(self, root: Path, environment: dict[str, str]) -> None:
        """Start a server and show it the file."""
        program = str(Path(sys.executable).with_name("tidemill"))
        await self._client.start_io(program, "lsp", env=os.environ | environment)
        hints = lsp.InlayHintWorkspaceClientCapabilities(refresh_support=self._can_refresh)
        able = lsp.ClientCapabilities(workspace=lsp.WorkspaceClientCapabilities(inlay_hint=hints))
        await self._client.initialize_async(
            lsp.InitializeParams(capabilities=able, process_id=os.getpid(), root_uri=root.as_uri())
        )
        self._client.initialized(lsp.InitializedParams())
        self._open(self._uri, self._text)

    async def open(self, paths: Iterable[Path]) -> None:
        """Show the server further files, one after the other, and have them looked at."""
        for path in paths:
            self._open(path.as_uri(), path.read_text(encoding="utf-8"))
            await self.hints(path.as_uri())
            await asyncio.sleep(REST_SECONDS)

    def save(self, path: Path) -> None:
        """Say that one of them is on disk."""
        document = lsp.TextDocumentIdentifier(uri=path.as_uri())
        self._client.text_document_did_save(lsp.DidSaveTextDocumentParams(text_document=document))

    async def checked(self) -> int:
        """Ask again whenever told to, until all hints are checked; return how many there are.

        What is known already moves along with an edit at once. So a line that is typed has to
        have hints of its own.
        """
        while True:
            self._told.clear()
            found = await self.hints()
            is_new = not self._has_line or any(one.position.line == self._line for one in found)
            if found and is_new and all(CHECKED in str(one.tooltip) for one in found):
                return len(found)
            await asyncio.wait_for(self._told.wait(), MOST_SECONDS)

    async def hints(self, uri: str = "") -> Sequence[lsp.InlayHint]:
        """Ask for all hints; an editor that cannot be told to ask again waits for all checks."""
        span = lsp.Range(
            start=lsp.Position(line=0, character=0), end=lsp.Position(line=100_000, character=0)
        )
        document = lsp.TextDocumentIdentifier(uri=uri or self._uri)
        found = await self._client.text_document_inlay_hint_async(
            lsp.InlayHintParams(text_document=document, range=span)
        )
        return found or ()

    def type_line(self, number: int) -> None:
        """Type a line into the longest function, or take it back: every other time."""
        self._version += 1
        last, is_there = self._line, number % 2
        self._has_line = not is_there
        change = lsp.TextDocumentContentChangePartial(
            range=lsp.Range(
                start=lsp.Position(line=last, character=0),
                end=lsp.Position(line=last + is_there, character=0),
            ),
            text="" if is_there else f"    const typed{number} = (name) => name.trim().length\n",
        )
        document = lsp.VersionedTextDocumentIdentifier(uri=self._uri, version=self._version)
        self._client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(text_document=document, content_changes=[change])
        )

    def resident(self) -> int:
        """Return the resident bytes of the server."""
        process = self._client._server  # noqa: SLF001  # the library says it nowhere else
        if process is None:
            raise RuntimeError("the server has not begun")
        statm = Path("/proc", str(process.pid), "statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * PAGE

    def _open(self, uri: str, text: str) -> None:
        item = lsp.TextDocumentItem(uri=uri, language_id="typescript", version=1, text=text)
        self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))

    async def end(self) -> None:
        """Ask the server to end."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()  # type: ignore[no-untyped-call]


def _line_in_the_longest_function(path: Path) -> int:
    """Return the line, from 0, that follows the first brace of a file's longest function."""
    tree = parse(path.read_bytes(), LANGUAGES["typescript"])
    functions = (unit for unit in units_of(tree) if unit.kind != "module")
    longest = max(functions, key=lambda unit: unit.end - unit.start)
    brace = tree.text.index(b"{\n", longest.start)
    return tree.text.count(b"\n", 0, brace + 2)


async def waited(path: Path, root: Path, experts: Path, *, quick: bool) -> Waited:
    """Open a file, edit it, and measure."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    environment = {"TIDEMILL_EXPERTS": str(experts)}
    editor = Editor(path, can_refresh=True)
    begun = time.perf_counter()
    await editor.begin(root, environment)
    hints = await editor.checked()
    cold = time.perf_counter() - begun
    warm = [await _typed(editor, 2 * number, editor.checked) for number in range(rounds)]
    await _edited(editor, 2 * rounds, WARMING)
    before = editor.resident()
    edits = QUICK_EDITS if quick else EDITS
    await _edited(editor, 2 * rounds + WARMING, edits)
    after = editor.resident()
    crowded = await _crowded(editor, path, 2 * rounds + WARMING + edits, rounds)
    await editor.end()
    return Waited(
        file=f"{PACKAGE}, {path.name}, {editor.lines} lines, {hints} hints",
        cold=cold,
        warm=warm,
        crowded=crowded,
        confirmed=await _confirmed(path, root, environment, rounds),
        before=before,
        after=after,
        edits=edits,
    )


async def _typed(editor: Editor, number: int, wait: Callable[[], Awaitable[object]]) -> float:
    """Type a line and take it back; return how long the hints after the first took."""
    begun = time.perf_counter()
    editor.type_line(number)
    await wait()
    seconds = time.perf_counter() - begun
    editor.type_line(number + 1)
    await wait()
    await asyncio.sleep(REST_SECONDS)
    return seconds


async def _crowded(editor: Editor, path: Path, first: int, rounds: int) -> list[float]:
    """Measure the same while others are looked at again."""
    others = [one for one in source_files(path.parents[1]) if one != path][:OTHERS]
    await editor.open(others)
    seconds = []
    for number in range(rounds):
        editor.save(others[0])
        await asyncio.sleep(PAUSES[number % len(PAUSES)])
        seconds.append(await _typed(editor, first + 2 * number, editor.checked))
    return seconds


async def _confirmed(
    path: Path, root: Path, environment: dict[str, str], rounds: int
) -> list[float]:
    """Measure how long it takes until other files have nothing against the hints, either."""
    editor = Editor(path, can_refresh=False)
    await editor.begin(root, environment)
    for _ in range(FIRST_ANSWERS):
        await editor.hints()
    seconds = [await _typed(editor, 2 * number, editor.hints) for number in range(rounds)]
    await editor.end()
    return seconds


async def _edited(editor: Editor, first: int, times: int) -> None:
    """Type; every tenth time wait for the hints, and every hundredth until they are confirmed."""
    for number in range(first, first + times):
        editor.type_line(number)
        if number % 10 == 0:
            await editor.checked()
        if number % 100 == 0:
            await asyncio.sleep(CONFIRMING_SECONDS)
    await editor.checked()


def figures(found: Waited) -> Iterator[Figure]:
    """Yield the figures."""
    for name, seconds, target in (
        ("hints after an edit, median", found.warm, TARGET),
        (f"the same, {OTHERS} files open, one just saved", found.crowded, None),
        ("until other files agree", found.confirmed, None),
    ):
        yield Figure(
            name=name,
            value=median(seconds),
            unit="s",
            peer=f"{found.file}; longest {max(seconds):.2f} s",
            target=f"< {target:.0f} s" if target else "",
            met=median(seconds) < target if target else None,
        )
    yield Figure(name="first hints, with the start of the server", value=found.cold, unit="s")
    growth = found.after / found.before
    yield Figure(
        name=f"memory after {found.edits:,} edits more",
        value=growth,
        unit="x",
        peer=f"{found.before / 1e6:.0f} MB before",
        target=f"<= {GROWTH_TARGET}x",
        met=growth <= GROWTH_TARGET,
    )


def main() -> None:
    """Prepare, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch the packages, once")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_EDITS} edits")
    parser.add_argument("--experts", type=Path, default=NOBODYS, help="experts that stand first")
    options = parser.parse_args()
    if options.prepare:
        prepare_programs()
        return
    if not original(PACKAGE).is_dir():
        raise SystemExit("the package is not there; fetch it with --prepare")
    root = bare_copy(PACKAGE)
    path = min(source_files(root), key=lambda own: abs(own.read_bytes().count(b"\n") - LINES))
    found = asyncio.run(waited(path, root, options.experts.resolve(), quick=options.quick))
    show("editors", [*figures(found)], quick=options.quick)


if __name__ == "__main__":
    main()
