import pytest

from tests.tasks.types.table import file_of
from tidemill.source.typescript.syntax.anchors import documented
from tidemill.source.typescript.syntax.wording import read_type
from tidemill.tasks.types.naming import Import
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.writing import written


def offer(text: str) -> Offer:
    read = read_type(text)
    assert read is not None
    return Offer(type=read, confidence=0.5)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "function f(a, ...b) {}\n",
            (
                "/**\n * @param {T} a\n * @param {...T[number]} b\n * @returns {T}\n */\n"
                "function f(a, ...b) {}\n"
            ),
        ),
        (
            "/** Says it. */\nexport const f = (a) => 1;\n",
            "/** Says it.\n * @param {T} a\n * @returns {T}\n */\nexport const f = (a) => 1;\n",
        ),
        (
            (
                "/**\n * Says it.\n * @param a what\n * @return it\n */\n"
                "module.exports = function (a) {};\n"
            ),
            (
                "/**\n * Says it.\n * @param {T} a what\n * @return {T} it\n */\n"
                "module.exports = function (a) {};\n"
            ),
        ),
        (
            "class A {\r\n  /**\r\n   * Says it.\r\n   */\r\n  m(a) {}\r\n}\r\n",
            (
                "class A {\r\n  /**\r\n   * Says it.\r\n   * @param {T} a\r\n   * @returns {T}\r\n"
                "   */\r\n  m(a) {}\r\n}\r\n"
            ),
        ),
        ("class A {\n  x;\n}\n", "class A {\n  /** @type {T} */\n  x;\n}\n"),
        ("let x;\n", "/** @type {T} */\nlet x;\n"),
        ("let x, y;\n", "let /** @type {T} */ x, /** @type {T} */ y;\n"),
        ("for (let x;;) {}\n", "for (let /** @type {T} */ x;;) {}\n"),
        (
            "use(x => x);\n",
            "use(/** @returns {T} */ (/** @type {T} */ x) => x);\n",
        ),
        (
            "use((a, ...b) => 1);\n",
            "use(/** @returns {T} */ (/** @type {T} */ a, /** @type {T} */ ...b) => 1);\n",
        ),
        (
            "const o = {\n  a: function (b) {},\n};\n",
            (
                "const o = {\n  /**\n   * @param {T} b\n   * @returns {T}\n   */\n"
                "  a: function (b) {},\n};\n"
            ),
        ),
        (
            "/***/ function f(a) {}\n",
            "/**\n * @param {T} a\n * @returns {T}\n */ function f(a) {}\n",
        ),
    ],
)
def test_types_are_said_in_comments(before: str, after: str) -> None:
    file = file_of("a.js", before)
    wanted = [
        number
        for number, site in enumerate(file.sites)
        if site.kind != "variable" or not site.initialised
    ]
    new = written(file, dict.fromkeys(wanted, offer("T"))).text.decode()
    assert new == after
    again = file_of("a.js", new)
    assert documented(again.tree, again.sites) == frozenset(wanted)


def test_foreign_names_say_where_they_are_from() -> None:
    file = file_of("a.js", "export function f(a) {}\n")
    read = read_type("Map<Point, Shape>")
    assert read is not None
    imports = (
        Import(module="./point", exported="Point", local="Point"),
        Import(module="./shape.js", exported="default", local="Shape"),
    )
    new = written(file, {1: Offer(type=read, confidence=0.5, imports=imports)}).text
    assert b"@param {Map<import('./point').Point, import('./shape.js').default>} a" in new


def test_a_type_that_would_end_the_comment_is_not_written() -> None:
    file = file_of("a.js", "function f(a) {}\n")
    assert written(file, {1: offer("'*/'")}).text == file.text


def test_what_is_said_already_is_seen() -> None:
    text = (
        "/** @param {Map<string, {a: B}>} a\n * @param b no type */\nfunction f(a, b) {}\n"
        "/** @type {Handler} */\nconst g = (req) => req;\n"
        "use((/** @type {string} */ c, d) => c);\n"
        "/** @returns {void} */\nfunction h(e) {}\n"
    )
    file = file_of("a.js", text)
    found = {
        f"{file.sites[n].kind} {file.sites[n].name}" for n in documented(file.tree, file.sites)
    }
    assert found == {
        "parameter a",
        "variable g",
        "return ",
        "parameter req",
        "parameter c",
        "return h",
    }
