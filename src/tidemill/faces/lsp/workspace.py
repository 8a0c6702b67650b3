"""What an editor has open, and what is known of it."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from tidemill.core.background import ended
from tidemill.faces.lsp.analyst import Snapshot
from tidemill.faces.lsp.configuration import Configuration, configured
from tidemill.faces.lsp.desk import Desk
from tidemill.faces.lsp.documents import Change, Document, Documents, file_of
from tidemill.faces.lsp.editor import Editor
from tidemill.faces.lsp.finding import Analysis, Finding
from tidemill.faces.lsp.hints import is_shown
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.looking import Looking, Order
from tidemill.faces.lsp.marks import marks_of
from tidemill.faces.lsp.roots import Roots

__all__ = ["Workspace"]

_LOGGER = logging.getLogger("tidemill.lsp")

PAUSE_SECONDS = 0.02
"""Between two looks at whether something has come."""


class Workspace:
    """The files and folders that are open in an editor.

    Args:
        editor: Is shown what is found.
        desk: Looks at files.
        limits: What the editor may take.
        configuration: What is set before the editor says anything.

    Attributes:
        documents: The open files.
        roots: The open folders.
        configuration: What is set.
        looking: What is under way.
    """

    def __init__(
        self, editor: Editor, desk: Desk, limits: Limits, configuration: Configuration
    ) -> None:
        self.editor = editor
        self.desk = desk
        self.limits = limits
        self.configuration: Configuration = configuration
        self.documents: Documents = Documents(limits)
        self.roots: Roots = Roots()
        self.looking: Looking = Looking(
            desk.analyst,
            desk.annotating,
            worker=desk.worker,
            limits=limits,
            found=self._found,
            failed=editor.tell,
        )
        self._known: dict[str, Analysis] = {}
        self._served: dict[str, tuple[Finding, ...]] = {}
        self._focus: dict[str, int] = {}
        self._generation = 0
        self._aside: set[asyncio.Task[Any]] = set()

    def open(self, uri: str, *, language_id: str, version: int, text: str) -> None:
        """Take a file that the editor shows.

        Args:
            uri: Its name.
            language_id: What the editor says it is written in.
            version: Of its text.
            text: As the editor shows it.

        Raises:
            CapacityError: Too many are open.
        """
        self.close(uri)
        document = self.documents.open(uri, language_id=language_id, version=version, text=text)
        if document.is_too_long and document.language is not None:
            size = f"{self.limits.document_bytes:,} bytes"
            _LOGGER.warning("%s is longer than %s and gets no types", uri, size)
        self._look(document, 0.0)

    def change(self, uri: str, changes: Sequence[Change], version: int) -> None:
        """Take over what the editor has changed in a file.

        What is known of it moves along; where it is changed in very many places at once, that is
        forgotten instead, and found anew.

        Raises:
            InputError: Nobody has opened it.
        """
        edits = self.documents.change(uri, changes, version)
        known = self._known.pop(uri, None)
        if known is not None and edits is not None:
            self._known[uri] = known.moved(edits)
        self._look_again(uri, is_urgent=True)

    def close(self, uri: str) -> None:
        """Forget a file."""
        self.looking.stop(uri)
        known = self._known.pop(uri, None)
        self._served.pop(uri, None)
        self._focus.pop(uri, None)
        document = self.documents.close(uri)
        if known is not None and document is not None and self.configuration.diagnostics:
            self.editor.publish(uri, document.version, ())

    def saved(self, uri: str) -> None:
        """Note that a file is on disk now as it is shown: others may hang on it."""
        root = self._root(file_of(uri))
        if root is not None:
            # Itself it hangs on nothing that is new, unless it may be checked from now on.
            but = "" if self.desk.compilers.has_given_up(root) else uri
            self._do_aside(self.desk.worker.do(self.desk.saved, root))
            self._look_at_all(but=but)

    def touched(self, uris: Iterable[str], *, in_place: bool) -> None:
        """Note that files have changed on disk; those that are open count as they are shown.

        Args:
            uris: Their names.
            in_place: Whether they were there before, and are there still.
        """
        paths = [file_of(uri) for uri in uris if self.documents.get(uri) is None]
        by_root: dict[Path, list[Path]] = {}
        for path in paths:
            root = self._root(path)
            if path is not None and root is not None:
                by_root.setdefault(root, []).append(path)
        for root, own in by_root.items():
            step = self.desk.worker.do(self.desk.changed, root, own, in_place=in_place)
            self._do_aside(step)
        if by_root:
            self._look_at_all()

    def configure(self, given: object) -> None:
        """Take over what is set in the editor; what is wrong is told, and changes nothing."""
        before = self.configuration
        self.configuration, wrong = configured(before, given)
        for words in wrong:
            self.editor.tell(f"tidemill: {words}")
        if self.configuration == before:
            return
        for document in self.documents.all():
            if before.diagnostics or self.configuration.diagnostics:
                self._publish(document)
        self._look_at_all()
        if self._served:
            self.editor.refresh()

    def change_folders(self, *, added: Iterable[str], removed: Iterable[str]) -> None:
        """Take folders in, and leave others out."""
        self.roots.change(added=_paths(added), removed=_paths(removed))
        self._look_at_all()

    def analysis(self, uri: str) -> Analysis | None:
        """Return what is known of a file, as of its present text."""
        return self._known.get(uri)

    async def arrival(self, uri: str, seconds: float) -> None:
        """Wait until something is known of a file, or nothing is under way for it.

        Args:
            uri: Its name.
            seconds: To wait at most.
        """
        waiting = asyncio.ensure_future(self.looking.settled(uri, seconds))
        try:
            while uri not in self._known and not waiting.done():
                await asyncio.wait({waiting}, timeout=PAUSE_SECONDS)
        finally:
            waiting.cancel()

    def serve(self, uri: str, focus: int) -> None:
        """Note that the editor has been given what is known of a file.

        Args:
            uri: Its name.
            focus: A byte that people look at.
        """
        self._focus[uri] = focus
        known = self._known.get(uri)
        self._served[uri] = known.findings if known is not None else ()

    def shown(self, document: Document) -> list[Finding]:
        """Return the findings of a file that are wanted, and still have their place."""
        known = self._known.get(document.uri)
        findings = known.findings if known is not None else ()
        return [one for one in findings if is_shown(document, one, self.configuration)]

    def snapshot(self, document: Document) -> Snapshot | None:
        """Return a file's text as it is now; None where it gets no types."""
        if document.language is None or document.is_too_long:
            return None
        path = document.path
        root = self._root(path)
        return Snapshot(
            path=path or Path(f"/untitled{document.language.extensions[0]}"),
            root=root,
            has_folder=path is not None and self.roots.folder_of(path) is not None,
            language=document.language,
            text=document.text,
            shown=self._shown(root),
        )

    async def close_all(self) -> None:
        """Give up what is under way, and end the compilers."""
        await self.looking.close()
        await ended(*self._aside)
        self.desk.close()

    def _shown(self, root: Path | None) -> dict[Path, bytes]:
        """Return the texts of a project that the editor shows, by their files."""
        return {
            one.path: one.text
            for one in self.documents.all()
            if one.path is not None
            and one.language is not None
            and not one.is_too_long
            and root is not None
            and self._root(one.path) == root
        }

    def _root(self, path: Path | None) -> Path | None:
        return self.roots.project_of(path) if path is not None else None

    def _look_at_all(self, but: str = "") -> None:
        """Look at all files again, for something outside of them has changed."""
        self._generation += 1
        for document in self.documents.all():
            if document.uri != but:
                self._look_again(document.uri, is_urgent=False)

    def _look_again(self, uri: str, *, is_urgent: bool) -> None:
        document = self.documents.get(uri)
        if document is not None:
            seconds = self.configuration.debounce_milliseconds / 1_000
            self._look(document, seconds, is_urgent=is_urgent)

    def _look(self, document: Document, seconds: float, *, is_urgent: bool = True) -> None:
        if document.language is None:
            return
        self.looking.begin(
            document.uri, lambda: self._order(document), seconds, is_urgent=is_urgent
        )

    def _order(self, document: Document) -> Order | None:
        snapshot = self.snapshot(document)
        if snapshot is None:
            self._known.pop(document.uri, None)
            return None
        kinds = self.configuration.kinds
        least = self.configuration.minimum_confidence
        facts = (document.uri, snapshot.digest(), self._generation, least, *kinds)
        return Order(
            uri=document.uri,
            snapshot=snapshot,
            key="\n".join(map(str, facts)),
            kinds=kinds,
            least=least,
            focus=self._focus.get(document.uri, 0),
            has_findings=document.uri in self._known,
        )

    def _found(self, uri: str, analysis: Analysis) -> None:
        """Take over what was found, and have the editor ask again if it has something else."""
        document = self.documents.get(uri)
        if document is None:
            return
        self._known[uri] = analysis
        self._publish(document)
        served = self._served.get(uri)
        if served is not None and served != analysis.findings:
            self.editor.refresh()

    def _publish(self, document: Document) -> None:
        if self.configuration.diagnostics:
            marks = marks_of(document, self.shown(document), self.configuration)
            self.editor.publish(document.uri, document.version, marks)

    def _do_aside(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)


def _paths(uris: Iterable[str]) -> list[Path]:
    return [path for uri in uris if (path := file_of(uri)) is not None]
