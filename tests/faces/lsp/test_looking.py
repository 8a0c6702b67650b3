"""Which questions are asked: none twice, and none for a text that is gone."""

import asyncio

from tests.faces.lsp.harness import URI, scene
from tests.faces.lsp.sample import ScriptedTypes, long_file
from tidemill.core.errors import ExpertError
from tidemill.faces.lsp.limits import Limits

TWO = "export function one(a) {}\nexport function two(b) {}\n"


def test_an_edit_asks_for_the_function_around_it_alone() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(TWO)
            await own.settled()
            own.type(1, 24, " return b; ")
            await own.settled()
            assert own.names() == ["one", "a", "two", "b"]

    asyncio.run(live())
    assert source.asked == [("one", "a", "two", "b"), ("two", "b")]


def test_what_stands_before_asks_for_nothing() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(TWO)
            await own.settled()
            own.type(0, 0, "// more\n\n")
            await own.settled()
            assert own.names() == ["one", "a", "two", "b"]

    asyncio.run(live())
    assert len(source.asked) == 1


def test_who_types_on_is_not_looked_at() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source, milliseconds=50) as own:
            own.open(TWO)
            await own.settled()
            for letter in "while typing":
                own.type(0, 0, letter)
                await asyncio.sleep(0.001)
            own.type(0, 0, "let c; //")
            await own.settled()

    asyncio.run(live())
    assert source.asked == [("one", "a", "two", "b"), ("c",)]


def test_what_was_begun_for_an_old_text_is_given_up() -> None:
    source = ScriptedTypes(seconds=0.2)

    async def live() -> None:
        async with scene(lambda: source, limits=Limits(asked_at_once=1)) as own:
            own.open(TWO)
            await asyncio.sleep(0.3)
            own.type(0, 0, "let c;")
            await own.settled()
            assert sorted(own.names()) == ["a", "b", "c", "one", "two"]

    asyncio.run(live())
    # Of what was answered before, nothing is asked again, save where the code itself changed.
    assert len(source.asked) <= 6


def test_of_a_large_file_the_nearest_come_first_and_are_shown_at_once() -> None:
    source = ScriptedTypes(seconds=0.05)

    async def live() -> None:
        async with scene(lambda: source, limits=Limits(asked_at_once=8)) as own:
            own.open(long_file(20))
            own.workspace.serve(URI, len(long_file(10)))
            await own.workspace.arrival(URI, 60.0)
            first = len(own.names())
            assert 0 < first <= 16
            await own.settled()
            assert len(own.names()) > first
            assert "workspace/inlayHint/refresh" in own.listener.methods

    asyncio.run(live())
    assert source.asked[0][0] in {"f9", "f10", "prices", "factor", "text", "sum", "parts"}


def test_a_text_that_was_seen_asks_nobody() -> None:
    source = ScriptedTypes()

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(TWO)
            await own.settled()
            own.workspace.close(URI)
            own.open(TWO)
            await own.settled()
            assert own.names() == ["one", "a", "two", "b"]

    asyncio.run(live())
    assert len(source.asked) == 1


def test_a_source_that_fails_is_told_once_and_asked_again() -> None:
    tries: list[int] = []

    def make() -> ScriptedTypes:
        tries.append(1)
        if len(tries) < 3:
            raise ExpertError("there is no expert types-x", hint="pack one")
        return ScriptedTypes()

    async def live() -> None:
        async with scene(make) as own:
            own.open(TWO)
            await own.settled()
            own.type(0, 0, " ")
            await own.settled()
            assert own.names() == []
            assert own.listener.words == ["there is no expert types-x\n  pack one"]
            own.type(0, 0, " ")
            await own.settled()
            assert own.names() == ["one", "a", "two", "b"]

    asyncio.run(live())


def test_a_source_that_breaks_breaks_nothing() -> None:
    source = ScriptedTypes(failure=RuntimeError("boom"))

    async def live() -> None:
        async with scene(lambda: source) as own:
            own.open(TWO)
            await own.settled()
            assert own.names() == []

    asyncio.run(live())


def test_a_source_that_takes_too_long_is_not_waited_for() -> None:
    source = ScriptedTypes(seconds=1.0)

    async def live() -> None:
        async with scene(lambda: source, limits=Limits(step_seconds=0.05)) as own:
            own.open(TWO)
            await own.settled()
            assert own.names() == []
            assert "looked at for more than" in own.listener.words[0]

    asyncio.run(live())
