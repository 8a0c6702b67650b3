import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.slices.formats.strategies import PROGRAMS, for_atom, for_joern, for_paper
from tests.source.slices.telling import sliced
from tidemill.core.errors import InputError
from tidemill.source.language import LANGUAGES
from tidemill.source.lines import Position
from tidemill.source.parsing import parse
from tidemill.source.slices.assembly import SliceRules
from tidemill.source.slices.extraction import usage_slices
from tidemill.source.slices.formats.fields import Fields
from tidemill.source.slices.formats.paper import to_paper
from tidemill.source.slices.formats.places import positioned
from tidemill.source.slices.formats.reading import WRITERS, Form, form_of, read_slices
from tidemill.source.slices.usage import ProgramSlice

CARRIED: dict[Form, Callable[[ProgramSlice], ProgramSlice]] = {
    "joern": for_joern,
    "atom": for_atom,
    "paper": for_paper,
}
each_form = pytest.mark.parametrize("form", CARRIED)

CODE = """\
function run(app, url) {
    const box = new Box(url);
    box.open(app, () => 1);
    app.listen(3000);
    return box;
}
class Box { open(a: string): void {} }
"""


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.claim("tidal.slices.formats")
@each_form
@given(program=PROGRAMS)
def test_what_is_written_is_read_as_it_was(form: Form, program: ProgramSlice) -> None:
    carried = CARRIED[form](program)
    assert read_slices(encoded(WRITERS[form](program)), form=form) == carried
    assert read_slices(encoded(WRITERS[form](carried)), form=form) == carried


@pytest.mark.claim("tidal.slices.formats")
@each_form
def test_a_form_is_recognised(form: Form) -> None:
    program = positioned(sliced(CODE), {"a": CODE.encode()})
    document = WRITERS[form](program)
    assert form_of(Fields(values=document, where="$", path="x")) == form
    assert read_slices(encoded(document)) == CARRIED[form](program)


JOERN_SLICE = {
    "targetObj": {
        "name": "box",
        "typeFullName": "a::program:Box",
        "lineNumber": 2,
        "columnNumber": 10,
        "label": "LOCAL",
    },
    "definedBy": {
        "name": "new Box",
        "typeFullName": "a::program:Box",
        "resolvedMethod": "a::program:Box",
        "lineNumber": 2,
        "columnNumber": 16,
        "label": "CALL",
    },
    "invokedCalls": [
        {
            "callName": "Box",
            "resolvedMethod": "a::program:Box",
            "paramTypes": ["ANY"],
            "returnType": "a::program:Box",
            "lineNumber": 2,
            "columnNumber": 10,
        },
        {
            "callName": "open",
            "resolvedMethod": "a::program:Box:open",
            "paramTypes": ["ANY", "LAMBDA"],
            "returnType": "void",
            "lineNumber": 3,
            "columnNumber": 4,
        },
    ],
    "argToCalls": [
        {
            "callName": "<operator>.return",
            "resolvedMethod": None,
            "paramTypes": [],
            "returnType": "ANY",
            "lineNumber": 5,
            "columnNumber": 4,
            "position": -1,
        }
    ],
}


def document_of(form: Form) -> Any:
    return WRITERS[form](positioned(sliced(CODE), {"a": CODE.encode()}))


@pytest.mark.claim("tidal.slices.formats")
def test_the_form_of_joern() -> None:
    document = document_of("joern")
    (method,) = document["objectSlices"]
    assert [method[key] for key in ("fullName", "fileName", "lineNumber", "columnNumber")] == [
        "a::program:run",
        "a",
        1,
        0,
    ]
    assert method["slices"][2] == JOERN_SLICE
    parameter = method["slices"][0]["definedBy"]
    assert (parameter["label"], parameter["position"]) == ("PARAM", 1)
    assert document["userDefinedTypes"][0]["procedures"][0]["callName"] == "open"


@pytest.mark.claim("tidal.slices.formats")
def test_the_form_of_the_paper() -> None:
    document = document_of("paper")
    assert list(document["objectSlices"]) == ["a::program:run"]
    usage = document["objectSlices"]["a::program:run"]["slices"][0]
    assert usage == {
        "targetObj": {"name": "app", "typeFullName": "ANY", "literal": False},
        "definedBy": {"name": "app", "typeFullName": "ANY", "literal": False},
        "invokedCalls": [
            {"callName": "listen", "paramTypes": ["__ecma.Number"], "returnType": "ANY"}
        ],
        "argToCalls": [
            [{"callName": "open", "paramTypes": ["ANY", "LAMBDA"], "returnType": "void"}, 1]
        ],
    }


@pytest.mark.claim("tidal.slices.formats")
def test_the_form_of_atom() -> None:
    (method,) = document_of("atom")["objectSlices"]
    usage = method["usages"][0]
    assert [(one["callName"], one["position"]) for one in usage["argToCalls"]] == [("listen", 0)]
    assert [(one["callName"], one["position"]) for one in usage["invokedCalls"]] == [("open", 1)]
    assert usage["invokedCalls"][0]["isExternal"] is False
    assert method["signature"] == "function run(app, url)"


def call(name: str, line: int, **more: object) -> dict[str, object]:
    return {"callName": name, "paramTypes": [], "returnType": "ANY", "lineNumber": line} | more


# The shape of what atom 3.1.1 writes for a text of ours; the values are ours.
ATOM = {
    "objectSlices": [
        {
            "code": "",
            "fullName": "a.ts::program",
            "signature": "",
            "fileName": "a.ts",
            "lineNumber": 1,
            "columnNumber": 0,
            "usages": [
                {
                    "targetObj": {
                        "name": "box",
                        "typeFullName": "any",
                        "lineNumber": None,
                        "columnNumber": None,
                        "label": "LOCAL",
                    },
                    "definedBy": {
                        "name": "new Box",
                        "typeFullName": "Box",
                        "resolvedMethod": "Box",
                        "isExternal": None,
                        "label": "CALL",
                    },
                    "invokedCalls": [
                        call("const box = new Box<T>", 1, resolvedMethod="Box"),
                        call("log", 5, isExternal=True),
                        call("Box", 2),
                    ],
                    "argToCalls": [
                        call("close", 4, position=0),
                        call("open", 3, position=0),
                        call("use", 6, position="key"),
                    ],
                },
                {
                    "targetObj": {"name": "log", "typeFullName": "ANY", "label": "CALL"},
                    "definedBy": {"name": "log", "typeFullName": "ANY", "label": "CALL"},
                    "invokedCalls": [],
                    "argToCalls": [],
                },
            ],
        }
    ],
    "userDefinedTypes": [],
}


@pytest.mark.claim("tidal.slices.formats")
def test_the_lists_of_atom_are_put_right_by_position() -> None:
    (usage,) = read_slices(encoded(ATOM)).methods[0].slices
    assert [one.name for one in usage.invoked_calls] == ["Box", "Box", "open", "close"]
    assert [(one.call.name, one.position) for one in usage.argument_calls] == [
        ("log", None),
        ("use", "key"),
    ]
    assert usage.target.type_name == "ANY"
    assert usage.target.at is None


def test_the_oldest_form_of_the_paper_has_lists_in_place_of_methods() -> None:
    component = {"name": "a", "typeFullName": "UNKNOWN", "literal": False}
    used = {"receiver": "x", "callName": "go", "paramTypes": [], "returnType": ["ANY", "B"]}
    usage = {
        "targetObj": component,
        "definedBy": None,
        "invokedCalls": [used],
        "argToCalls": [[used, 2]],
    }
    document = {"objectSlices": {"a.ts::program:f": [usage]}, "userDefinedTypes": []}
    (method,) = read_slices(encoded(document)).methods
    assert (method.file, method.source) == ("a.ts", "")
    assert method.slices[0].target.type_name == "ANY"
    assert method.slices[0].defined_by is None
    assert method.slices[0].argument_calls[0].position == 2
    assert method.slices[0].invoked_calls[0].return_type == "ANY"


def damaged(path: tuple[str | int, ...], value: object) -> bytes:
    """Joern's form of the program above with one value exchanged."""
    document = json.loads(encoded(document_of("joern")))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return encoded(document)


METHOD = ("objectSlices", 0)
USAGE = (*METHOD, "slices", 0)


@pytest.mark.claim("tidal.slices.formats")
@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("objectSlices",), None, "$.objectSlices is missing; it must be a list or an object"),
        (("objectSlices",), 3, "$.objectSlices must be a list or an object"),
        (("objectSlices", 0), "x", "$.objectSlices[0] must be an object"),
        ((*METHOD, "fullName"), 3, "$.objectSlices[0].fullName must be a text"),
        ((*METHOD, "slices"), {}, "$.objectSlices[0].slices must be a list"),
        ((*METHOD, "lineNumber"), "1", "$.objectSlices[0].lineNumber must be a whole number"),
        ((*METHOD, "lineNumber"), True, "$.objectSlices[0].lineNumber must be a whole number"),
        ((*METHOD, "lineNumber"), -5, "must be a whole number from 0 to 2147483647"),
        ((*METHOD, "lineNumber"), 10**30, "must be a whole number from 0 to 2147483647"),
        ((*USAGE, "targetObj"), None, "slices[0].targetObj is missing; it must be an object"),
        ((*USAGE, "targetObj", "label"), "THING", "label must be one of LOCAL, LITERAL, PARAM"),
        ((*USAGE, "definedBy", "name"), [], "definedBy.name must be a text"),
        (
            (*USAGE, "invokedCalls", 0, "paramTypes", 0),
            7,
            "slices[0].invokedCalls[0].paramTypes[0] must be a text",
        ),
        (
            (*USAGE, "argToCalls", 0, "position"),
            -2,
            "argToCalls[0].position must be a whole number from -1",
        ),
        (("userDefinedTypes", 0, "fields"), None, "$.userDefinedTypes[0].fields is missing"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_slices(damaged(path, value), path="slices.json")
    assert message in caught.value.message
    assert caught.value.path == "slices.json"
    assert caught.value.hint


def paper(usage: str) -> bytes:
    """The paper's form with one slice."""
    head = '"targetObj": {"name": "a", "typeFullName": "b"'
    methods = f'{{"f": {{"slices": [{{{head}{usage}}}]}}}}'
    return f'{{"objectSlices": {methods}, "userDefinedTypes": []}}'.encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "$ must be an object"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (
            paper(', "literal": 3}'),
            "$.objectSlices.f.slices[0].targetObj.literal must be true or false",
        ),
        (
            paper('}, "invokedCalls": [], "argToCalls": [[1]]'),
            "$.objectSlices.f.slices[0].argToCalls[0] must be a call and a position",
        ),
    ],
)
def test_documents_that_are_none(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_slices(data)
    assert message in caught.value.message


KEYS = ("objectSlices", "slices", "usages", "userDefinedTypes", "targetObj", "name")
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_no_document_ends_in_another_error(document: object) -> None:
    with suppress(InputError):
        assert isinstance(read_slices(encoded(document)), ProgramSlice)


def test_lines_and_columns_need_the_text() -> None:
    with pytest.raises(InputError, match="its text is needed"):
        positioned(sliced(CODE), {})


def test_lines_and_columns_count_characters() -> None:
    code = "const ü = 'ä';\n/* ö */ const a = make(); a.go();\n"
    program = positioned(sliced(code), {"a": code.encode()}, keep_spans=True)
    usage = program.methods[0].slices[0]
    assert usage.target.at == Position(line=2, column=15)
    assert usage.invoked_calls[0].at == Position(line=2, column=27)
    assert usage.target.span is not None
    assert positioned(program, {"a": code.encode()}, keep_spans=True) == program


def test_the_examples_of_the_paper(shared_data: Path) -> None:
    folder = shared_data / "joernti"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    program = read_slices((folder / "foo.json").read_bytes())
    app = program.methods[1].slices[0]
    assert app.defined_by is not None
    assert (app.target.name, app.defined_by.label) == ("app", "CALL")
    assert [one.name for one in app.invoked_calls] == ["get", "listen"]
    assert [(one.call.name, one.position) for one in app.argument_calls] == [
        ("log", 1),
        ("debug", 1),
    ]
    older = read_slices((folder / "waynecz_reworm.slices.json").read_bytes())
    assert [len(method.slices) for method in older.methods] == [1, 1, 1, 1]
    assert asdict(older)["user_types"][0]["name"] == "reworm.tsx::program:State"


@pytest.mark.claim("tidal.slices.definition")
def test_the_example_of_the_paper_has_the_slices_that_it_should(shared_data: Path) -> None:
    folder = shared_data / "joernti"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    expected = json.loads((folder / "foo.json").read_bytes())["objectSlices"]
    tree = parse((folder / "foo.js").read_bytes(), LANGUAGES["javascript"])
    rules = SliceRules(exclude_operators=True)
    found: Any = to_paper(usage_slices(tree, path="foo.js", rules=rules))["objectSlices"]
    slices = {name: method["slices"] for name, method in found.items()}
    assert slices == {name: method["slices"] for name, method in expected.items()}
