"""Files are looked at when they have not changed for a moment, and again when they have."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tidemill.core.background import ended
from tidemill.core.errors import InputError, TidemillError
from tidemill.faces.lsp.analyst import Analyst, Snapshot, Subject
from tidemill.faces.lsp.annotating import Annotating, timer
from tidemill.faces.lsp.finding import Analysis, Finding
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.recent import Recent
from tidemill.faces.lsp.settling import Verdict
from tidemill.faces.lsp.worker import Worker
from tidemill.source.annotations.site import SiteKind

__all__ = ["Looking", "Order"]

_LOGGER = logging.getLogger("tidemill.lsp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be looked at.

    Attributes:
        uri: Name of the file.
        snapshot: Its text.
        key: Of the text and all that its types hang on.
        kinds: Places that are wanted.
        focus: A byte that people look at; places near it come first.
        has_findings: Whether something is shown already.
        outdated: Set as soon as the text is another one.
    """

    uri: str
    snapshot: Snapshot
    key: str
    kinds: tuple[SiteKind, ...]
    focus: int
    has_findings: bool
    outdated: threading.Event = field(default_factory=threading.Event)


class Looking:
    """Looks at files, each at its last text; whatever is outdated is given up.

    Args:
        analyst: Who looks.
        annotating: Who checks.
        worker: Where.
        limits: How much at once.
        found: Told what is known of a file, more than once where it has many places.
        failed: Told what went wrong, in words for people.
    """

    def __init__(
        self,
        analyst: Analyst,
        annotating: Annotating,
        *,
        worker: Worker,
        limits: Limits,
        found: Callable[[str, Analysis], None],
        failed: Callable[[str], None],
    ) -> None:
        self._analyst = analyst
        self._annotating = annotating
        self._worker = worker
        self._limits = limits
        self._found = found
        self._failed = failed
        self._known: Recent[str, Analysis] = Recent(limits.analyses)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._orders: dict[str, Order] = {}

    def begin(self, uri: str, order: Callable[[], Order | None], seconds: float) -> None:
        """Look at a file after a pause, instead of what was under way for it.

        Args:
            uri: Its name.
            order: Says what to look at, when the pause is over.
            seconds: The pause.
        """
        self.stop(uri)
        task = asyncio.get_running_loop().create_task(self._look_at(order, seconds))
        self._tasks[uri] = task
        task.add_done_callback(lambda done: self._over(uri, done))

    def stop(self, uri: str) -> None:
        """Give up what is under way for a file."""
        task, order = self._tasks.pop(uri, None), self._orders.pop(uri, None)
        if order is not None:
            order.outdated.set()
        if task is not None:
            task.cancel()

    async def settled(self, uri: str, seconds: float) -> bool:
        """Wait until nothing is under way for a file; return whether that is so.

        Args:
            uri: Its name.
            seconds: To wait at most.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (task := self._tasks.get(uri)) is not None and loop.time() < end:
            await asyncio.wait({task}, timeout=end - loop.time())
            # Lets what follows the end of a task come first.
            await asyncio.sleep(0)
        return uri not in self._tasks

    async def close(self) -> None:
        """Give everything up."""
        await ended(*self._tasks.values())

    def _over(self, uri: str, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(uri) is task:
            del self._tasks[uri]
            self._orders.pop(uri, None)

    async def _look_at(self, make: Callable[[], Order | None], seconds: float) -> None:
        await asyncio.sleep(seconds)
        order = make()
        if order is None:
            return
        self._orders[order.uri] = order
        try:
            await self._look(order)
        except InputError as error:
            _LOGGER.warning("no types for %s", error)
        except TidemillError as error:
            self._failed(str(error))
        except Exception:
            _LOGGER.exception("%s could not be looked at", order.uri)

    async def _look(self, order: Order) -> None:
        known = self._known.get(order.key)
        if known is not None:
            self._found(order.uri, known)
            return
        subject = await self._worker.do(self._analyst.read, order.snapshot)
        if subject.file.tree.errors and order.has_findings:
            return
        wanted = [
            number
            for number in subject.open_sites
            if subject.file.sites[number].kind in order.kinds
        ]
        await self._ask(order, subject, wanted)
        findings = await self._worker.do(self._analyst.findings, subject, wanted)
        analysis = Analysis(
            key=subject.file.key, findings=findings, source=self._analyst.source.name
        )
        self._found(order.uri, analysis)
        if not subject.file.tree.errors:
            self._known.put(order.key, await self._settled(order, subject, analysis))

    async def _settled(self, order: Order, subject: Subject, analysis: Analysis) -> Analysis:
        """Find out which types the compiler has nothing against, and show those alone."""
        verdict = await self._worker.do(
            self._annotating.settled,
            order.snapshot,
            subject,
            analysis.findings,
            _patience(self._limits.settling_seconds, order.outdated),
        )
        if verdict is None:
            return analysis
        await self._worker.do(self._analyst.refuse, subject, verdict.refused)
        known = replace(analysis, findings=_settled(analysis.findings, verdict))
        self._found(order.uri, known)
        return known

    async def _ask(self, order: Order, subject: Subject, wanted: Sequence[int]) -> None:
        """Ask for types of places, some at a time, and show what is known in between."""
        sites = subject.file.sites
        waiting = await self._worker.do(self._analyst.unanswered, subject, wanted)
        waiting.sort(key=lambda number: abs(sites[number].place.start - order.focus))
        size = self._limits.asked_at_once
        for start in range(0, len(waiting), size):
            await self._worker.do(self._analyst.ask, subject, waiting[start : start + size])
            if not order.has_findings and start + size < len(waiting):
                findings = await self._worker.do(self._analyst.findings, subject, wanted)
                key = subject.file.key
                self._found(order.uri, Analysis(key=key, findings=findings, is_whole=False))


def _patience(seconds: float, outdated: threading.Event) -> Callable[[], float]:
    """Return what says how much time is left: none when a text is outdated."""
    left = timer(seconds)
    return lambda: 0.0 if outdated.is_set() else left()


def _settled(findings: Sequence[Finding], verdict: Verdict) -> tuple[Finding, ...]:
    """Return findings with what holds first; those of which nothing holds are left out."""
    found = []
    for one in findings:
        refused = verdict.refused.get(one.number, ())
        if one.number in verdict.standing:
            found.append(one.settled(verdict.standing[one.number], refused))
        elif not refused:
            found.append(one)
    return tuple(found)
