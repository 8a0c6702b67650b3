from pathlib import Path

from tidemill.faces.lsp.answers import AnswerKey, keys_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.project import ProjectFile

TEXT = """\
class Box { size; grow(by) { return (x) => x + by; } shrink(by) {} }
function one(a, b) { const c = a; }
let top;
function one(a, b) { const c = a; }
"""


def keys(text: str, uses: dict[int, tuple[str, ...]] | None = None) -> dict[str, AnswerKey]:
    tree = parse(text.encode(), LANGUAGES["typescript"])
    file = ProjectFile(Path("/a.ts"), "a.ts", tree=tree, encoding="utf-8", key="")
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
