"""The clients of the serving bench: a process that sends requests and writes down how it went.

Closed loop: so many connections, each sends its next request when it has the answer to the last.
Open loop: requests come by a Poisson process whether or not anybody has answered; latency counts
from the moment at which one was due. The same bytes go to every server but for the path and the
header that names the expert.

    python benches/serving_load.py < plan.json > result.json
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LoadPlan", "LoadResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What is sent.

    Attributes:
        host: Of the server.
        port: Of the server.
        path: Of the request.
        names: Whom the requests ask, one after the other, by an expert's name.
        text: What they ask.
        connections: At once; in an open loop, how many there are to choose from.
        rate: Requests a second of an open loop; 0 for a closed one.
        seed: Of the Poisson process.
        keeps_hops: Whether answers are read for what they say of themselves.
    """

    host: str
    port: int
    path: str
    names: list[str]
    text: str
    connections: int
    rate: float = 0.0
    seed: int = 0
    keeps_hops: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """How it went.

    Attributes:
        seconds: From the first request to the last answer.
        latencies: Of each request that was answered well.
        failed: Statuses of the others; 0 for a broken connection.
        again: Requests that were sent once more because their connection broke.
        hops: What answers say of themselves, if that was asked for.
        workers: Which workers answered.
    """

    seconds: float
    latencies: list[float]
    failed: list[int]
    again: int
    hops: list[dict[str, Any]]
    workers: list[str]


class _Client:
    """One connection, opened anew where it was closed."""

    def __init__(self, plan: LoadPlan) -> None:
        self.again = 0
        self._plan = plan
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, name: str) -> tuple[int, bytes]:
        body = json.dumps(
            {"model": name, "input": self._plan.text, "encoding_format": "base64"}
        ).encode()
        head = (
            f"POST {self._plan.path} HTTP/1.1\r\nHost: {self._plan.host}:{self._plan.port}\r\n"
            "Content-Type: application/json\r\n"
            f"serve_multiplexed_model_id: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        for attempt in (1, 2):
            reader, writer = await self._opened()
            try:
                writer.write(head + body)
                return await _answer(reader)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                self.close()
                if attempt == 2:
                    return 0, b""
                self.again += 1
        return 0, b""

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._plan.host, self._plan.port)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    lower = head.lower()
    place = lower.find(b"content-length:")
    if place >= 0:
        length = int(lower[place + 15 : lower.index(b"\r\n", place)])
        return status, await reader.readexactly(length)
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, body


class _Load:
    """One run of a plan."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._latencies: list[float] = []
        self._failed: list[int] = []
        self._again = 0
        self._bodies: list[bytes] = []

    async def run(self) -> LoadResult:
        began = time.perf_counter()
        await (self._open() if self._plan.rate else self._closed())
        seconds = time.perf_counter() - began
        answers = [json.loads(body) for body in self._bodies]
        return LoadResult(
            seconds=seconds,
            latencies=self._latencies,
            failed=self._failed,
            again=self._again,
            hops=[answer["hops"][-1] for answer in answers if "hops" in answer],
            workers=sorted({str(answer.get("worker", "")) for answer in answers}),
        )

    async def _closed(self) -> None:
        waiting = iter(self._plan.names)

        async def client() -> None:
            connection = _Client(self._plan)
            for name in waiting:
                await self._one(connection, name, time.perf_counter())
            connection.close()

        await asyncio.gather(*(client() for _ in range(self._plan.connections)))

    async def _open(self) -> None:
        chance = random.Random(self._plan.seed)  # noqa: S311  no secret
        idle = [_Client(self._plan) for _ in range(self._plan.connections)]
        free = asyncio.Semaphore(len(idle))
        due = time.perf_counter()
        jobs = []

        async def client(name: str, moment: float) -> None:
            async with free:
                connection = idle.pop()
                await self._one(connection, name, moment)
                idle.append(connection)

        for name in self._plan.names:
            due += chance.expovariate(self._plan.rate)
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            jobs.append(asyncio.create_task(client(name, due)))
        await asyncio.gather(*jobs)
        for connection in idle:
            connection.close()

    async def _one(self, connection: _Client, name: str, began: float) -> None:
        status, body = await connection.ask(name)
        self._again, connection.again = self._again + connection.again, 0
        if status == 200:
            self._latencies.append(time.perf_counter() - began)
            if self._plan.keeps_hops:
                self._bodies.append(body)
        else:
            self._failed.append(status)


if __name__ == "__main__":
    found = asyncio.run(_Load(LoadPlan(**json.load(sys.stdin))).run())
    json.dump(asdict(found), sys.stdout)
