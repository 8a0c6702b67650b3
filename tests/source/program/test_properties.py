"""What must change nothing: other names, other files, doing it again."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.source.program.flow_cases import ACROSS_FILES, FLOWS, NO_FLOWS
from tests.source.program.programs import flows, graph, syntax
from tidemill.source.program.flows import FlowReport
from tidemill.source.program.scopes import names_of

TEXTS = [*FLOWS.values(), *NO_FLOWS.values()]
# What nothing declares is shared by all files.
SHARED = {FLOWS["name that nothing declares"], FLOWS["member of a global"]}
LOCAL = [text for text in TEXTS if text not in {*SHARED, NO_FLOWS["global of another name"]}]
UNRELATED = {
    "other/one.js": "export const source2 = () => 1; export function f(x) { return x }",
    "other/two.ts": "import { f } from './one'; class A { x = f(1); go() { return this.x } }",
    "zzz.js": "const o = { a: 1 }; module.exports = { o, f: o => o.a }",
}
SHAPES = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3)


def shape(report: FlowReport) -> list[tuple[str, int, int, tuple[str, ...]]]:
    """The flows without what names and places change."""
    return [
        (flow.call.path, len(flow.steps), flow.call.start, tuple(step.why for step in flow.steps))
        for flow in report.flows
    ]


def renamed(text: str) -> str:
    """A text with every plain local of one letter called otherwise."""
    read = syntax(text)
    names = names_of(read)
    places = sorted(
        (read.starts[at], read.ends[at])
        for at, variable in names.variables.items()
        if len(variable.name) == 1 and read.kinds[at] == "identifier"
    )
    shorthand = re.search(r"[{,]\s*[a-z]\s*[,}=]", text)
    if shorthand:
        return text
    for start, end in reversed(places):
        text = f"{text[:start]}{text[start:end]}é{text[end:]}"
    return text


@given(st.sampled_from(TEXTS))
def test_other_names_of_locals_change_nothing(text: str) -> None:
    before, after = flows(text), flows(renamed(text))
    assert [way[3] for way in shape(before)] == [way[3] for way in shape(after)]


@settings(max_examples=40)
@given(st.sampled_from([*({"app.js": text} for text in TEXTS), *ACROSS_FILES.values()]))
def test_unrelated_files_change_nothing(files: dict[str, str]) -> None:
    assert shape(flows(files)) == shape(flows({**files, **UNRELATED}))


@settings(max_examples=40)
@given(st.sampled_from(list(ACROSS_FILES.values())))
def test_the_order_of_files_changes_nothing(files: dict[str, str]) -> None:
    backwards = dict(reversed(list(files.items())))
    assert flows(files) == flows(backwards)


@settings(max_examples=30)
@given(SHAPES)
def test_the_same_program_gives_the_same_report(texts: list[str]) -> None:
    files = {f"f{place}.js": text for place, text in enumerate(texts)}
    assert flows(files) == flows(files)
    assert graph(files).edges == graph(files).edges


@settings(max_examples=40)
@given(st.sampled_from(LOCAL), st.sampled_from(LOCAL))
def test_files_that_do_not_know_each_other_have_the_flows_of_each(one: str, other: str) -> None:
    both = flows({"a.js": one, "b.js": other})
    alone = shape(flows({"a.js": one})) + shape(flows({"b.js": other}))
    assert sorted(shape(both)) == sorted(alone)


@settings(max_examples=30)
@given(st.sampled_from(TEXTS))
def test_more_space_changes_no_flow(text: str) -> None:
    before, after = flows(text), flows(f"\n\n{{\n}}\n{text}\n")
    assert [way[3] for way in shape(before)] == [way[3] for way in shape(after)]


@settings(max_examples=60)
@given(st.text(alphabet=st.sampled_from("abxf(){}[];=.,=>'`$\n: ?+!"), max_size=120))
def test_any_text_is_a_program(text: str) -> None:
    assert not flows(text, sources=["nothing"]).flows
