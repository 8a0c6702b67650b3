import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tidemill.core.errors import CapacityError
from tidemill.faces.cli import app
from tidemill.faces.cli.app import VERBS, Verb, run


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Puts a verb ``fail`` into the table."""
    verb = Verb(words=("fail",), function="none:none", summary="Fail.")
    monkeypatch.setattr(app, "VERBS", (*VERBS, verb))
    return monkeypatch


ENDS: list[tuple[BaseException, int, str]] = [
    (KeyboardInterrupt(), 130, "interrupted; the same command resumes"),
    (CapacityError("no room"), 4, "error: no room"),
    (PermissionError(13, "Permission denied", "/p/a.py"), 3, "/p/a.py: cannot be used: Permission"),
    (ZeroDivisionError("by zero"), 3, "this is a bug in tidemill: ZeroDivisionError: by zero"),
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end[0]).__name__)
def test_every_end_has_its_code(
    failing: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: tuple[BaseException, int, str],
) -> None:
    error, code, words = end

    def fail() -> None:
        raise error

    failing.setattr(Verb, "load", lambda _self: fail)
    assert run(["fail"]) == code
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert ("Traceback" in said.err) is isinstance(error, ZeroDivisionError)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), PermissionError(13, "closed", "/p")])
def test_every_end_is_one_document_when_asked(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], end: BaseException
) -> None:
    def fail(_: object) -> int:
        raise end

    failing.setattr(app, "_invoke", fail)
    code = run(["fail", "--json"])
    assert json.loads(capsys.readouterr().out)["exit_code"] == code


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_bug_of_ours(closed: str) -> None:
    command = ["sh", "-c", f'exec "$0" -m tidemill config show {closed}', sys.executable]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_working_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    command = ["sh", "-c", 'rmdir "$PWD" && exec "$0" -P -m tidemill status', sys.executable]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "the working folder cannot be used" in done.stderr


def test_a_bug_is_told_in_json_too(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    failing.setattr(Verb, "load", lambda _self: fail)
    failing.setattr(app, "_invoke", lambda _arguments: fail())
    assert run(["fail", "--json"]) == 3
    assert "this is a bug" in json.loads(capsys.readouterr().out)["message"]


def test_only_the_verb_that_is_asked_for_is_imported() -> None:
    script = (
        "import sys; from tidemill.faces.cli.app import run; run(['config', 'show', '--json']);"
        "print([n for n in sys.modules if n.startswith('tidemill.faces.cli.')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "config_show" in done.stderr
    assert "faces.cli.search" not in done.stderr


def tidemill(*arguments: str, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "tidemill", *arguments],
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        check=False,
    )


def test_output_survives_a_terminal_of_another_age(tree: Path) -> None:
    (tree / "wide.py").write_text("def f(größe):\n    return größe\n")
    done = tidemill(
        "dataflow", "wide.py:f", cwd=tree, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"
    )
    assert done.returncode == 0, done.stderr
    assert b"\\xf6" in done.stdout


def test_a_reader_who_leaves_is_no_error(tree: Path) -> None:
    big = "def f(a):\n" + "".join(f"    b{n} = a\n" for n in range(1500))
    (tree / "big.py").write_text(big)
    with subprocess.Popen(
        [sys.executable, "-m", "tidemill", "dataflow", "big.py:f", "--json"],
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 0


@pytest.mark.claim("house.index.interrupt")
@pytest.mark.slow
def test_ctrl_c_leaves_a_store_that_the_same_command_completes(tree: Path) -> None:
    for number in range(400):
        (tree / f"m{number}.py").write_text(
            "".join(f"def f{n}(a):\n    return a + {n * number}\n" for n in range(60))
        )
    child = subprocess.Popen(
        [sys.executable, "-m", "tidemill", "index"],
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tree / ".tidemill" / "index.db").exists():
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    _, said = child.communicate()
    assert child.returncode == 130
    assert said.strip().endswith("interrupted; the same command resumes")
    again = tidemill("index", "--json", cwd=tree)
    assert again.returncode == 0
    facts = json.loads(again.stdout)
    assert facts["indexed"] + facts["unchanged"] == 401


def test_main_exits_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tidemill", "--version"])
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(SystemExit) as caught:
        app.main()
    assert caught.value.code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_behind_the_output_is_no_bug_of_ours() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tidemill", "config", "show"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert done.returncode == 4
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
