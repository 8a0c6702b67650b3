"""A workspace in this process, with an editor that only listens."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.faces.lsp.sample import ScriptedTypes
from tidemill.core.settings import Settings
from tidemill.faces.lsp.annotating import Annotating
from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.desk import Desk, desk_for
from tidemill.faces.lsp.documents import Change
from tidemill.faces.lsp.editor import Editor
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.server import language_server
from tidemill.faces.lsp.workspace import Workspace
from tidemill.tasks.types.source import TypeSource

__all__ = ["URI", "Listener", "Scene", "scene"]

URI = "file:///nowhere/app.ts"
ABLE = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    )
)


@dataclass(slots=True)
class Listener:
    """An editor that only listens.

    Attributes:
        methods: What it was told, by the names of the protocol.
        words: What people were shown.
    """

    methods: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """Take a message."""
        message: dict[str, Any] = json.loads(data.partition(b"\r\n\r\n")[2])
        self.methods.append(message["method"])
        if message["method"] == types.WINDOW_SHOW_MESSAGE:
            self.words.append(message["params"]["message"])

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workspace and what belongs to it.

    Attributes:
        workspace: The workspace.
        desk: What looks at its files.
        listener: Its editor.
    """

    workspace: Workspace
    desk: Desk
    listener: Listener

    def open(self, text: str) -> None:
        """Show a file."""
        self.workspace.open(URI, language_id="typescript", version=1, text=text)

    def type(self, line: int, column: int, text: str) -> None:
        """Type into the file."""
        place = (line, column)
        self.workspace.change(URI, [Change(start=place, end=place, text=text)], 2)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        assert await self.workspace.looking.settled(URI, 60.0, is_confirmed=True)

    def names(self) -> list[str]:
        """The names that have a type now."""
        document = self.workspace.documents.get(URI)
        assert document is not None
        return [one.name for one in self.workspace.shown(document)]


@asynccontextmanager
async def scene(
    source: Callable[[], TypeSource] = ScriptedTypes,
    *,
    limits: Limits | None = None,
    milliseconds: int = 0,
    judge: Annotating | None = None,
) -> AsyncIterator[Scene]:
    """A workspace without a compiler, or with whoever judges types, closed when the block ends."""
    limits, listener, server = limits or Limits(), Listener(), language_server()
    server.protocol.set_writer(listener)
    editor = Editor(server)
    editor.introduce(ABLE)
    settings = Settings(typescript=Path("/nowhere"))
    desk = desk_for(source, settings, limits, lambda _: None, trusts_projects=False)
    if judge is not None:
        desk = replace(desk, annotating=judge)
    configuration = Configuration(debounce_milliseconds=milliseconds)
    workspace = Workspace(editor, desk, limits, configuration)
    try:
        yield Scene(workspace=workspace, desk=desk, listener=listener)
    finally:
        await workspace.close_all()
