"""Guesses beside each place."""

import os
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.typed.small import FORGETFUL
from tidemill.models.typed.hints import LONGEST, REMEMBERED, Notes, likely_names, notes_of
from tidemill.models.typed.memory import NameMemory
from tidemill.models.typed.scope import sayable_names
from tidemill.models.typed.uses import SitedFile, Uses
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

LONG = "Map<string, Array<Promise<Map<string, number>>>>"
TEXT = "class Reed {} class Pond<Water> { wet(water) { let reed; let x; } }\nlet water;"


def memory(*types: str, share: float = 0.5) -> NameMemory:
    """Remembers of names with the part ``reed`` types that are equally frequent."""
    counts = np.array([8 * len(types) * (1 - share) / share, *[8.0] * len(types)])
    rows = {"p reed": (np.arange(len(counts)), counts)}
    return NameMemory(types=("", *types), totals=counts, rows=rows)


def notes(names: NameMemory = FORGETFUL, uses: Uses | None = None, text: str = TEXT) -> Notes:
    tree = parse(text.encode(), LANGUAGES["typescript"])
    file = SitedFile(path="a.ts", tree=tree, sites=sites_of(tree))
    return notes_of(file, range(len(file.sites)), sayable_names(tree), uses or {}, names)


def by_name(found: Notes) -> dict[int, str]:
    return {number: " ".join(words) for number, words in found.items()}


@pytest.mark.parametrize(
    ("name", "types", "found"),
    [
        ("baseLayer", ["Pond", "Layer", "BaseStation"], ["Layer", "BaseStation"]),
        ("layer", ["HiddenInputLayer", "InputLayer", "Layer"], ["Layer", "InputLayer"]),
        ("pondReed", ["Reed", "PondReed", "Pond"], ["PondReed", "Reed"]),
        ("HTML_NODE", ["html.Node", "XMLNode"], ["html.Node", "XMLNode"]),
        ("x", ["Pond", "Reed"], []),
        ("", ["Pond"], []),
        ("_1", ["Pond", "_1"], []),
        ("pond", [], []),
        ("req", ["Pond", "Response", "Request"], ["Request"]),
        ("evt", ["Event", "Vet"], ["Event"]),
        ("dbCtx", ["Context", "DatabaseContext", "Pond"], ["DatabaseContext", "Context"]),
        ("res", ["Res", "Response"], ["Res", "Response"]),
        ("e", ["Event"], []),
        ("requests", ["Request"], []),
    ],
)
def test_types_that_share_most_with_a_name_come_first(
    name: str, types: list[str], found: list[str]
) -> None:
    assert likely_names(name, types) == found


def test_parts_that_are_rare_say_more() -> None:
    types = ["ReedNode", "PondNode", "HeronNode", "OtterList"]
    assert likely_names("otterNode", types)[0] == "OtterList"
    assert likely_names("otterNode", [*types, "OtterNode"])[0] == "OtterNode"


def test_of_equals_the_first_named_comes_first() -> None:
    for types in permutations(["ReedA", "ReedB", "ReedC"]):
        assert likely_names("reed", [*types, *types]) == list(types[:2])


@given(
    name=st.text(alphabet="aBcD_", max_size=9),
    types=st.lists(st.text(alphabet="aBcD_.", max_size=9), max_size=9),
)
def test_likely_names_are_some_of_those_in_scope(name: str, types: list[str]) -> None:
    found = likely_names(name, types)
    assert {*found} <= {*types}
    assert len(found) == len({*found}) <= 2


@pytest.mark.slow
def test_every_process_finds_the_same_order() -> None:
    # Both types have parts of the same frequencies, whose sum depends on the order of a set.
    program = (
        "from tidemill.models.typed.hints import likely_names\n"
        "counts = dict(Aa=3, Bb=7, Cc=11, Dd=13, Ee=3, Ff=7, Gg=11, Hh=13)\n"
        "more = [f'{p}Z{chr(65 + n)}z' for p, m in counts.items() for n in range(m - 1)]\n"
        "print(likely_names('AaBbCcDdEeFfGgHh', ['AaBbCcDd', 'EeFfGgHh', *more]))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env=dict(os.environ) | {"PYTHONHASHSEED": str(seed)},
            timeout=60,
        ).stdout
        for seed in range(6)
    }
    assert printed == {b"['AaBbCcDd', 'EeFfGgHh']\n"}


def test_names_in_scope_are_guessed_where_they_can_be_said() -> None:
    found = by_name(notes())
    # In order: the method, its parameter, two variables in it, and one outside of the class.
    assert found == {1: "^ Water", 2: "^ Reed"}


def test_names_come_before_guesses_by_memory_and_uses_last() -> None:
    found = by_name(notes(memory("string", "number"), {2: (".", "grow"), 3: ("=", "load")}))
    assert found[2] == "^ Reed ~ string ~ number . grow"
    assert found[3].endswith("= load")


def test_what_is_guessed_twice_is_said_once() -> None:
    assert by_name(notes(memory("Reed")))[2] == "^ Reed"


def test_guesses_that_are_unlikely_are_not_said() -> None:
    assert by_name(notes(memory("string", share=0.02)))[2] == "^ Reed"


def test_no_more_than_two_names_and_four_guesses() -> None:
    text = "class ReedA {} class ReedB {} class ReedC {} let reed;"
    found = notes(memory("string", "number", "boolean", "Date", "bigint", share=0.9), text=text)
    assert by_name(found) == {0: "^ ReedA ^ ReedB ~ string ~ number ~ boolean ~ Date"}


def test_a_long_guess_is_cut() -> None:
    (words,) = notes(memory(LONG), text="let reed;").values()
    assert words == (REMEMBERED, "Map", "<", "string", ",", "Array", "<", "Promise", "<")
    assert len(words) == 1 + LONGEST


def test_only_what_is_asked_for_is_noted() -> None:
    tree = parse(b"class Reed {} let reed, aReed;", LANGUAGES["typescript"])
    file = SitedFile(path="a.ts", tree=tree, sites=sites_of(tree))
    assert {*notes_of(file, [1], sayable_names(tree), {0: ("x",)}, FORGETFUL)} == {1}
    assert notes_of(file, [], sayable_names(tree), {}, FORGETFUL) == {}
