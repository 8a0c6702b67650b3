"""What is known of files as they are opened, changed and closed."""

import asyncio

import pytest

from tests.faces.lsp.compiling import quiet_compilers
from tests.faces.lsp.harness import URI, Scene, scene
from tests.faces.lsp.sample import ScriptedTypes
from tidemill.core.errors import CapacityError
from tidemill.faces.lsp.compilers import MOST_FAILURES
from tidemill.faces.lsp.documents import MOST_FOLLOWED, Change
from tidemill.faces.lsp.limits import Limits

ONE = "export function one(a) {}\n"


def test_what_is_closed_is_forgotten() -> None:
    async def live() -> None:
        async with scene() as own:
            own.open(ONE)
            await own.settled()
            assert own.workspace.analysis(URI) is not None
            own.workspace.close(URI)
            assert own.workspace.analysis(URI) is None
            own.workspace.close(URI)

    asyncio.run(live())


def test_an_editor_is_told_to_ask_again_only_for_what_it_has_not() -> None:
    async def live() -> None:
        async with scene() as own:
            own.open(ONE)
            await own.settled()
            own.workspace.serve(URI, 0)
            own.listener.methods.clear()
            own.type(0, 0, "\n")
            own.workspace.serve(URI, 0)
            await own.settled()
            assert own.listener.methods == []
            own.type(1, 21, ", b")
            await own.settled()
            assert own.listener.methods == ["workspace/inlayHint/refresh"]

    asyncio.run(live())


def test_a_file_that_is_saved_has_the_others_looked_at_again() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(ONE)
            await own.settled()
            own.workspace.open("file:///nowhere/b.ts", language_id="", version=1, text="let b;\n")
            assert await own.workspace.looking.settled("file:///nowhere/b.ts", 60.0)
            own.workspace.saved("file:///nowhere/b.ts")
            await own.settled()
            assert own.names() == ["one", "a"]

    asyncio.run(live())
    # What it hangs on has not changed: nobody is asked again.
    assert source.asked == [("one", "a"), ("b",)]


def test_too_many_files_are_refused() -> None:
    async def live() -> None:
        async with scene(limits=Limits(documents=1)) as own:
            own.open(ONE)
            with pytest.raises(CapacityError, match="Close some"):
                own.workspace.open("file:///b.ts", language_id="", version=1, text="")
            await own.settled()
            assert own.names() == ["one", "a"]

    asyncio.run(live())


@pytest.mark.parametrize("uri", ["file:///nowhere/a.py", "untitled:Untitled-1", "git:/a.ts?x"])
def test_files_of_other_kinds_cost_nothing(uri: str) -> None:
    async def live() -> None:
        async with scene() as own:
            own.workspace.open(uri, language_id="python", version=1, text=ONE)
            assert await own.workspace.looking.settled(uri, 60.0)
            assert own.workspace.analysis(uri) is None

    asyncio.run(live())


def test_a_file_that_was_never_saved_has_types_too() -> None:
    async def live() -> None:
        async with scene() as own:
            uri = "untitled:Untitled-1"
            own.workspace.open(uri, language_id="typescript", version=1, text=ONE)
            assert await own.workspace.looking.settled(uri, 60.0)
            known = own.workspace.analysis(uri)
            assert known is not None
            assert [one.name for one in known.findings] == ["one", "a"]

    asyncio.run(live())


def test_what_changes_on_disk_counts_for_files_that_are_not_open() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(ONE)
            await own.settled()
            own.workspace.touched([URI, "http://["], in_place=True)
            assert await own.workspace.looking.settled(URI, 0.0)
            for in_place in (True, False):
                own.workspace.touched(["file:///nowhere/b.ts"], in_place=in_place)
                await own.settled()
            assert own.names() == ["one", "a"]

    asyncio.run(live())


def test_what_is_changed_in_very_many_places_is_found_anew() -> None:
    async def live() -> None:
        async with scene() as own:
            own.open(ONE)
            await own.settled()
            at_once = [Change(start=(0, 0), end=(0, 0), text="\n")] * (MOST_FOLLOWED + 1)
            for changes, is_known in ((at_once[1:], True), (at_once, False)):
                own.workspace.change(URI, changes, 2)
                assert (own.workspace.analysis(URI) is not None) is is_known
                await own.settled()
                assert own.names() == ["one", "a"]

    asyncio.run(live())


def test_after_too_many_changes_a_file_has_no_types_until_it_is_opened_again() -> None:
    async def live() -> None:
        async with scene(limits=Limits(changes=2)) as own:
            own.open(ONE)
            await own.settled()
            own.workspace.change(URI, [Change(start=(0, 0), end=(0, 0), text="\n")] * 3, 2)
            await own.settled()
            assert own.names() == []
            own.open(ONE)
            await own.settled()
            assert own.names() == ["one", "a"]

    asyncio.run(live())


async def edited(own: Scene, times: int) -> None:
    """Change the file, and have it looked at each time."""
    for _ in range(times):
        own.type(0, 0, "\n")
        await own.settled()


def test_a_text_that_the_compiler_dies_of_while_types_are_tried_does_not_begin_it_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = quiet_compilers(monkeypatch, dies_of=b"a: string")

    async def live() -> None:
        async with scene() as own:
            own.open(ONE)
            await own.settled()
            await edited(own, 6)
            assert len(begun) == MOST_FAILURES
            own.workspace.saved(URI)
            await own.settled()
            assert len(begun) == MOST_FAILURES + 1
            await edited(own, 6)
            assert len(begun) == 2 * MOST_FAILURES

    asyncio.run(live())


def test_a_compiler_that_has_answered_all_in_between_is_not_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = quiet_compilers(monkeypatch, dies_of=b"a: string")

    async def live() -> None:
        async with scene() as own:
            own.open(ONE)
            await own.settled()
            for number in range(4):
                # What it dies of goes, and comes back.
                for text in (ONE.replace("(a)", "(b)"), ONE):
                    whole = Change(start=None, end=None, text=f"{text}// {number}\n")
                    own.workspace.change(URI, [whole], 2)
                    await own.settled()
            assert len(begun) == 5

    asyncio.run(live())
