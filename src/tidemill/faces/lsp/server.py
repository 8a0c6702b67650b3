"""The handlers: messages of the protocol in terms of a workspace, and back.

Files are kept by the workspace alone: pygls ends lines where Python does, at form feeds and at
U+2028 too, and then counts on from there.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tidemill import __version__
from tidemill.core.errors import TidemillError
from tidemill.faces.lsp.actions import KINDS
from tidemill.faces.lsp.answering import Answering
from tidemill.faces.lsp.documents import Change
from tidemill.faces.lsp.positions import ENCODINGS
from tidemill.faces.lsp.workspace import Workspace

__all__ = ["language_server", "register"]

_LOGGER = logging.getLogger("tidemill.lsp")

P = TypeVar("P")
T = TypeVar("T")

OWN = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)


def language_server() -> LanguageServer:
    """Return a server that keeps no files of its own."""
    server = LanguageServer("tidemill", __version__)
    for method in OWN:
        server.protocol.fm.builtin_features.pop(method, None)
    return server


def register(server: LanguageServer, workspace: Workspace) -> None:
    """Let a server show what a workspace knows.

    Args:
        server: From `language_server`.
        workspace: For its editor.
    """
    _register_life(server, workspace)
    _register_documents(server, workspace)
    _register_folders(server, workspace)
    _register_questions(server, Answering(workspace))


def _register_life(server: LanguageServer, workspace: Workspace) -> None:
    def initialize(params: types.InitializeParams) -> None:
        chosen = server.workspace.position_encoding
        encoding = str(getattr(chosen, "value", chosen))
        workspace.documents.encoding = next((one for one in ENCODINGS if one == encoding), "utf-16")
        workspace.editor.introduce(params.capabilities)
        workspace.change_folders(added=_folders(params), removed=())
        workspace.configure(params.initialization_options)

    async def initialized(_: types.InitializedParams) -> None:
        workspace.editor.watch()
        workspace.configure(await workspace.editor.settings())

    server.feature(types.INITIALIZE)(_told(initialize))
    server.feature(types.INITIALIZED)(_answered(initialized, None))


def _folders(params: types.InitializeParams) -> list[str]:
    if params.workspace_folders:
        return [folder.uri for folder in params.workspace_folders]
    if params.root_uri:
        return [params.root_uri]
    return [f"file://{params.root_path}"] if params.root_path else []


def _register_documents(server: LanguageServer, workspace: Workspace) -> None:
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        one = params.text_document
        workspace.open(
            one.uri, language_id=str(one.language_id), version=one.version, text=one.text
        )

    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        changes = [_change(one) for one in params.content_changes]
        workspace.change(params.text_document.uri, changes, params.text_document.version)

    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        workspace.close(params.text_document.uri)

    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        workspace.saved(params.text_document.uri)

    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(_told(did_open))
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_told(did_change))
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_told(did_close))
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(_told(did_save))


def _register_folders(server: LanguageServer, workspace: Workspace) -> None:
    def folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        workspace.change_folders(
            added=[one.uri for one in params.event.added],
            removed=[one.uri for one in params.event.removed],
        )

    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        for in_place in (True, False):
            uris = [
                one.uri
                for one in params.changes
                if (one.type == types.FileChangeType.Changed) is in_place
            ]
            workspace.touched(uris, in_place=in_place)

    async def configuration(params: types.DidChangeConfigurationParams) -> None:
        said = await workspace.editor.settings()
        workspace.configure(params.settings if said is None else said)

    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_told(folders))
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_told(watched))
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(_answered(configuration, None))


def _register_questions(server: LanguageServer, answering: Answering) -> None:
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        return await answering.hints(params.text_document.uri, params.range)

    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await answering.hover(params.text_document.uri, params.position)

    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await answering.actions(params.text_document.uri, params.range, params.context)

    async def resolve(action: types.CodeAction) -> types.CodeAction:
        return await answering.resolved(action)

    no_hints: list[types.InlayHint] = []
    no_actions: list[types.CodeAction] = []
    options = types.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=True)
    server.feature(types.TEXT_DOCUMENT_INLAY_HINT)(_answered(inlay_hint, no_hints))
    server.feature(types.TEXT_DOCUMENT_HOVER)(_answered(hover, None))
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(_answered(code_action, no_actions))
    server.feature(types.CODE_ACTION_RESOLVE)(_answered(resolve, None))


def _change(one: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(one, types.TextDocumentContentChangePartial):
        start, end = one.range.start, one.range.end
        return Change(
            start=(start.line, start.character), end=(end.line, end.character), text=one.text
        )
    return Change(start=None, end=None, text=one.text)


def _told(handler: Callable[[P], None]) -> Callable[[P], None]:
    """Return a handler of what needs no answer, whose failures the log knows and nobody else."""

    def handle(params: P) -> None:
        try:
            handler(params)
        except TidemillError as error:
            _LOGGER.warning("%s", error)
        except Exception:
            _LOGGER.exception("%s has failed", handler.__name__)

    return handle


def _answered(handler: Callable[[P], Awaitable[T]], otherwise: T) -> Callable[[P], Awaitable[T]]:
    """Return a handler that has an answer even where it fails, which the log knows."""

    async def handle(params: P) -> T:
        try:
            return await handler(params)
        except TidemillError as error:
            _LOGGER.warning("%s", error)
        except Exception:
            _LOGGER.exception("%s has failed", handler.__name__)
        return otherwise

    return handle
