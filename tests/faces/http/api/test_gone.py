import asyncio
import json
from pathlib import Path

import pytest

from tests.serving.faulty import faulty_expert
from tests.serving.nodes import running as running_node
from tests.serving.nodes import until, within
from tidemill.core.settings import Settings
from tidemill.faces.http.api.application import application
from tidemill.faces.http.api.service import Service
from tidemill.faces.http.binding import Address, Binding
from tidemill.faces.http.server import running
from tidemill.serving.routing import Router

pytestmark = pytest.mark.timeout(120)


async def _asked(address: Address, text: str) -> asyncio.StreamWriter:
    """Send a request, and wait for no answer."""
    _, writer = await asyncio.open_connection(address.host, address.port)
    body = json.dumps({"model": "search-0", "input": text}).encode()
    head = (
        f"POST /v1/embeddings HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


def test_who_goes_away_is_taken_out_of_the_queue(tmp_path: Path) -> None:
    faulty_expert(tmp_path / "experts", "search-0")

    async def work() -> None:
        async with running_node(tmp_path / "experts", workers=1, spares=0) as node:
            settings = Settings(experts=tmp_path / "experts")
            service = Service(
                node=node, router=Router(node, {}), settings=settings, folder=tmp_path
            )
            binding = Binding(host="127.0.0.1", port=0, allow_root=True)
            async with running(application(service), binding) as address:
                first = await _asked(address, "sleep 3")
                await until(lambda: node.crew.members[0].batch is not None)
                second = await _asked(address, "echo")
                await until(lambda: len(node.scheduler) == 1)
                second.close()
                await until(lambda: not len(node.scheduler))
                assert node.crew.members[0].batch is not None
                first.close()
                await until(node.dispatcher.settled.is_set)

    within(60, work)
