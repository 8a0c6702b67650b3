"""The verb itself, as an editor starts it."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faces.lsp.clients import PATIENCE, Client, client_of
from tidemill.faces.cli.app import run

TIDEMILL = [sys.executable, "-m", "tidemill", "lsp"]
URI = "file:///nowhere/app.ts"


def test_without_its_extra_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [one for one in sys.modules if one.startswith("tidemill.faces.lsp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "pygls.io_", None)
    assert run(["lsp"]) == 5
    assert "pip install 'tidemill[lsp]'" in capsys.readouterr().err


def test_as_root_it_listens_only_if_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert run(["lsp", "--port", "0"]) == 2
    assert "--as-root" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["lsp", "--port", str(port), "--as-root"]) == 2
    assert f"cannot listen at 127.0.0.1 port {port}" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--min-confidence", "--debounce"])
def test_what_is_out_of_range_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lsp", flag, "-1"]) == 2
    assert flag in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("redirection", ["</dev/null", f"<{__file__}", "<&-"])
def test_what_is_no_pipe_is_no_editor(redirection: str) -> None:
    command = ["sh", "-c", f'"$@" {redirection}', "sh", *TIDEMILL]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"not an editor's" in done.stderr
    assert done.stdout == b""


@pytest.mark.slow
def test_without_an_expert_it_says_so_and_lives(tmp_path: Path) -> None:
    with client_of([*TIDEMILL, "--expert", "types-none", "--experts", str(tmp_path)]) as client:
        client.initialize()
        client.open(URI, "export function f(a) {}\n")
        client.told("types-none")
        assert client.hints(URI) == []
        assert client.end() == 0


@pytest.mark.slow
def test_editors_may_come_over_a_port_and_go() -> None:
    command = [*TIDEMILL, "--port", "0", "--as-root"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"port (\d+)", process.stdout.readline())
            assert found is not None
            for _ in range(2):
                assert "capabilities" in introduced(int(found[1]))["result"]
            with socket.create_connection(("127.0.0.1", int(found[1])), PATIENCE) as open_one:
                open_one.sendall(b"Content-Length: 9\r\n")
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


TRAP = "require('node:fs').writeFileSync(__filename + '.ran', ''); throw 1;"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with a compiler that leaves a file beside itself when it is run."""
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    module = tmp_path / "node_modules/typescript"
    (module / "lib").mkdir(parents=True)
    facts = {"name": "typescript", "version": "5.9.3", "main": "lib/typescript.js"}
    (module / "package.json").write_text(json.dumps(facts))
    (module / "lib/typescript.js").write_text(TRAP)
    return tmp_path


def shown(client: Client, root: Path) -> bool:
    """Show a file of a project; return whether the compiler beside it was run."""
    client.initialize(root)
    client.open((root / "a.ts").as_uri(), "export function f(a) {}\n")
    client.told("types-none")
    return (root / "node_modules/typescript/lib/typescript.js.ran").exists()


@pytest.mark.slow
def test_the_compiler_of_a_project_is_run_for_whoever_has_started_the_server(trap: Path) -> None:
    with client_of([*TIDEMILL, "--expert", "types-none", "--experts", str(trap)]) as client:
        assert shown(client, trap)


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [False, True])
def test_over_a_port_only_a_compiler_that_is_named_is_run(trap: Path, *, is_named: bool) -> None:
    command = [*TIDEMILL, "--port", "0", "--as-root", "--expert", "types-none"]
    command += ["--experts", str(trap), *(["--typescript", str(trap)] if is_named else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            found = re.search(rb"port (\d+)", process.stdout.readline())
            assert found is not None
            with socket.create_connection(("127.0.0.1", int(found[1])), PATIENCE) as sock:
                streams: Any = SimpleNamespace(
                    stdin=sock.makefile("wb"), stdout=sock.makefile("rb")
                )
                assert shown(Client(streams), trap) is is_named
        finally:
            process.kill()
        said = process.stderr.read().count(b"needs the setting typescript")
        assert said == (0 if is_named else 1)


def introduced(port: int) -> dict[str, Any]:
    """Introduce ourselves over a port, and leave."""
    params: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
    facts = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    body = json.dumps(facts).encode()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        sock.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        with sock.makefile("rb") as stream:
            size = int(stream.readline().partition(b":")[2])
            while stream.readline().strip():
                pass
            answer: dict[str, Any] = json.loads(stream.read(size))
    return answer
