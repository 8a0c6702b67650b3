"""What is shown when types are checked with other files, and when that is done."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.faces.lsp.harness import URI, Scene, scene
from tests.faces.lsp.sample import ScriptedTypes
from tidemill.faces.lsp import looking
from tidemill.faces.lsp.analyst import Snapshot, Subject
from tidemill.faces.lsp.documents import Change
from tidemill.faces.lsp.limits import Limits
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
    """

    def __init__(self, alone: str = "", others: str = "", hasty: int = 0) -> None:
        self._alone = alone
        self._others = others
        self._hasty = hasty
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
        del subject, seconds_left
        self.asked.append((snapshot.path.name, is_alone))
        self.shown.append(snapshot.shown)
        if not is_alone and self._hasty:
            self._hasty -= 1
            return Verdict(is_whole=False)
        wrong = self._alone if is_alone else self._alone + self._others
        bad = {n: tuple(one for one in own if one.type.text in wrong) for n, own in offers.items()}
        good = {n: [one for one in own if one not in bad[n]] for n, own in offers.items()}
        return Verdict(standing={n: own[0] for n, own in good.items() if own}, refused=bad)


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


def test_looks_come_before_checks_with_other_files_and_these_see_what_is_shown_by_then(
    tmp_path: Path,
) -> None:
    judge = Judge()
    first, other = tmp_path / "first.ts", tmp_path / "other.ts"

    async def work(own: Scene) -> None:
        own.workspace.change_folders(added=[tmp_path.as_uri()], removed=[])
        for number, path in enumerate((first, other)):
            own.workspace.open(
                path.as_uri(), language_id="typescript", version=1, text=f"{TEXT}// {number}\n"
            )
        for path in (first, other):
            assert await own.workspace.looking.settled(path.as_uri(), 60.0, is_confirmed=True)

    live(judge, work)
    assert judge.asked[:2] == [("first.ts", True), ("other.ts", True)]
    assert sorted(judge.asked[2:]) == [("first.ts", False), ("other.ts", False)]
    assert all(set(shown) == {first, other} for shown in judge.shown[2:])


def test_what_somebody_types_comes_before_what_is_looked_at_again(tmp_path: Path) -> None:
    judge = Judge()
    paths = [tmp_path / f"{number}.ts" for number in range(4)]

    async def work(own: Scene) -> None:
        own.workspace.change_folders(added=[tmp_path.as_uri()], removed=[])
        for path in paths:
            own.workspace.open(path.as_uri(), language_id="typescript", version=1, text=TEXT)
        for path in paths:
            assert await own.workspace.looking.settled(path.as_uri(), 60.0, is_confirmed=True)
        judge.asked.clear()
        own.workspace.saved(paths[0].as_uri())
        typed = paths[3].as_uri()
        own.workspace.change(typed, [Change(start=(0, 0), end=(0, 0), text=" ")], 2)
        for path in paths:
            assert await own.workspace.looking.settled(path.as_uri(), 60.0, is_confirmed=True)

    live(judge, work)
    assert judge.asked[0] == ("3.ts", True)
    assert sorted(judge.asked) == [(path.name, one) for path in paths for one in (False, True)]
    assert [is_alone for _, is_alone in judge.asked] == [True] * 4 + [False] * 4


def test_a_look_that_nobody_waits_for_is_given_up_as_any_other(tmp_path: Path) -> None:
    judge = Judge()
    path = tmp_path / "a.ts"

    async def work(own: Scene) -> None:
        own.workspace.change_folders(added=[tmp_path.as_uri()], removed=[])
        own.workspace.open(path.as_uri(), language_id="typescript", version=1, text=TEXT)
        for _ in range(3):
            own.workspace.touched([(tmp_path / "b.ts").as_uri()], in_place=True)
            await asyncio.sleep(0)
        assert await own.workspace.looking.settled(path.as_uri(), 60.0, is_confirmed=True)
        own.workspace.touched([(tmp_path / "b.ts").as_uri()], in_place=True)
        own.workspace.close(path.as_uri())
        assert await own.workspace.looking.settled(path.as_uri(), 60.0, is_confirmed=True)

    live(judge, work)
    assert judge.asked == [("a.ts", True), ("a.ts", False)]
