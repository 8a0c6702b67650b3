"""A conversation with the TypeScript compiler about one project."""

import codecs
import json
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tidemill.core.errors import CapacityError, TidemillError
from tidemill.source.annotations.site import TypeSite
from tidemill.source.spans import Span
from tidemill.source.typescript.compiler import Compiler
from tidemill.source.typescript.units import Utf16

__all__ = ["AT_HOME", "LENIENT", "CompilerService", "Diagnostic", "Suspect"]

BRIDGE = Path(__file__).with_name("bridge.cjs")
MEMORY_MEBIBYTES = 4_096
LONGEST_REPLY = 512 << 20
CHUNK = 1 << 20

LENIENT: Mapping[str, object] = {
    "target": "esnext",
    "module": "esnext",
    "moduleResolution": "bundler",
    "allowImportingTsExtensions": True,
    "allowJs": True,
    "jsx": "preserve",
    "noImplicitAny": True,
    "skipLibCheck": True,
    "strictNullChecks": True,
    "types": [],
}
"""Options under which most code can be read, whatever its own are, and whatever is installed."""

AT_HOME: Mapping[str, object] = {name: one for name, one in LENIENT.items() if name != "types"}
"""The same for code where it is used: types of Node and others are known if they are installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something that the compiler objects to.

    Attributes:
        path: The file, as it was named.
        span: Where.
        code: The compiler's number of it.
        message: What it says.
    """

    path: str
    span: Span
    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A declaration on whose type something hangs that the compiler objects to.

    Attributes:
        path: Its file, from the project's folder.
        kind: A ``name`` that has a type, or a function's ``return``.
        start: First byte of the name; of a nameless function, its own.
    """

    path: str
    kind: Literal["name", "return"]
    start: int


class CompilerService:
    """A running compiler with a project open.

    Args:
        compiler: Which.
        root: The project's folder.
        files: Its files, relative to the root; what they import is read as well.
        options: Compiler options as ``tsconfig.json`` names them.
        config: The project's ``tsconfig.json``: its files belong to the project, and its
            options hold where ``options`` does not say otherwise.
        seconds: Time limit of each request.

    Raises:
        CapacityError: The compiler took too long, or ran out of memory.
        TidemillError: It refused.
    """

    def __init__(
        self,
        compiler: Compiler,
        root: Path,
        files: Sequence[str],
        *,
        options: Mapping[str, object] = LENIENT,
        config: Path | None = None,
        seconds: float = 120.0,
    ) -> None:
        self._seconds = seconds
        self._pending = bytearray()
        self._texts: dict[str, bytes] = {}
        self._known_units: dict[str, Utf16] = {}
        self._root = root.absolute()
        self._process = subprocess.Popen(  # noqa: S603  the user's own compiler, no shell between
            [
                str(compiler.node),
                f"--max-old-space-size={MEMORY_MEBIBYTES}",
                str(BRIDGE),
                str(compiler.module),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._ask(
                "open",
                root=str(self._root),
                files=list(files),
                options=dict(options),
                config=None if config is None else str(config.absolute()),
            )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the compiler."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def update(self, texts: Mapping[str, bytes]) -> None:
        """Let files say something else than they do on disk.

        Args:
            texts: The new texts by path, UTF-8.
        """
        self._texts.update(texts)
        for path in texts:
            self._known_units.pop(path, None)
        self._ask("update", texts={path: _decoded(text) for path, text in texts.items()})

    def types(self, path: str, sites: Sequence[TypeSite]) -> list[str | None]:
        """Return the type of each site as the compiler writes it.

        Literals are widened to what a variable of them could hold.

        Args:
            path: The file.
            sites: Of its present text.

        Returns:
            A text for each site; None where there is no such place, or the text would be
            longer than 2,000 characters.
        """
        units = self._units(path)
        places = [
            [
                site.kind,
                units.of(site.place.start),
                -1 if site.function is None else units.of(site.function),
            ]
            for site in sites
        ]
        reply: list[str | None] = self._ask("types", file=path, places=places)
        return reply

    def members(self, path: str, offsets: Sequence[int]) -> list[frozenset[str] | None]:
        """Return what the values of names can be asked for; None where anything goes.

        Of a union all that one of its parts has: which part it is, code may have found out.

        Args:
            path: The file.
            offsets: First bytes of the names.
        """
        units = self._units(path)
        places = [units.of(offset) for offset in offsets]
        reply = self._ask("members", file=path, places=places)
        return [None if names is None else frozenset(names) for names in reply]

    def sources(self) -> list[str]:
        """Return the project's own files, from its folder: none of libraries."""
        reply: list[str] = self._ask("sources")
        return reply

    def dependents(self, paths: Sequence[str]) -> list[str]:
        """Return files and all that import them, on whatever way.

        A file that is no module may be seen from everywhere.

        Args:
            paths: Files of the project.
        """
        reply: list[str] = self._ask("dependents", files=list(paths))
        return reply

    def suspects(
        self, path: str, spans: Sequence[Span]
    ) -> list[tuple[tuple[Suspect, ...], tuple[Suspect, ...]]]:
        """Return whose types objections hang on.

        Args:
            path: The file that is objected to.
            spans: The places.

        Returns:
            For each place what it names, calls or goes into; and the parameters and results of
            the functions around it, with what the classes of its values declare.
        """
        units = self._units(path)
        places = [
            [units.of(span.start), units.of(span.end) - units.of(span.start)] for span in spans
        ]
        reply = self._ask("suspects", file=path, places=places)
        return [(self._suspects(near), self._suspects(far)) for near, far in reply]

    def _suspects(self, rows: Sequence[Any]) -> tuple[Suspect, ...]:
        return tuple(
            Suspect(path=path, kind=kind, start=self._units(path).offset(start))
            for kind, path, start in rows
            if path in self._texts
        )

    def diagnostics(
        self,
        paths: Sequence[str],
        kinds: Sequence[Literal["syntactic", "semantic"]] = ("syntactic", "semantic"),
    ) -> list[Diagnostic]:
        """Return what the compiler objects to in files."""
        reply = self._ask("diagnostics", files=list(paths), kinds=list(kinds))
        return [
            Diagnostic(
                path=path,
                span=Span(
                    start=self._units(path).offset(start),
                    end=self._units(path).offset(start + length),
                ),
                code=code,
                message=message,
            )
            for path, start, length, code, message in reply
        ]

    def _text(self, path: str) -> bytes:
        if path not in self._texts:
            # The compiler does not count the mark that a file may begin with.
            raw = (self._root / path).read_bytes()
            self._texts[path] = raw.removeprefix(codecs.BOM_UTF8)
        return self._texts[path]

    def _units(self, path: str) -> Utf16:
        if path not in self._known_units:
            self._known_units[path] = Utf16(self._text(path))
        return self._known_units[path]

    def _ask(self, action: str, **facts: object) -> Any:
        """Send a request and wait for its reply."""
        line = json.dumps({"do": action, **facts}).encode() + b"\n"
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(line)
                self._process.stdin.flush()
            reply = json.loads(self._line(action))
        except (OSError, ValueError) as error:
            raise _died(action) from error
        if "error" in reply:
            raise TidemillError(f"the TypeScript compiler refused to {action}: {reply['error']}")
        return reply["ok"]

    def _line(self, action: str) -> bytes:
        """Read up to the end of a line, within the time limit."""
        pipe = self._process.stdout
        end = time.monotonic() + self._seconds
        with selectors.DefaultSelector() as selector:
            if pipe is None:
                raise _died(action)
            selector.register(pipe, selectors.EVENT_READ)
            while b"\n" not in self._pending[-CHUNK:]:
                if not selector.select(max(end - time.monotonic(), 0)):
                    self.close()
                    raise CapacityError(
                        f"the TypeScript compiler took longer than {self._seconds:g} s",
                        hint="Give it fewer files at once.",
                    )
                data = pipe.read1(CHUNK)  # type: ignore[attr-defined]  # a BufferedReader
                if not data or len(self._pending) > LONGEST_REPLY:
                    self.close()
                    raise _died(action)
                self._pending += data
        line, _, rest = bytes(self._pending).partition(b"\n")
        self._pending = bytearray(rest)
        return line


def _died(action: str) -> CapacityError:
    return CapacityError(
        f"the TypeScript compiler ended when it was to {action}",
        hint="It may have run out of memory; give it fewer files at once.",
    )


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
