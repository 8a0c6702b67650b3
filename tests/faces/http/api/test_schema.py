"""The API beaten by its own description: no request that it allows, or nearly, ends in a 500."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faces.http.api.conftest import Served


def test_the_description_names_every_route(server: Served) -> None:
    paths = set(server.get("/openapi.json").json["paths"])
    assert paths == {
        "/health",
        "/metrics",
        "/ready",
        "/v1/chains",
        "/v1/embeddings",
        "/v1/experts",
        "/v1/experts/{name}",
        "/v1/experts/{name}/evict",
        "/v1/experts/{name}/load",
        "/v1/experts/{name}/pin",
        "/v1/experts/{name}/unpin",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/search",
        "/v1/tasks/clones",
        "/v1/tasks/route",
        "/v1/tasks/search",
    }


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.claim("coe.faults")
def test_nothing_that_is_sent_makes_it_fail(server: Served, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--checks", "not_a_server_error", "--max-examples", "60", "--seed", "7"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--no-color"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=1100
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]
    assert server.get("/health").json == {"status": "ok"}
