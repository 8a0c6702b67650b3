from pathlib import Path

import pytest

from tidemill.faces.lsp.answers import AnswerKey, keys_of, types_key
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.project import ProjectFile

TEXT = """\
class Box { size; grow(by) { return (x) => x + by; } shrink(by) {} }
function one(a, b) { const c = a; }
let top;
function one(a, b) { const c = a; }
"""


def read(text: str, language: str = "typescript") -> ProjectFile:
    tree = parse(text.encode(), LANGUAGES[language])
    return ProjectFile(Path("/a.ts"), "a.ts", tree=tree, encoding="utf-8", key="")


def keys(text: str, uses: dict[int, tuple[str, ...]] | None = None) -> dict[str, AnswerKey]:
    file = read(text)
    found = keys_of(file, uses or {})
    assert len(found) == len(file.sites)
    lines = file.lines
    return {
        f"{lines.line(site.place.start)} {site.kind} {site.name}": key
        for site, key in zip(file.sites, found, strict=True)
    }


def test_each_place_has_its_own_key() -> None:
    found = keys(TEXT)
    assert len(set(found.values())) == len(found)


def test_a_change_in_a_function_is_that_functions_alone() -> None:
    before = keys(TEXT)
    after = keys(TEXT.replace("shrink(by) {}", "shrink(by) { by++ }"))
    changed = {name for name, key in after.items() if before[name] != key}
    assert changed == {"1 return shrink", "1 parameter by", "1 field size"} - {
        name for name in before if before[name] == after[name]
    }
    assert "1 return shrink" in changed
    assert "2 parameter a" not in changed


def test_what_stands_before_does_not_count() -> None:
    before = keys(TEXT)
    after = keys(f"const first = 1;\n{TEXT}")
    moved = {f"{int(name[0]) + 1}{name[1:]}": key for name, key in before.items()}
    assert moved.items() <= after.items()


def test_how_a_place_is_used_counts() -> None:
    assert keys(TEXT, {0: ("=", "f")}) != keys(TEXT)


TYPES = """\
import { Far } from './far';
class Box { size: number; constructor() { this.at = 1; } grow(by: Far) { return by; } }
interface Price { at: number }
type Both = Price | Box;
enum Kind { one }
function f(a) { return a; }
"""


@pytest.mark.parametrize(
    ("old", "new", "is_other"),
    [
        ("./far", "./near", True),
        ("size: number", "size: string", True),
        ("at = 1", "at = ''", True),
        ("by: Far", "by: Both", True),
        ("return by", "return 1", False),
        ("at: number", "at: string", True),
        ("Price | Box", "Price", True),
        ("one", "two", True),
        ("return a", "return 1", False),
        ("function f", "\n\nfunction g", False),
    ],
)
def test_what_type_names_mean_hangs_on_what_declares_them(
    old: str, new: str, *, is_other: bool
) -> None:
    assert old in TYPES
    before, after = (types_key(read(text)) for text in (TYPES, TYPES.replace(old, new)))
    assert (before != after) is is_other


def test_scripts_declare_classes_alone() -> None:
    text = "import a from 'a';\nconst Box = class { constructor() { this.at = 1; } };\n"
    before = types_key(read(text, "javascript"))
    assert types_key(read(text.replace("at", "on"), "javascript")) != before
    assert types_key(read(f"{text}let b;\n", "javascript")) == before
