"""A server with a compiler: what it knows is left alone, and nothing is offered that it rejects."""

import os
import queue
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faces.lsp.clients import Client, insertion, started
from tests.faces.lsp.sample import APP

pytestmark = pytest.mark.slow

STORE = """\
export class Store { add(price: number, size: number): void {} }
export interface Price { toFixed(digits: number): string }
"""
CHECKED_TYPE = "The compiler calls it `any`, and has nothing against this type."
CHECKED = ["2: number[] 83%", "2: number 30%", "8: string 91%"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "store.ts").write_text(STORE)
    (folder / "tsconfig.json").write_text('{"compilerOptions": {"strict": true}}')
    return folder


@pytest.fixture(scope="module")
def shared(typescript: Path, root: Path) -> Iterator[Client]:
    with started(typescript=str(typescript)) as found:
        found.initialize(root)
        yield found


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    while not shared.notes.empty():
        shared.notes.get()
    yield shared
    assert shared.process.poll() is None


def settled(client: Client, uri: str, labels: list[str]) -> None:
    """Wait until the hints of a file are these, and checked."""
    while True:
        hints = client.hints(uri)
        found = [f"{one['position']['line']}{one['label']}" for one in hints]
        if found == labels and all(CHECKED_TYPE in one["tooltip"]["value"] for one in hints):
            return
        with suppress(queue.Empty):
            client.note("workspace/inlayHint/refresh")
            continue
        assert found == labels


def test_hints_are_where_the_compiler_says_any_and_what_it_rejects_gives_way(
    client: Client, root: Path
) -> None:
    uri = (root / "hints.ts").as_uri()
    client.open(uri, APP)
    # The sum and the results are known to be numbers, and no factor of a number is a string.
    settled(client, uri, CHECKED)
    assert CHECKED_TYPE in client.hover(uri, 2, 24)


def test_an_action_is_offered_only_where_the_compiler_has_nothing_against_it(
    client: Client, root: Path
) -> None:
    uri = (root / "actions.ts").as_uri()
    client.open(uri, APP)
    settled(client, uri, CHECKED)
    titles = [one["title"] for one in client.actions(uri, 2, 33)]
    assert titles == [
        "Insert annotation: number (30%)",
        "Insert up to 3 annotations in this file",
    ]
    action = client.ask("codeAction/resolve", client.actions(uri, 2, 33)[-1])
    assert action["title"] == titles[-1]
    (change,) = action["edit"]["documentChanges"]
    assert [one["newText"] for one in change["edits"]] == [": number[]", ": number", ": string"]


def test_a_type_of_another_file_is_imported(client: Client, root: Path) -> None:
    uri = (root / "imports.ts").as_uri()
    client.open(uri, "export const shown = (price) => price.toFixed(2);\n")
    settled(client, uri, ["0: Price 70%", "0: string 40%"])
    (change,) = client.actions(uri, 0, 24)[0]["edit"]["documentChanges"]
    assert [one["newText"] for one in change["edits"]] == [
        "import type { Price } from './store';\n",
        ": Price",
    ]
    client.close(uri)


def test_what_is_shown_counts_not_what_is_on_disk(client: Client, root: Path) -> None:
    uri, other = (root / "uses.ts").as_uri(), (root / "made.ts").as_uri()
    client.open(other, "export function made() { return JSON.parse('1'); }\n")
    client.open(uri, "import { made } from './made';\nexport const first = made();\n")
    settled(client, uri, ["1: string 40%"])
    client.edit(other, 2, {"text": "export function made() { return 1; }\n"})
    client.edit(uri, 2, insertion(1, 28, " "))
    settled(client, uri, [])
    client.close(other)
    client.close(uri)


def test_a_type_that_another_file_speaks_against_goes_when_the_file_has_stayed_as_it_is(
    client: Client, root: Path
) -> None:
    uri = (root / "exported.ts").as_uri()
    (root / "calls.ts").write_text("import { label } from './exported';\nlabel(3);\n")
    (root / "exported.ts").write_text("export const label = (text) => [text];\n")
    changes = [{"uri": (root / name).as_uri(), "type": 1} for name in ("calls.ts", "exported.ts")]
    client.tell("workspace/didChangeWatchedFiles", {"changes": changes})
    client.open(uri, "export const label = (text) => [text];\n")
    settled(client, uri, ["0: string 91%"])
    settled(client, uri, [])
    client.close(uri)


def test_scripts_are_checked_too(client: Client, root: Path) -> None:
    uri = (root / "script.js").as_uri()
    client.open(uri, APP, language="javascript")
    settled(client, uri, CHECKED)
    (change,) = client.actions(uri, 2, 33)[0]["edit"]["documentChanges"]
    assert "@param {number} factor" in "".join(edit["newText"] for edit in change["edits"])
    client.close(uri)


def test_a_compiler_that_dies_is_begun_anew(client: Client, root: Path) -> None:
    uri = (root / "dying.ts").as_uri()
    client.open(uri, APP)
    settled(client, uri, CHECKED)
    (compiler,) = children(client.process.pid)
    os.kill(compiler, signal.SIGKILL)
    client.edit(uri, 2, insertion(12, 0, "export const late = (text) => text;\n"))
    settled(client, uri, [*CHECKED, "12: string 91%", "12: string 40%"])
    assert children(client.process.pid) != [compiler]
    client.close(uri)


def test_files_that_change_on_disk_are_read_again(client: Client, root: Path) -> None:
    made = root / "disk.ts"
    uri = (root / "reads.ts").as_uri()
    made.write_text("export const made = (): any => 1;\n")
    client.open(uri, "import { made } from './disk';\nexport const first = made();\n")
    settled(client, uri, ["1: string 40%"])
    made.write_text("export const made = (): number => 1;\n")
    change = {"uri": made.as_uri(), "type": 2}
    client.tell("workspace/didChangeWatchedFiles", {"changes": [change]})
    settled(client, uri, [])
    client.close(uri)


def test_folders_that_are_none_and_configurations_that_are_broken(
    typescript: Path, tmp_path: Path
) -> None:
    (tmp_path / "tsconfig.json").write_text("{")
    uri = (tmp_path / "a.ts").as_uri()
    with started(typescript=str(typescript)) as client:
        client.initialize(tmp_path / "nowhere")
        added: dict[str, Any] = {"uri": tmp_path.as_uri(), "name": "x"}
        event = {"added": [added], "removed": [{"uri": "http://[", "name": "y"}]}
        client.tell("workspace/didChangeWorkspaceFolders", {"event": event})
        client.open(uri, "export function f(prices) {}\n")
        assert client.labels(uri)[0] == "0: number[] 83%?"
        client.told("no longer checked")
        assert client.end() == 0


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(one) for thread in threads for one in thread.read_text().split()]
