"""What an editor asks, and what it is answered."""

from collections.abc import Sequence

from lsprotocol import types

from tidemill.faces.lsp.actions import all_action, kind_for, one_action, open_all_action
from tidemill.faces.lsp.documents import Document
from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.hints import hints_of
from tidemill.faces.lsp.hovers import hover_of
from tidemill.faces.lsp.workspace import Workspace
from tidemill.source.spans import Span

__all__ = ["Answering"]

MOST_PLACES = 4
"""Places of a selection that have an action of their own."""

ACTION_SECONDS = 2.0
"""Editors ask for actions at every step of the cursor."""

GONE = "the file has changed since; choose the action again"
NOTHING_HOLDS = "the compiler has something against each of the types"


class Answering:
    """Answers questions about open files; of others nothing is known.

    Args:
        workspace: What is open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def hints(self, uri: str, part: types.Range) -> list[types.InlayHint]:
        """Return the hints in a part of a file.

        An editor that asks again when it is told to gets at once what is known; any other waits
        until its types have been checked with other files.
        """
        document = self._workspace.documents.get(uri)
        if document is None or document.language is None:
            return []
        seconds = self._workspace.limits.wait_seconds
        if self._workspace.editor.can_refresh:
            await self._workspace.arrival(uri, seconds)
        else:
            await self._workspace.looking.settled(uri, seconds, is_confirmed=True)
        span = _span(document, part)
        self._workspace.serve(uri, (span.start + span.end) // 2)
        shown = self._workspace.shown(document)
        return hints_of(document, shown, self._workspace.configuration, span)

    async def hover(self, uri: str, position: types.Position) -> types.Hover | None:
        """Return what is known of the place under the pointer."""
        document = self._workspace.documents.get(uri)
        known = self._workspace.analysis(uri)
        snapshot = self._workspace.snapshot(document) if document is not None else None
        if document is None or known is None or snapshot is None:
            return None
        offset = document.positions.offset((position.line, position.character))
        finding = known.at(offset)
        if finding is None or finding not in self._workspace.shown(document):
            return None
        desk = self._workspace.desk
        story = await desk.worker.do(desk.analyst.story, snapshot, finding)
        return hover_of(
            document, finding, self._workspace.configuration, source=known.source, story=story
        )

    async def actions(
        self, uri: str, part: types.Range, context: types.CodeActionContext
    ) -> list[types.CodeAction]:
        """Return what can be done about the places in a part of a file, once it is looked at."""
        document = self._workspace.documents.get(uri)
        if document is None or document.language is None:
            return []
        await self._workspace.looking.settled(uri, ACTION_SECONDS)
        findings = self._fresh(document)
        if not findings:
            return []
        span = _span(document, part)
        here = [one for one in findings if _meets(one, span)]
        found = await self._here(document, here, context.only)
        if kind_for(context.only, is_first=False) is not None:
            is_asked = context.trigger_kind != types.CodeActionTriggerKind.Automatic
            found += await self._all(document, findings, is_asked=is_asked)
        return found

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        """Return an action that was chosen, with its edit."""
        facts = action.data if isinstance(action.data, dict) else {}
        document = self._workspace.documents.get(str(facts.get("uri")))
        if document is None:
            return action
        findings = self._fresh(document)
        known = self._workspace.analysis(document.uri)
        if known is None or known.key != facts.get("key"):
            self._workspace.editor.say(GONE)
            return action
        found = await self._annotated(document, findings)
        if found is None:
            self._workspace.editor.say(NOTHING_HOLDS)
            return action
        found.title, found.data = action.title, action.data
        return found

    async def _here(
        self,
        document: Document,
        findings: Sequence[Finding],
        only: Sequence[str | types.CodeActionKind] | None,
    ) -> list[types.CodeAction]:
        workspace, snapshot = self._workspace, self._workspace.snapshot(document)
        most = 1 + workspace.configuration.alternatives if len(findings) == 1 else 1
        actions: list[types.CodeAction] = []
        if snapshot is None:
            return actions
        for finding in findings[:MOST_PLACES]:
            desk = workspace.desk
            found = await desk.worker.do(desk.annotating.of_one, snapshot, finding, most)
            for number, annotation in enumerate(found):
                kind = kind_for(only, is_first=not number)
                if kind is not None and self._still(document, finding):
                    action = one_action(
                        document,
                        annotation,
                        kind=kind,
                        is_first=not number,
                        with_versions=workspace.editor.has_versions,
                    )
                    actions.append(action)
        return actions

    async def _all(
        self, document: Document, findings: Sequence[Finding], *, is_asked: bool
    ) -> list[types.CodeAction]:
        """Return the action for the whole file, worked out only when it is chosen or asked for."""
        known = self._workspace.analysis(document.uri)
        if known is not None and self._workspace.editor.can_resolve:
            return [open_all_action(document, known.key, len(findings))]
        found = await self._annotated(document, findings) if is_asked else None
        return [found] if found is not None else []

    async def _annotated(
        self, document: Document, findings: Sequence[Finding]
    ) -> types.CodeAction | None:
        workspace, snapshot = self._workspace, self._workspace.snapshot(document)
        if snapshot is None or not findings:
            return None
        desk = workspace.desk
        annotation = await desk.worker.do(desk.annotating.of_all, snapshot, findings)
        if annotation is None or document.text != snapshot.text:
            return None
        return all_action(document, annotation, with_versions=workspace.editor.has_versions)

    def _fresh(self, document: Document) -> list[Finding]:
        """Return the findings of a file if they are of its present text."""
        known = self._workspace.analysis(document.uri)
        return self._workspace.shown(document) if known is not None and known.key else []

    def _still(self, document: Document, finding: Finding) -> bool:
        """Whether a file has not changed while somebody looked at it."""
        return finding in self._fresh(document)


def _span(document: Document, part: types.Range) -> Span:
    places = (part.start.line, part.start.character), (part.end.line, part.end.character)
    start, end = sorted(map(document.positions.offset, places))
    return Span(start=start, end=end)


def _meets(finding: Finding, span: Span) -> bool:
    return finding.place.start <= span.end and span.start <= finding.place.end
