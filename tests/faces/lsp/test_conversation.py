import json
from types import SimpleNamespace
from typing import Any

import pytest

from tidemill.faces.lsp.conversation import Conversation


class Received:
    """Whoever handles messages, and remembers them."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def structure_message(self, data: dict[str, Any]) -> Any:
        if "jsonrpc" not in data:
            return data
        if data.get("params") == "bad":
            raise ValueError("no params")
        return SimpleNamespace(**data)

    def handle_message(self, message: Any) -> None:
        self.messages.append(message.method)


def talk(*messages: object) -> tuple[list[str], list[dict[str, Any]], Conversation]:
    """Send messages; return what was handled and what was answered."""
    received, sent = Received(), list[dict[str, Any]]()
    conversation = Conversation(received, sent.append)
    for message in messages:
        text = message if isinstance(message, str) else json.dumps(message)
        try:
            found = json.loads(text, object_hook=conversation.structure_message)
            conversation.handle_message(found)
        except Exception as error:  # noqa: BLE001  as the loop of pygls does
            conversation.failed(error)
    return received.messages, sent, conversation


def message(method: str, number: int | None = None, **facts: object) -> dict[str, object]:
    found: dict[str, object] = {"jsonrpc": "2.0", "method": method, **facts}
    return found if number is None else {**found, "id": number}


FIRST = message("initialize", 1)


def test_messages_in_order_are_handed_on() -> None:
    handled, sent, conversation = talk(FIRST, message("x"), message("y", 2), message("shutdown", 3))
    assert handled == ["initialize", "x", "y", "shutdown"]
    assert sent == []
    assert conversation.is_ending


def test_nothing_counts_before_the_beginning() -> None:
    handled, (error,), _ = talk(message("x", 7), message("y"))
    assert handled == []
    assert (error["id"], error["error"]["code"]) == (7, -32002)


def test_nothing_counts_after_the_end_but_the_exit() -> None:
    handled, (error,), _ = talk(
        FIRST, message("shutdown", 2), message("x", 3), message("y"), message("exit")
    )
    assert handled == ["initialize", "shutdown", "exit"]
    assert (error["id"], error["error"]["code"]) == (3, -32600)


def test_there_is_one_beginning() -> None:
    handled, (error,), _ = talk(FIRST, message("initialize", 2))
    assert handled == ["initialize"]
    assert "initialized already" in error["error"]["message"]


@pytest.mark.parametrize(
    ("raw", "number", "code"),
    [
        (message("x", 5, params="bad"), 5, -32602),
        ("{", None, -32700),
        ("[" * 100_000, None, -32700),
        ([1, 2], None, -32600),
        ({"id": 4, "method": "x"}, None, -32600),
        ("7", None, -32600),
    ],
)
def test_what_is_no_message_has_an_answer(raw: object, number: int | None, code: int) -> None:
    handled, (error,), _ = talk(FIRST, raw)
    assert handled == ["initialize"]
    assert (error["id"], error["error"]["code"]) == (number, code)
    assert len(error["error"]["message"]) < 300


@pytest.mark.parametrize("raw", ["null", message("x", params="bad")])
def test_what_nobody_waits_for_has_none(raw: object) -> None:
    assert talk(FIRST, raw)[:2] == (["initialize"], [])
