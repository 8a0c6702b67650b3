"""How long an editor waits for types, and what a thousand edits leave behind.

``tidemill lsp`` is asked for the hints of a file of some five hundred lines, of a package that
nothing was learnt from, blanked, with its compiler and dependencies. Cold: the server has just
begun and has seen nothing. Warm: a line is typed into the longest function, so that all places
in it are asked about anew, and the hints of the whole file are asked for at once; the time is that
until they are answered, the wait for the typist included. The line is taken back unmeasured.

    .venv/bin/python benches/editors.py --prepare
    .venv/bin/python benches/editors.py [--quick] [--experts FOLDER]
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
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
TARGET = 1.0
GROWTH_TARGET = 1.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """What was measured with one server.

    Attributes:
        file: The file and its lines.
        hints: How many there were at first, and at the least and most after an edit.
        cold: Seconds until the first hints.
        warm: Seconds until the hints after an edit, of each round.
        before: Resident bytes after the first edits.
        after: The same after all.
        edits: How many lay between.
    """

    file: str
    hints: tuple[int, int, int]
    cold: float
    warm: list[float]
    before: int
    after: int
    edits: int


class Editor:
    """An editor with one file open.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._client = LanguageClient("bench", "1")
        self._uri = path.as_uri()
        self._text = path.read_text(encoding="utf-8")
        self._version = 1
        self._line = _line_in_the_longest_function(path)
        self.lines = self._text.count("\n")

    async def begin(self, root: Path, environment: dict[str, str]) -> None:
        """Start a server and show it the file."""
        program = str(Path(sys.executable).with_name("tidemill"))
        await self._client.start_io(program, "lsp", env=os.environ | environment)
        able = lsp.ClientCapabilities()
        await self._client.initialize_async(
            lsp.InitializeParams(capabilities=able, process_id=os.getpid(), root_uri=root.as_uri())
        )
        self._client.initialized(lsp.InitializedParams())
        item = lsp.TextDocumentItem(
            uri=self._uri, language_id="typescript", version=1, text=self._text
        )
        self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))

    async def hints(self) -> int:
        """Ask for all hints, and return how many there are."""
        span = lsp.Range(
            start=lsp.Position(line=0, character=0), end=lsp.Position(line=100_000, character=0)
        )
        document = lsp.TextDocumentIdentifier(uri=self._uri)
        found = await self._client.text_document_inlay_hint_async(
            lsp.InlayHintParams(text_document=document, range=span)
        )
        return len(found or ())

    def type_line(self, number: int) -> None:
        """Type a line into the longest function, or take it back: every other time."""
        self._version += 1
        last, is_there = self._line, number % 2
        change = lsp.TextDocumentContentChangePartial(
            range=lsp.Range(
                start=lsp.Position(line=last, character=0),
                end=lsp.Position(line=last + is_there, character=0),
            ),
            text="" if is_there else f"    const typed{number} = (value) => value.length\n",
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
    editor = Editor(path)
    begun = time.perf_counter()
    await editor.begin(root, {"TIDEMILL_EXPERTS": str(experts)})
    hints = await editor.hints()
    cold = time.perf_counter() - begun
    warm, found = [], []
    for number in range(QUICK_ROUNDS if quick else ROUNDS):
        begun = time.perf_counter()
        editor.type_line(2 * number)
        found.append(await editor.hints())
        warm.append(time.perf_counter() - begun)
        editor.type_line(2 * number + 1)
        await editor.hints()
    await _edited(editor, 2 * len(warm), WARMING)
    before = editor.resident()
    edits = QUICK_EDITS if quick else EDITS
    await _edited(editor, 2 * len(warm) + WARMING, edits)
    after = editor.resident()
    await editor.end()
    return Waited(
        file=f"{PACKAGE}, {path.name}, {editor.lines} lines",
        hints=(hints, min(found), max(found)),
        cold=cold,
        warm=warm,
        before=before,
        after=after,
        edits=edits,
    )


async def _edited(editor: Editor, first: int, times: int) -> None:
    """Type; every tenth time, wait for the hints."""
    for number in range(first, first + times):
        editor.type_line(number)
        if number % 10 == 0:
            await editor.hints()
    await editor.hints()


def figures(found: Waited) -> Iterator[Figure]:
    """Yield the figures."""
    first, least, most = found.hints
    yield Figure(
        name="hints after an edit, median",
        value=median(found.warm),
        unit="s",
        peer=f"{found.file}, {first} hints, then {least} to {most};"
        f" longest {max(found.warm):.2f} s",
        target=f"< {TARGET:.0f} s",
        met=median(found.warm) < TARGET and least > 0,
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
