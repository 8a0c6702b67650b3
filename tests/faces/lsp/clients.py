"""An editor of few words: raw messages over pipes, so that nothing is mended on the way."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faces.lsp import servers

__all__ = ["ABLE", "PATIENCE", "Client", "client_of", "insertion", "started"]

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing here waits for it to pass."""

ABLE: Mapping[str, Any] = {
    "workspace": {
        "inlayHint": {"refreshSupport": True},
        "workspaceEdit": {"documentChanges": True},
    },
    "textDocument": {"codeAction": {"resolveSupport": {"properties": ["edit"]}}},
}


class Client:
    """Speaks to a server.

    Args:
        process: The server, with pipes.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.notes: queue.Queue[dict[str, Any]] = queue.Queue()
        self.settings: Any = None
        self._answers: dict[Any, queue.Queue[dict[str, Any]]] = {None: queue.Queue()}
        self._number = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        assert self.process.stdin is not None
        with self._lock:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def tell(self, method: str, params: Any = None) -> None:
        """Send what needs no answer."""
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any = None) -> int:
        """Send a request, and return its number."""
        self._number += 1
        self._answers[self._number] = queue.Queue()
        self.send({"id": self._number, "method": method, "params": params})
        return self._number

    def answer(self, number: int | None) -> dict[str, Any]:
        """Wait for the answer to a request; None is the number of what is no request."""
        return self._answers[number].get(timeout=PATIENCE)

    def ask(self, method: str, params: Any = None) -> Any:
        """Send a request, and return the result."""
        found = self.answer(self.request(method, params))
        assert "error" not in found, found
        return found["result"]

    def note(self, method: str) -> dict[str, Any]:
        """Wait for a message of the server's that is no answer."""
        while True:
            found = self.notes.get(timeout=PATIENCE)
            if found["method"] == method:
                return found

    def told(self, words: str) -> None:
        """Wait until people are shown some words."""
        while words not in self.note("window/showMessage")["params"]["message"]:
            pass

    def initialize(self, root: Path | None = None, **facts: Any) -> Any:
        """Introduce ourselves."""
        params = {
            "processId": os.getpid(),
            "rootUri": root.as_uri() if root is not None else None,
            "capabilities": ABLE,
            **facts,
        }
        found = self.ask("initialize", params)
        self.tell("initialized", {})
        return found

    def open(self, uri: str, text: str, language: str = "typescript") -> None:
        """Show a file."""
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def edit(self, uri: str, version: int, *changes: Mapping[str, Any]) -> None:
        """Change a file."""
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": list(changes)}
        self.tell("textDocument/didChange", params)

    def hover(self, uri: str, line: int, character: int) -> str:
        """Ask what is under the pointer; return its text."""
        place = {"line": line, "character": character}
        found = self.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
        return str(found["contents"]["value"]) if found else ""

    def actions(self, uri: str, line: int, character: int, **facts: Any) -> list[dict[str, Any]]:
        """Ask what can be done at a place."""
        place = {"line": line, "character": character}
        found: list[dict[str, Any]] = self.ask(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": {"start": place, "end": place},
                "context": {"diagnostics": [], **facts},
            },
        )
        return found

    def hints(self, uri: str, last: int = 100_000) -> list[dict[str, Any]]:
        """Ask for the hints of a file, up to a line."""
        document = {"uri": uri}
        found: list[dict[str, Any]] = self.ask(
            "textDocument/inlayHint", {"textDocument": document, "range": _lines(0, last)}
        )
        return found

    def labels(self, uri: str) -> list[str]:
        """Ask for the words of the hints of a file, each with its line."""
        return [f"{one['position']['line']}{one['label']}" for one in self.hints(uri)]

    def close(self, uri: str) -> None:
        """Show a file no more."""
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def end(self) -> int:
        """Ask for the end, and return the exit code."""
        assert self.ask("shutdown") is None
        self.tell("exit")
        return self.process.wait(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout is not None
        while header := self.process.stdout.readline():
            size = int(header.removeprefix(b"Content-Length: "))
            while self.process.stdout.readline().strip():
                pass
            self._take(json.loads(self.process.stdout.read(size)))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answers[message["id"]].put(message)
            return
        if "id" in message:
            items = message["params"].get("items", ()) if message.get("params") else ()
            self.send({"id": message["id"], "result": [self.settings for _ in items] or None})
        self.notes.put(message)


def insertion(line: int, character: int, text: str) -> dict[str, Any]:
    """What an editor says of a text that was typed."""
    place = {"line": line, "character": character}
    return {"range": {"start": place, "end": place}, "text": text}


def _lines(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


@contextmanager
def started(**facts: Any) -> Iterator[Client]:
    """A server of its own process, killed when the block ends."""
    arguments = [sys.executable, servers.__file__, json.dumps(facts)]
    with client_of(arguments) as client:
        yield client


@contextmanager
def client_of(arguments: list[str]) -> Iterator[Client]:
    """A program that speaks through pipes, killed when the block ends."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        arguments,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield Client(process)
        finally:
            process.kill()
