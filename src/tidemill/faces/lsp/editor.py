"""The editor at the other end: what it can do, and what it is told."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tidemill.faces.lsp.configuration import SECTION

__all__ = ["Editor"]

_LOGGER = logging.getLogger("tidemill.lsp")

WATCHED = "**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs,json}"
MOST_TOLD = 64
"""Different things that are told; people have read enough then."""

ANSWER_SECONDS = 10.0
"""How long an editor may take to say what is set in it."""


class Editor:
    """An editor, as it has introduced itself.

    Args:
        server: The server that talks to it.
    """

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._told: set[str] = set()
        self._capabilities = types.ClientCapabilities()

    def introduce(self, capabilities: types.ClientCapabilities) -> None:
        """Note what the editor can do."""
        self._capabilities = capabilities

    @property
    def can_refresh(self) -> bool:
        """Whether it asks for hints again when it is told to."""
        workspace = self._capabilities.workspace
        hints = workspace.inlay_hint if workspace is not None else None
        return bool(hints is not None and hints.refresh_support)

    @property
    def can_resolve(self) -> bool:
        """Whether it lets the edit of an action be worked out when that is chosen."""
        document = self._capabilities.text_document
        actions = document.code_action if document is not None else None
        support = actions.resolve_support if actions is not None else None
        return support is not None and "edit" in support.properties

    @property
    def has_versions(self) -> bool:
        """Whether it understands edits of versions."""
        workspace = self._capabilities.workspace
        edits = workspace.workspace_edit if workspace is not None else None
        return bool(edits is not None and edits.document_changes)

    @property
    def _can_watch(self) -> bool:
        workspace = self._capabilities.workspace
        watched = workspace.did_change_watched_files if workspace is not None else None
        return bool(watched is not None and watched.dynamic_registration)

    @property
    def _can_configure(self) -> bool:
        workspace = self._capabilities.workspace
        return bool(workspace is not None and workspace.configuration)

    def refresh(self) -> None:
        """Have it ask for hints again."""
        if self.can_refresh:
            self._server.workspace_inlay_hint_refresh(None)

    def publish(self, uri: str, version: int, marks: Sequence[types.Diagnostic]) -> None:
        """Let it show the marks of a file."""
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=list(marks))
        )

    def tell(self, words: str) -> None:
        """Show people something, once."""
        if words not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(words)
            self.say(words)

    def say(self, words: str) -> None:
        """Show people something."""
        _LOGGER.warning("%s", words)
        self._server.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Warning, message=words)
        )

    def watch(self) -> None:
        """Ask to be told of files that change on disk."""
        if not self._can_watch:
            return
        watchers = [types.FileSystemWatcher(glob_pattern=WATCHED)]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration(id=method, method=method, register_options=options)
        self._server.client_register_capability(types.RegistrationParams([registration]))

    async def settings(self) -> Any:
        """Return what is set in it for us; None where it does not say."""
        if not self._can_configure:
            return None
        items = [types.ConfigurationItem(section=SECTION)]
        asked = self._server.workspace_configuration_async(types.ConfigurationParams(items))
        try:
            found = await asyncio.wait_for(asked, ANSWER_SECONDS)
        except TimeoutError:
            _LOGGER.warning("the editor does not say what is set in it")
            return None
        return found[0] if found else None
