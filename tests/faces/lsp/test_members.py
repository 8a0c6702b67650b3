from pathlib import Path

import pytest

from tidemill.faces.lsp.members import MembersHere
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.declared import DeclaredMembers
from tidemill.tasks.types.project import ProjectFile

SAVED = """\
export interface Price { at(): number }
export class Item extends Thing { size = 1 }
export interface Open { [key: string]: number }
"""
OTHER = "export class Thing { name = '' }\nexport class Far { far = 1 }\n"


def read(text: str, name: str = "a.ts") -> ProjectFile:
    tree = parse(text.encode(), LANGUAGES["typescript"])
    return ProjectFile(Path("/", name), name, tree=tree, encoding="utf-8", key="")


def members(text: str, name: str) -> set[str] | None:
    """What a type has beyond what every object has."""
    around = DeclaredMembers([read(SAVED), read(OTHER, "b.ts")])
    found = MembersHere(read(text), around).of(name)
    every = DeclaredMembers([read("class None {}")]).of("None")
    assert every is not None
    return None if found is None else set(found - every)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        (SAVED, "Price", {"at"}),
        (SAVED, "Item", {"size", "name"}),
        (SAVED, "Open", None),
        (SAVED, "Unknown", None),
        (SAVED, "Far", {"far"}),
        (SAVED.replace("at()", "on()"), "Price", {"on"}),
        (SAVED.replace("size", "weight"), "Item", {"weight", "name"}),
        ("export class Thing { own = 1 } class Item extends Thing {}", "Item", {"own"}),
        ("export class Thing extends Thing { own = 1 }", "Thing", {"own"}),
        ("export type Price = { on(): number };", "Price", None),
        ("export class Far { [key: string]: number }", "Far", None),
        ("export class Far extends made() {}", "Far", None),
    ],
)
def test_what_the_text_declares_counts_ahead_of_the_disk(
    text: str, name: str, found: set[str] | None
) -> None:
    assert members(text, name) == found


def test_what_a_script_declares_it_shares_with_others() -> None:
    assert members("interface Price { on(): number }", "Price") == {"at", "on"}
    assert members("interface Fresh { on(): number }", "Fresh") is None
