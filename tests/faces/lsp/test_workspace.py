"""What is known of files as they are opened, changed and closed."""

import asyncio

import pytest

from tests.faces.lsp.harness import URI, scene
from tests.faces.lsp.sample import ScriptedTypes
from tidemill.core.errors import CapacityError
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
