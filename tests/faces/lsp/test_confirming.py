"""What is shown when types are checked with other files, and when that is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.faces.lsp.harness import URI, Scene, scene
from tests.faces.lsp.sample import ScriptedTypes
from tests.serving.nodes import until
from tidemill.faces.lsp import looking
from tidemill.faces.lsp.analyst import Snapshot, Subject
from tidemill.faces.lsp.documents import Change
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.patience import Patience
from tidemill.faces.lsp.settling import Verdict
from tidemill.tasks.types.offer import Offer

if TYPE_CHECKING:
    from tidemill.faces.lsp.annotating import Annotating

TEXT = "export function one(a, b) {}\n"
TABLE = {"a": (("A", 0.8), ("B", 0.5)), "b": (("C", 0.7),), "one": ()}
Offers = Mapping[int, Sequence[Offer]]


class Judge:
    """Refuses types by their names, and has no time for some checks.

    Args:
        alone: Types that a file by itself has something against.
        others: Types that other files have something against.
        hasty: How many checks with other files there is no time for.
        seconds: How long each check takes.
        thorough: Whether a check with other files goes on for as long as it may, ten seconds at
            most.
    """

    def __init__(
        self,
        alone: str = "",
        others: str = "",
        hasty: int = 0,
        *,
        seconds: float = 0.0,
        thorough: bool = False,
    ) -> None:
        self._alone = alone
        self._others = others
        self._hasty = hasty
        self._seconds = seconds
        self.thorough = thorough
        self.stopped: list[bool] = []
        self.asked: list[tuple[str, bool]] = []
        self.shown: list[Mapping[Path, bytes]] = []

    def forget(self) -> None:
        """Forget nothing, for nothing is remembered."""

    def settled(
        self,
        snapshot: Snapshot,
        subject: Subject,
        offers: Offers,
        seconds_left: Callable[[], float],
        *,
        is_alone: bool,
    ) -> Verdict:
        """Judge, as `Annotating` does."""
        del subject
        self.asked.append((snapshot.path.name, is_alone))
        self.shown.append(snapshot.shown)
        time.sleep(self._seconds)
        if not is_alone and self._hasty:
            self._hasty -= 1
            return Verdict(is_whole=False)
        end = time.monotonic() + 10.0
        while self.thorough and not is_alone and seconds_left() > 0 and time.monotonic() < end:
            time.sleep(0.001)
        if self.thorough and not is_alone:
            self.stopped.append(seconds_left() <= 0)
        wrong = self._alone if is_alone else self._alone + self._others
        bad = {n: tuple(one for one in own if one.type.text in wrong) for n, own in offers.items()}
        good = {n: [one for one in own if one not in bad[n]] for n, own in offers.items()}
        standing = {n: own[0] for n, own in good.items() if own}
        is_whole = not self.thorough or is_alone
        return Verdict(standing=standing, refused=bad, is_whole=is_whole)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "CONFIRM_SECONDS", 0.0)


def live(judge: Judge, work: Callable[[Scene], Awaitable[None]], *, settling: float = 30.0) -> None:
    """Have a workspace with a judge do something."""

    async def life() -> None:
        limits = Limits(settling_seconds=settling)
        source = ScriptedTypes(TABLE)
        stands = cast("Annotating", judge)
        async with scene(lambda: source, limits=limits, judge=stands) as own:
            await work(own)

    asyncio.run(life())


def offered(own: Scene) -> dict[str, list[str]]:
    """The types that are shown, by name of the place."""
    document = own.workspace.documents.get(URI)
    assert document is not None
    return {
        one.name: [offer.type.text for offer in one.offers] for one in own.workspace.shown(document)
    }


def test_what_other_files_object_to_goes_and_is_not_asked_again() -> None:
    judge = Judge(alone="A", others="C")

    async def work(own: Scene) -> None:
        own.open(TEXT)
        await own.settled()
        assert offered(own) == {"a": ["B"]}
        own.workspace.close(URI)
        own.open(TEXT)
        await own.settled()
        assert offered(own) == {"a": ["B"]}

    live(judge, work)
    assert judge.asked == [("app.ts", True), ("app.ts", False)]


def test_without_time_for_other_files_what_the_file_itself_says_stays() -> None:
    judge = Judge(alone="A", hasty=1)

    async def work(own: Scene) -> None:
        own.open(TEXT)
        await own.settled()
        assert offered(own) == {"a": ["B"], "b": ["C"]}
        own.workspace.close(URI)
        own.open(TEXT)
        await own.settled()

    live(judge, work, settling=0.0)
    assert judge.asked == [("app.ts", True), ("app.ts", False)] * 2


def test_a_check_that_was_disturbed_begins_anew() -> None:
    judge = Judge(others="A", hasty=2)

    async def work(own: Scene) -> None:
        own.open(TEXT)
        await own.settled()
        assert offered(own) == {"a": ["B"], "b": ["C"]}

    live(judge, work)
    assert judge.asked == [("app.ts", True), *[("app.ts", False)] * 3]


def opened(own: Scene, folder: Path, count: int) -> list[str]:
    """Open files of one project: their names."""
    uris = [(folder / f"{number}.ts").as_uri() for number in range(count)]
    own.workspace.change_folders(added=[folder.as_uri()], removed=[])
    for uri in uris:
        own.workspace.open(uri, language_id="typescript", version=1, text=TEXT)
    return uris


async def settled(own: Scene, uris: Sequence[str]) -> None:
    """Wait until nothing is under way for some files."""
    for uri in uris:
        assert await own.workspace.looking.settled(uri, 60.0, is_confirmed=True)


def typed(own: Scene, uri: str, text: str = " ") -> None:
    """Type into the beginning of a file."""
    own.workspace.change(uri, [Change(start=(0, 0), end=(0, 0), text=text)], 2)


def test_looks_come_before_checks_with_other_files(tmp_path: Path) -> None:
    judge = Judge()

    async def work(own: Scene) -> None:
        await settled(own, opened(own, tmp_path, 3))

    live(judge, work)
    names = ["0.ts", "1.ts", "2.ts"]
    assert judge.asked == [(name, is_alone) for is_alone in (True, False) for name in names]


def test_a_check_sees_what_other_files_say_by_then_and_is_remembered_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge()
    monkeypatch.setattr(looking, "CONFIRM_SECONDS", 0.2)

    async def work(own: Scene) -> None:
        first, other = opened(own, tmp_path, 2)
        assert await own.workspace.looking.settled(first, 60.0)
        typed(own, other, "// by then\n")
        await settled(own, (first, other))
        assert judge.shown[-1][tmp_path / "1.ts"].startswith(b"// by then")
        checks = judge.asked.count(("0.ts", False))
        own.workspace.close(first)
        own.workspace.open(first, language_id="typescript", version=1, text=TEXT)
        await settled(own, (first,))
        assert judge.asked.count(("0.ts", False)) == checks
        own.workspace.close(other)
        own.workspace.open(other, language_id="typescript", version=1, text=TEXT)
        own.workspace.close(first)
        own.workspace.open(first, language_id="typescript", version=1, text=TEXT)
        await settled(own, (first, other))
        assert judge.asked.count(("0.ts", False)) == checks + 1

    live(judge, work)


def test_a_check_is_given_up_for_what_somebody_types(tmp_path: Path) -> None:
    judge = Judge(thorough=True)

    async def work(own: Scene) -> None:
        uris = opened(own, tmp_path, 4)
        await until(lambda: ("0.ts", False) in judge.asked)
        before = len(judge.asked)
        typed(own, uris[3])
        await until(lambda: len(judge.asked) > before)
        # Neither what was given up nor the checks that wait for their turn come first.
        assert judge.asked[before] == ("3.ts", True)
        assert judge.stopped == [True]
        judge.thorough = False
        await settled(own, uris)

    live(judge, work)
    checked = [name for name, is_alone in judge.asked if not is_alone]
    assert checked == ["0.ts", "0.ts", "1.ts", "2.ts", "3.ts"]


@pytest.mark.parametrize("saves_first", [True, False])
def test_what_somebody_types_comes_before_what_is_looked_at_again(
    tmp_path: Path, *, saves_first: bool
) -> None:
    judge = Judge()

    async def work(own: Scene) -> None:
        uris = opened(own, tmp_path, 4)
        await settled(own, uris)
        judge.asked.clear()
        if saves_first:
            own.workspace.saved(uris[0])
        typed(own, uris[3])
        if not saves_first:
            own.workspace.saved(uris[0])
        await settled(own, uris)

    live(judge, work)
    assert judge.asked[0] == ("3.ts", True)
    names = [f"{number}.ts" for number in range(4)]
    assert sorted(judge.asked) == [(name, one) for name in names for one in (False, True)]


def test_what_somebody_types_waits_for_one_other_look_at_most(tmp_path: Path) -> None:
    judge = Judge(seconds=0.1)

    async def work(own: Scene) -> None:
        uris = opened(own, tmp_path, 4)
        await settled(own, uris)
        judge.asked.clear()
        own.workspace.saved(uris[0])
        await until(lambda: bool(judge.asked))
        typed(own, uris[3])
        await settled(own, uris)

    live(judge, work)
    alone = [name for name, is_alone in judge.asked if is_alone]
    assert "3.ts" in alone[1:3]
    assert len(alone) == 4


def test_a_look_that_nobody_waits_for_is_given_up_as_any_other(tmp_path: Path) -> None:
    judge = Judge()

    async def work(own: Scene) -> None:
        (uri,) = opened(own, tmp_path, 1)
        touched = [(tmp_path / "b.ts").as_uri()]
        for _ in range(3):
            own.workspace.touched(touched, in_place=True)
            await asyncio.sleep(0)
        await settled(own, (uri,))
        own.workspace.touched(touched, in_place=True)
        own.workspace.close(uri)
        await settled(own, (uri,))

    live(judge, work)
    assert judge.asked == [("0.ts", True), ("0.ts", False)]


def test_time_that_is_over_does_not_come_back() -> None:
    seconds = iter((2.0, 0.0, 1.0))
    patience = Patience(lambda: next(seconds))
    assert [patience() for _ in range(4)] == [2.0, 0.0, 0.0, 0.0]
