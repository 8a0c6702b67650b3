"""A server in a process of its own, without a compiler, before editors that mean well and ill."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faces.lsp.clients import ABLE, PATIENCE, Client, insertion, started
from tests.faces.lsp.sample import APP, BROKEN, long_file

URI = "file:///nowhere/app.ts"
LABELS = [
    "2: number[] 83%?",
    "2: string 60%?",
    "2: string 40%?",
    "3: number 50%?",
    "8: string 91%?",
    "8: string 40%?",
]
WIDE = "for (const a of '数😀'); export const f = (text"


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """A server that has many tests after one another, as an editor has many files."""
    with started() as found:
        found.initialize()
        yield found


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    shared.close(URI)
    while not shared.notes.empty():
        shared.notes.get()
    yield shared
    assert shared.process.poll() is None


class TestLife:
    def test_it_says_what_it_can_do(self) -> None:
        with started() as client:
            found = client.initialize()
            able = found["capabilities"]
            assert found["serverInfo"]["name"] == "tidemill"
            assert able["textDocumentSync"]["change"] == 2
            assert able["codeActionProvider"]["codeActionKinds"] == ["quickfix", "refactor.rewrite"]
            assert able["hoverProvider"] is True
            assert "inlayHintProvider" in able
            assert client.end() == 0

    def test_who_leaves_without_a_word_leaves_a_failure(self) -> None:
        with started() as client:
            client.initialize()
            client.tell("exit")
            assert client.process.wait(PATIENCE) == 1

    def test_when_the_editor_is_gone_the_server_goes(self) -> None:
        with started() as client:
            client.initialize()
            assert client.process.stdin is not None
            client.process.stdin.close()
            assert client.process.wait(PATIENCE) == 1


class TestHints:
    def test_places_without_a_type_get_one_that_is_marked_as_not_checked(
        self, client: Client
    ) -> None:
        client.open(URI, APP)
        assert client.labels(URI) == LABELS
        first = client.hints(URI)[0]
        assert (first["position"], first["kind"]) == ({"line": 2, "character": 28}, 1)
        assert "`Set<number>` 9%" in first["tooltip"]["value"]
        assert "no TypeScript compiler" in first["tooltip"]["value"]

    def test_a_part_of_a_file_gets_its_own(self, client: Client) -> None:
        client.open(URI, APP)
        assert [one["position"]["line"] for one in client.hints(URI, last=4)] == [2, 2, 2, 3]

    def test_columns_count_utf_16(self, client: Client) -> None:
        client.open(URI, f"{WIDE}) => text;\n")
        units = len(WIDE.encode("utf-16-le")) // 2
        assert client.hints(URI)[0]["position"] == {"line": 0, "character": units}

    def test_columns_count_what_the_editor_prefers(self) -> None:
        with started() as client:
            general = {"positionEncodings": ["utf-8"]}
            client.initialize(capabilities={**ABLE, "general": general})
            client.open(URI, f"{WIDE}) => text;\n")
            units = len(WIDE.encode())
            assert client.hints(URI)[0]["position"] == {"line": 0, "character": units}

    def test_they_move_with_what_is_typed(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        client.edit(URI, 2, insertion(0, 0, "// 😀\n\n"), insertion(3, 0, "\n"))
        assert client.labels(URI) == [f"{int(one[0]) + 3}{one[1:]}" for one in LABELS]
        client.edit(URI, 3, insertion(0, 0, "\n"))
        assert client.labels(URI)[0] == "6: number[] 83%?"

    def test_what_gets_a_type_loses_its_hint_at_once(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        client.edit(URI, 2, insertion(2, 28, ": number[]"))
        assert client.labels(URI)[0] == "2: string 60%?"

    def test_the_editor_is_told_to_ask_again_when_there_is_more(self, client: Client) -> None:
        client.open(URI, "export function f(a) {}\n")
        assert client.labels(URI) == ["0: string 40%?"] * 2
        client.edit(URI, 2, insertion(0, 19, ", prices"))
        client.note("workspace/inlayHint/refresh")
        assert "0: number[] 83%?" in client.labels(URI)

    def test_an_editor_that_cannot_be_told_waits(self) -> None:
        with started() as client:
            client.initialize(capabilities={})
            client.open(URI, "export function f(a) {}\n")
            client.edit(URI, 2, insertion(0, 19, ", prices"))
            assert "0: number[] 83%?" in client.labels(URI)


class TestBrokenFiles:
    def test_hints_stay_while_a_file_does_not_parse(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        client.edit(URI, 2, insertion(2, 0, "export function (((\n"))
        moved = [f"{int(one[0]) + 1}{one[1:]}" for one in LABELS]
        assert client.labels(URI) == moved
        client.edit(URI, 3, insertion(3, 0, "\n"))
        assert client.labels(URI) == [f"{int(one[0]) + 2}{one[1:]}" for one in LABELS]

    def test_a_file_that_never_parsed_gets_hints_where_it_does(self, client: Client) -> None:
        client.open(URI, BROKEN)
        assert "8: string 91%?" in client.labels(URI)

    @pytest.mark.parametrize("text", ["", "\0", "((((", "\ud800", "`" * 99, "/*", "\r\r\n\u2028"])
    def test_whatever_is_in_it(self, client: Client, text: str) -> None:
        client.open(URI, text)
        assert client.hints(URI) == []
        client.edit(URI, 2, {"text": "export function f(prices) {}\n"})
        client.note("workspace/inlayHint/refresh")
        assert "0: number[] 83%?" in client.labels(URI)


class TestLargeFiles:
    def test_one_that_is_too_long_gets_nothing(self, client: Client) -> None:
        client.open(URI, "let a;\n" * 200_000)
        assert client.hints(URI) == []
        client.edit(URI, 2, insertion(0, 0, "x"))
        client.edit(URI, 3, {"text": APP})
        client.note("workspace/inlayHint/refresh")
        assert len(client.hints(URI)) == len(LABELS)

    def test_one_that_is_minified_gets_nothing(self, client: Client) -> None:
        client.open(URI, "function f(a){return a};" * 20_000)
        assert client.hints(URI) == []
        assert client.hover(URI, 0, 11) == ""

    @pytest.mark.slow
    def test_ten_thousand_variables_in_one_function(self, client: Client) -> None:
        body = "".join(f"  let v{number}; v{number} = g();\n" for number in range(10_000))
        client.open(URI, f"function f(prices) {{\n{body}}}\n")
        while len(client.hints(URI)) < 2_000:
            client.note("workspace/inlayHint/refresh")
        client.edit(URI, 2, insertion(0, 0, "\n"))
        assert len(client.hints(URI)) == 2_000


class TestHover:
    def test_it_says_what_a_name_may_be_and_what_led_there(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        said = client.hover(URI, 2, 24)
        assert said.startswith("parameter `prices` : `number[]` **83%**, says `scripted`")
        assert "or `Set<number>` 9%" in said
        assert "- defined by: `parameter 1`" in said
        assert "- given where it is called: `[1, 2]` (line 12)" in said
        text = client.hover(URI, 8, 23)
        assert "- calls on it: `trim()` (line 9)" in text

    def test_of_a_result_it_says_what_is_returned(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        assert "- returns: `sum` (line 6)" in client.hover(URI, 2, 18)

    def test_elsewhere_it_says_nothing(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        assert client.hover(URI, 0, 2) == ""
        assert client.hover(URI, 999, 999) == ""


class TestActions:
    def test_types_that_cannot_be_checked_are_marked(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        titles = [one["title"] for one in client.actions(URI, 2, 26)]
        assert titles == [
            "Insert annotation: number[] (83%, not checked)",
            "Insert annotation: Set<number> (9%, not checked)",
            "Insert up to 6 annotations in this file",
        ]

    def test_an_edit_names_the_version_that_it_is_for(self, client: Client) -> None:
        client.open(URI, APP)
        first = client.actions(URI, 2, 26)[0]
        (change,) = first["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
        place = {"line": 2, "character": 28}
        assert change["edits"] == [
            {"range": {"start": place, "end": place}, "newText": ": number[]"}
        ]

    def test_editors_that_know_no_versions_get_plain_edits(self) -> None:
        with started() as client:
            client.initialize(capabilities={})
            client.open(URI, APP)
            found = client.actions(URI, 8, 25)
            assert found[0]["edit"]["changes"][URI][0]["newText"] == ": string"
            assert found[-1]["title"] == "Insert all 6 annotations in this file (not checked)"

    @pytest.mark.parametrize(
        ("only", "kinds"),
        [
            (["quickfix"], ["quickfix"]),
            (["refactor"], ["refactor.rewrite"] * 3),
            (["source"], []),
            ([], []),
            (None, ["quickfix", "refactor.rewrite", "refactor.rewrite"]),
        ],
    )
    def test_the_kinds_that_are_wanted(
        self, client: Client, only: list[str] | None, kinds: list[str]
    ) -> None:
        client.open(URI, APP)
        found = client.actions(URI, 2, 26, **({} if only is None else {"only": only}))
        assert [one["kind"] for one in found] == kinds

    def test_all_is_worked_out_when_it_is_chosen(self, client: Client) -> None:
        client.open(URI, APP)
        action = client.actions(URI, 2, 26)[-1]
        (change,) = client.ask("codeAction/resolve", action)["edit"]["documentChanges"]
        assert len(change["edits"]) == 6
        client.edit(URI, 2, insertion(0, 0, "\n"))
        assert "edit" not in client.ask("codeAction/resolve", action)
        client.told("has changed since")

    def test_a_script_gets_comments(self, client: Client) -> None:
        uri = "file:///nowhere/app.js"
        client.open(uri, "export function f(prices) {}\n", language="javascript")
        (change,) = client.actions(uri, 0, 20)[0]["edit"]["documentChanges"]
        written = "".join(edit["newText"] for edit in change["edits"])
        assert "@param {number[]} prices" in written


class TestSettings:
    def test_they_may_come_with_the_introduction(self) -> None:
        with started() as client:
            client.initialize(initializationOptions={"minimumConfidence": 0.7, "kinds": ["return"]})
            client.open(URI, APP)
            assert client.labels(URI) == []

    def test_they_are_asked_for_and_what_is_wrong_is_told(self) -> None:
        with started() as client:
            client.settings = {"minimumConfidence": 0.7, "alternatves": 2}
            workspace = {**ABLE["workspace"], "configuration": True}
            client.initialize(capabilities={**ABLE, "workspace": workspace})
            client.told("did you mean alternatives?")
            client.open(URI, APP)
            assert client.labels(URI) == ["2: number[] 83%?", "8: string 91%?"]

    def test_a_change_counts_at_once(self, client: Client) -> None:
        client.open(URI, APP)
        client.hints(URI)
        for least, count in ((0.9, 1), (0.2, len(LABELS))):
            settings = {"tidemill": {"minimumConfidence": least}}
            client.tell("workspace/didChangeConfiguration", {"settings": settings})
            client.note("workspace/inlayHint/refresh")
            assert len(client.labels(URI)) == count

    def test_marks_are_shown_where_they_are_wanted(self) -> None:
        with started() as client:
            client.initialize(initializationOptions={"diagnostics": True, "kinds": ["parameter"]})
            client.open(URI, APP)
            found = client.note("textDocument/publishDiagnostics")["params"]
            assert found["version"] == 1
            assert [one["message"] for one in found["diagnostics"]] == [
                "prices has no type; likely number[] (83%)",
                "factor has no type; likely string (60%)",
                "text has no type; likely string (91%)",
            ]
            client.close(URI)
            while client.note("textDocument/publishDiagnostics")["params"]["diagnostics"]:
                pass


class TestBadEditors:
    @pytest.mark.parametrize(
        ("method", "params"),
        [
            ("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": None}),
            ("textDocument/hover", {}),
            ("textDocument/hover", 7),
            ("textDocument/codeAction", {"textDocument": {"uri": URI}}),
            ("no/such", {}),
        ],
    )
    def test_a_request_that_cannot_be_read_has_an_answer(
        self, client: Client, method: str, params: Any
    ) -> None:
        assert client.answer(client.request(method, params))["error"]["code"] in {-32602, -32601}
        client.open(URI, APP)
        assert client.labels(URI) == LABELS

    @pytest.mark.parametrize(
        "raw",
        [
            b"Content-Length: 1\r\n\r\n{",
            b"Content-Length: 9\r\n\r\n\xff\xfe\x00abcdef",
            b"Content-Length: 20000\r\n\r\n" + b"[" * 20_000,
        ],
    )
    def test_what_is_no_json_is_refused(self, client: Client, raw: bytes) -> None:
        client.raw(raw)
        assert client.answer(None)["error"]["code"] == -32700
        assert client.hints(URI) == []

    def test_headers_without_end_and_messages_without_measure_are_left_out(
        self, client: Client
    ) -> None:
        client.raw(b"x" * 100_000 + b"\r\n")
        size = 40 << 20
        client.raw(b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(40):
            client.raw(b" " * (1 << 20))
        assert client.hints(URI) == []

    def test_of_files_that_are_not_open_nothing_is_known(self, client: Client) -> None:
        client.edit(URI, 2, insertion(0, 0, "x"))
        client.close(URI)
        client.tell("textDocument/didSave", {"textDocument": {"uri": URI}})
        assert client.hints(URI) == []
        assert client.hover(URI, 0, 0) == ""
        assert client.actions(URI, 0, 0) == []
        action = {"title": "x", "data": {"uri": URI, "key": "k"}}
        assert client.ask("codeAction/resolve", action)["title"] == "x"
        assert client.ask("codeAction/resolve", {"title": "x", "data": [1]})["title"] == "x"

    def test_a_request_may_be_called_off(self, client: Client) -> None:
        client.open(URI, long_file())
        number = client.request(
            "textDocument/inlayHint",
            {
                "textDocument": {"uri": URI},
                "range": {
                    "start": {"line": 0, "character": 0},
                    "end": {"line": 9, "character": 0},
                },
            },
        )
        client.tell("$/cancelRequest", {"id": number})
        found = client.answer(number)
        assert found.get("error", {}).get("code") == -32800 or found["result"]
        assert client.hints(URI)
