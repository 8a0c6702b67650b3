from pathlib import Path

import pytest

from tidemill.faces.lsp.story import Line, story_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.project import ProjectFile

TEXT = """\
function handler(request, reply = made()) {
  const query = parse(request.url, 1);
  query.get('x');
  query.all();
  reply.send(request.id, query);
  return query.all();
}
handler(makeRequest(), {a: 1});
const done = handler(first.b, 'x');
done.length;
class Box { size; }
"""


def story(kind: str, name: str, text: str = TEXT) -> dict[str, list[str]]:
    tree = parse(text.encode(), LANGUAGES["typescript"])
    file = ProjectFile(Path("/a.ts"), "a.ts", tree=tree, encoding="utf-8", key="")
    site = next(one for one in file.sites if (one.kind, one.name) == (kind, name))
    return {line.title: [fact for fact, _ in line.facts] for line in story_of(file, site)}


def test_a_variable_tells_what_makes_it_and_what_is_done_with_it() -> None:
    assert story("variable", "query") == {
        "defined by": ["parse(request.url, 1)"],
        "calls on it": ["get()", "all()"],
        "passed to": ["send(…, ·)"],
    }


def test_a_parameter_tells_what_it_is_given() -> None:
    assert story("parameter", "reply") == {
        "defined by": ["parameter 2"],
        "calls on it": ["send()"],
        "given where it is called": ["{a: 1}", "'x'"],
    }


def test_a_result_tells_what_is_returned_and_what_becomes_of_it() -> None:
    assert story("return", "handler") == {
        "returns": ["query.all()"],
        "what becomes of it": ["done = …"],
    }


def test_a_field_and_a_broken_text_tell_nothing() -> None:
    assert story("field", "size") == {}
    assert story("parameter", "a", "function f(a) { ((( }") == {}


@pytest.mark.parametrize("count", [3, 9])
def test_only_some_are_told_and_the_others_counted(count: int) -> None:
    calls = "".join(f"f({number});\n" for number in range(count))
    tree = parse(f"function f(a) {{}}\n{calls}".encode(), LANGUAGES["typescript"])
    file = ProjectFile(Path("/a.ts"), "a.ts", tree=tree, encoding="utf-8", key="")
    (line,) = story_of(file, file.sites[1])
    start = len("function f(a) {}\nf(")
    assert line == Line(
        title="given where it is called",
        facts=tuple((str(n), start + n * len("f(0);\n")) for n in range(min(count, 6))),
        more=max(0, count - 6),
    )
