"""Values whose types need not be written."""

import pytest

from tests.tasks.types.table import file_of
from tidemill.source.typescript.syntax.anchors import self_typed


@pytest.mark.parametrize("name", ["a.js", "a.ts"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("const a = () => 1, b = function () {}, c = 1;", ["a", "b"]),
        ("const a = require('a');", ["a"]),
        ("const a = require('a').b['c'];", ["a"]),
        ("const a = await import('a'), b = (await import('b')).default;", ["a", "b"]),
        ("class A { b = require('b'); c = call(); }", ["b"]),
        ("const a = require('a')(), b = required('b'), c = x.require('c');", []),
        ("let a; const b = [require('b')], c = 1 + require('c');", []),
        ("const a = (", []),
    ],
)
def test_functions_and_modules_have_types_of_their_own(
    name: str, text: str, names: list[str]
) -> None:
    file = file_of(name, text)
    found = sorted(self_typed(file.tree, file.sites))
    assert [file.sites[one].name for one in found if file.sites[one].kind != "return"] == names
