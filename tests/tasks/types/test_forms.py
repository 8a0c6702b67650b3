import pytest

from tests.tasks.types.table import file_of
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.forms import fitted


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        ("function f(...a) {}", "string", ["string[]"]),
        ("function f(...a) {}", "A | B", ["(A | B)[]"]),
        ("function f(...a) {}", "() => void", ["(() => void)[]"]),
        ("function f(...a) {}", "string[]", ["string[]"]),
        ("function f(...a) {}", "Parameters<F>", ["Parameters<F>"]),
        ("function f(...a) {}", "Args", ["Args[]", "Args"]),
        ("async function a() {}", "string", ["Promise<string>"]),
        ("async function a() {}", "Promise<string>", ["Promise<string>"]),
        ("function* a() {}", "string", ["Generator<string>"]),
        ("function* a() {}", "AsyncGenerator<string>", ["Generator<string>"]),
        ("async function* a() {}", "string", ["AsyncGenerator<string>"]),
        ("class A { async *a() {} }", "Iterable<string>", ["AsyncIterable<string>"]),
        ("class A { *a(async) {} }", "Iterable<string>", ["Iterable<string>"]),
        ("const a = x => x", "string", ["string"]),
    ],
)
def test_a_type_fits_the_form_of_its_site(code: str, said: str, expected: list[str]) -> None:
    file = file_of("a.ts", code)
    site = next(one for one in file.sites if one.name == "a")
    read = read_type(said)
    assert read is not None
    assert list(fitted(read, site, file.text)) == expected
