"""One server for the tests of the API: the command itself, over the experts that come along."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.serving.packages import encoder_expert
from tidemill.core.settings import Settings
from tidemill.tasks.embedding import embed
from tidemill.tasks.indexing import index

PATIENCE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; fails unless the body is one."""
        found: dict[str, Any] = self.json["error"]
        assert set(found) == {"message", "type", "param", "code"}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server."""

    url: str
    process: "subprocess.Popen[str]"
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Ask it one thing."""
        place = urlsplit(self.url)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE)
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        own = {"content-type": "application/json"} if raw is not None else {}
        try:
            connection.request(method, path, raw, own | self.headers | headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=names, body=answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        """Ask for a resource."""
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> Reply:
        """Send JSON."""
        return self.call("POST", path, body if body is not None else b"")


@contextmanager
def serve(experts: Path, *arguments: str, **variables: str) -> Iterator[Served]:
    """Run ``tidemill serve`` while the block runs."""
    command = [sys.executable, "-m", "tidemill", "serve", "--port", "0", "--as-root", "--json"]
    environ = os.environ | {"TIDEMILL_EXPERTS": str(experts), "HOME": str(experts)} | variables
    with subprocess.Popen(
        [*command, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                assert process.stderr is not None
                pytest.fail(process.stderr.read())
            yield Served(url=json.loads(line)["url"], process=process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an own expert, some code, and an index of it."""
    folder = tmp_path_factory.mktemp("api")
    encoder_expert(folder / "experts" / "search-own", "search-own")
    code = folder / "code"
    code.mkdir()
    (code / "dates.py").write_text(
        "def parse_iso_date(text):\n"
        '    """Parse an ISO date."""\n'
        "    year, month = text.split('-')\n"
        "    return int(year), int(month)\n"
    )
    settings = Settings(store=folder / "store", workers=1, experts=folder / "experts")
    index([code], settings=settings)
    embed(folder / "store", settings=settings)
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Served]:
    """A server over it."""
    flags = ("--workers", "2", "--host-bytes", "40M", "--active-bytes", "64M")
    with serve(home / "experts", *flags, "--store", str(home / "store")) as served:
        yield served
