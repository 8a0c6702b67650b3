"""Files are looked at when they have not changed for a moment, and again when they have.

First each file is checked by itself, without the types that were refused there before; when it
has stayed as it is for another moment, and no file waits to be looked at, types are tried with
the files that import it: those that hold, and those that were refused for an earlier text.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tidemill.core.background import ended
from tidemill.core.errors import InputError, TidemillError
from tidemill.faces.lsp.analyst import Analyst, Snapshot, Subject
from tidemill.faces.lsp.annotating import Annotating
from tidemill.faces.lsp.earlier import Earlier
from tidemill.faces.lsp.finding import Analysis, Finding
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.patience import Patience, timer
from tidemill.faces.lsp.recent import Recent
from tidemill.faces.lsp.settling import Verdict
from tidemill.faces.lsp.sifting import settled_findings, sure_offers, without_refused
from tidemill.faces.lsp.worker import Worker
from tidemill.source.annotations.site import SiteKind
from tidemill.tasks.types.offer import Offer

__all__ = ["Looking", "Order"]

_LOGGER = logging.getLogger("tidemill.lsp")

CONFIRM_SECONDS = 1.0
"""How long a file has stayed as it is when its types are checked together with other files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be looked at.

    Attributes:
        uri: Name of the file.
        snapshot: Its text.
        key: Of the text and all that its types hang on.
        kinds: Places that are wanted.
        least: Confidence from which a type is shown; others are not checked.
        focus: A byte that people look at; places near it come first.
        has_findings: Whether something is shown already.
        outdated: Set as soon as the text is another one.
    """

    uri: str
    snapshot: Snapshot
    key: str
    kinds: tuple[SiteKind, ...]
    least: float
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
        self._earlier = Earlier(limits.answers)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._confirming: dict[str, asyncio.Task[None]] = {}
        self._urgent: set[str] = set()
        self._aside = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._orders: dict[str, Order] = {}

    def begin(
        self, uri: str, order: Callable[[], Order | None], seconds: float, *, is_urgent: bool = True
    ) -> None:
        """Look at a file after a pause, instead of what was under way for it.

        Args:
            uri: Its name.
            order: Says what to look at, when the pause is over.
            seconds: The pause.
            is_urgent: Whether somebody waits; what nobody waits for is looked at one file after
                the other, when no urgent look is under way.
        """
        # Whoever waits already goes on waiting.
        is_urgent = is_urgent or uri in self._urgent
        self.stop(uri)
        if is_urgent:
            self._urgent.add(uri)
        look = self._look_at(order, seconds) if is_urgent else self._look_aside(order, seconds)
        self._do(self._tasks, uri, look)

    def stop(self, uri: str) -> None:
        """Give up what is under way for a file."""
        self._urgent.discard(uri)
        order = self._orders.pop(uri, None)
        if order is not None:
            order.outdated.set()
        for tasks in (self._tasks, self._confirming):
            task = tasks.pop(uri, None)
            if task is not None:
                task.cancel()

    async def settled(self, uri: str, seconds: float, *, is_confirmed: bool = False) -> bool:
        """Wait until nothing is under way for a file; return whether that is so.

        Args:
            uri: Its name.
            seconds: To wait at most.
            is_confirmed: Whether to wait for the check with other files, too.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (task := self._under_way(uri, is_confirmed)) is not None and loop.time() < end:
            await _one_ended([task], seconds=end - loop.time())
        return self._under_way(uri, is_confirmed) is None

    async def close(self) -> None:
        """Give everything up."""
        await ended(*self._tasks.values(), *self._confirming.values())

    def _under_way(self, uri: str, is_confirmed: bool) -> "asyncio.Task[None] | None":
        task = self._tasks.get(uri)
        return self._confirming.get(uri) if task is None and is_confirmed else task

    def _do(
        self,
        tasks: "dict[str, asyncio.Task[None]]",
        uri: str,
        work: Coroutine[None, None, None],
    ) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks[uri] = task
        task.add_done_callback(lambda done: self._over(tasks, uri, done))

    def _over(
        self, tasks: "dict[str, asyncio.Task[None]]", uri: str, task: "asyncio.Task[None]"
    ) -> None:
        if tasks.get(uri) is task:
            del tasks[uri]
            if tasks is self._tasks:
                self._urgent.discard(uri)
        if uri not in self._tasks and uri not in self._confirming:
            self._orders.pop(uri, None)

    async def _look_at(self, make: Callable[[], Order | None], seconds: float) -> None:
        await asyncio.sleep(seconds)
        order = make()
        if order is not None:
            self._orders[order.uri] = order
            await self._told(order, partial(self._look, order, make))

    async def _look_aside(self, make: Callable[[], Order | None], seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._aside:
            while self._urgent:
                await _one_ended([self._tasks[uri] for uri in self._urgent])
            await self._look_at(make, 0.0)

    async def _told(self, order: Order, work: Callable[[], Awaitable[None]]) -> None:
        """Do something, and say what goes wrong with it."""
        try:
            await work()
        except InputError as error:
            _LOGGER.warning("no types for %s", error)
        except TidemillError as error:
            self._failed(str(error))
        except Exception:
            _LOGGER.exception("%s could not be looked at", order.uri)

    async def _look(self, order: Order, make: Callable[[], Order | None]) -> None:
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
        likely = self._earlier.likely(order.uri, analysis)
        self._found(order.uri, likely)
        if subject.file.tree.errors:
            return
        verdict = await self._verdict(
            subject,
            sure_offers(likely.findings, order.least),
            self._patience(order),
            snapshot=order.snapshot,
            is_alone=True,
        )
        if verdict is None:
            return
        self._earlier.note(order.uri, likely.findings, verdict)
        shown = replace(likely, findings=settled_findings(likely.findings, verdict))
        self._found(order.uri, shown)
        rest = replace(analysis, findings=without_refused(analysis.findings, verdict.refused))
        work = partial(self._confirm, order, make, subject, shown=shown, rest=rest)
        self._do(self._confirming, order.uri, self._told(order, work))

    async def _confirm(
        self,
        order: Order,
        make: Callable[[], Order | None],
        subject: Subject,
        *,
        shown: Analysis,
        rest: Analysis,
    ) -> None:
        """Find out which types the compiler has nothing against in other files, either.

        Args:
            order: What was looked at.
            make: Says what there is to look at now: the same, beside files that may have changed.
            subject: The same, read.
            shown: What is shown: types that the file by itself has nothing against.
            rest: All types that were not found to be objected to.
        """
        await asyncio.sleep(CONFIRM_SECONDS)
        async with self._turn:
            verdict, order = await self._undisturbed(order, make, subject, rest.findings)
        if verdict is None:
            return
        self._earlier.note(order.uri, rest.findings, verdict)
        base = rest if verdict.is_whole else shown
        known = replace(base, findings=settled_findings(base.findings, verdict))
        self._found(order.uri, known)
        if verdict.is_whole:
            self._known.put(order.key, known)

    async def _undisturbed(
        self,
        order: Order,
        make: Callable[[], Order | None],
        subject: Subject,
        findings: Sequence[Finding],
    ) -> tuple[Verdict | None, Order]:
        """Check types with other files while nobody waits for a look; else begin anew, later.

        Returns:
            The verdict, and of what.
        """
        offers = sure_offers(findings, order.least)
        while True:
            while self._urgent:
                await _one_ended([self._tasks[uri] for uri in self._urgent])
                await asyncio.sleep(CONFIRM_SECONDS)
            now = make() or order
            left = self._patience(order)
            patience = Patience(partial(self._calm, left))
            verdict = await self._verdict(
                subject, offers, patience, snapshot=now.snapshot, is_alone=False
            )
            if verdict is None or verdict.is_whole or left() <= 0:
                return verdict, now

    def _calm(self, left: Callable[[], float]) -> float:
        return 0.0 if self._urgent else left()

    async def _verdict(
        self,
        subject: Subject,
        offers: Mapping[int, tuple[Offer, ...]],
        seconds_left: Callable[[], float],
        *,
        snapshot: Snapshot,
        is_alone: bool,
    ) -> Verdict | None:
        """Return which types the compiler has nothing against; None where nobody can say."""
        verdict = await self._worker.do(
            self._annotating.settled, snapshot, subject, offers, seconds_left, is_alone=is_alone
        )
        if verdict is not None:
            await self._worker.do(self._analyst.refuse, subject, verdict.refused)
        return verdict

    def _patience(self, order: Order) -> Callable[[], float]:
        """Return what says how much time is left: none when a text is outdated."""
        left = timer(self._limits.settling_seconds)
        return Patience(lambda: 0.0 if order.outdated.is_set() else left())

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


async def _one_ended(tasks: "Iterable[asyncio.Task[None]]", seconds: float | None = None) -> None:
    """Wait for the first of some tasks to end, and for what follows its end."""
    await asyncio.wait([*tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0)
