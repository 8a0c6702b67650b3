"""How sites are used, in words."""

from tidemill.models.typed.uses import SitedFile, uses_of
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def uses(**texts: str) -> dict[str, str]:
    """The words of each site of files, by their kinds and names."""
    files = []
    for name, text in texts.items():
        tree = parse(text.encode(), LANGUAGES["typescript"])
        files.append(SitedFile(path=f"{name}.ts", tree=tree, sites=sites_of(tree)))
    found = uses_of(files)
    assert {*found} == {file.path for file in files}
    return {
        f"{file.path} {file.sites[number].kind} {file.sites[number].name}": " ".join(words)
        for file in files
        for number, words in found[file.path].items()
    }


def test_what_defines_a_variable_and_what_is_done_with_it() -> None:
    text = "function f(a) { const b = load(); b.push(1); b.map(g); send(b); a.close(); }"
    found = uses(one=text)
    assert found["one.ts variable b"] == "= load . push . map send ( assignment"
    assert found["one.ts parameter a"] == ". close"


def test_a_site_without_a_use_has_no_words() -> None:
    assert uses(one="let a; function f(b) {}") == {}
    assert uses_of([]) == {}


def test_what_a_parameter_gets_and_a_function_returns() -> None:
    text = "function f(a) { return a; } f('x'); f(count);"
    found = uses(one=text)
    assert "<-" in found["one.ts parameter a"]
    assert found["one.ts parameter a"].endswith("<- string <- count")
    assert found["one.ts return f"].startswith("return a")


def test_calls_from_other_files_count() -> None:
    found = uses(
        shore="export function grow(reed) { return reed; }",
        pond="import { grow } from './shore'; grow(tall).trim();",
    )
    assert "<- tall" in found["shore.ts parameter reed"]
    assert ". trim" in found["shore.ts return grow"]


def test_a_broken_file_is_no_obstacle() -> None:
    found = uses(broken="function f(a { a.close(); let = ;", whole="function g(b) { b.open(); }")
    assert found["whole.ts parameter b"] == ". open"


def test_words_are_few() -> None:
    calls = "".join(f"a.m{n}(); f{n}(a); a = a + {n};" for n in range(50))
    text = f"function f(a) {{ {calls} }}" + "".join(f"f(v{n});" for n in range(50))
    assert len(uses(one=text)["one.ts parameter a"].split()) < 40
