import socket
import sys

import pytest

from tests.faces.http.fleet.nodes import EMBED, TOKEN, ScriptedNode, scripted_nodes
from tests.serving.nodes import within
from tidemill.core.errors import CapacityError, MissingExtraError
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.fleet import client
from tidemill.faces.http.fleet.client import NodeClient, NodeLostError, NodeReply


def call(url: str, *, token: BearerToken = TOKEN, seconds: float = 30.0) -> NodeReply:
    async def work() -> NodeReply:
        asker = NodeClient(token, connections=2)
        try:
            return await asker.call(url, EMBED, seconds=seconds)
        finally:
            await asker.close()

    return within(60.0, work)


def test_an_answer_comes_whole() -> None:
    node = ScriptedNode("a")
    node.script = [200, 429]
    with scripted_nodes(node):
        assert call(node.url) == NodeReply(status=200, body=b"a", content_type="text/plain")
        assert call(node.url).retry_after == "7"
        assert node.asked == [EMBED.path] * 2


def test_a_node_wants_the_token() -> None:
    node = ScriptedNode("a")
    with scripted_nodes(node):
        assert call(node.url, token=BearerToken(secret="x" * 32)).status == 401
    assert node.asked == []


def test_where_nobody_listens_it_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(NodeLostError) as caught:
            call(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert caught.value.is_refused


def test_silence_is_not_taken_for_an_end() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NodeLostError) as caught,
    ):
        call(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2)
    assert not caught.value.is_refused


def test_an_answer_that_breaks_off_is_none() -> None:
    node = ScriptedNode("a")
    node.script = ["break"]
    with scripted_nodes(node), pytest.raises(NodeLostError):
        call(node.url)


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MOST_ANSWER_BYTES", 3)
    node = ScriptedNode("long")
    with scripted_nodes(node), pytest.raises(CapacityError, match="larger than 3 bytes"):
        call(node.url)


def test_proxies_of_the_environment_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    node = ScriptedNode("a")
    with scripted_nodes(node):
        assert call(node.url).status == 200


def test_its_absence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingExtraError, match=r"over several nodes needs .*\[cluster\]"):
        NodeClient(TOKEN, connections=1)
