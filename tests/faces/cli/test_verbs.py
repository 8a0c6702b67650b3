import json
import os
import shutil
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tidemill import __version__
from tidemill.faces.cli import demo, selftest
from tidemill.store.store import FOLDER, Store
from tidemill.tasks.demonstration import demonstrate
from tidemill.tasks.selftest import SelftestReport
from tidemill.tasks.trial import Trial

Run = Callable[..., tuple[int, str, str]]


def loaded(said: tuple[int, str, str]) -> Any:
    """The one JSON document of an answer."""
    return json.loads(said[1])


def test_version(tidemill: Run) -> None:
    assert tidemill("--version") == (0, f"tidemill {__version__}\n", "")


def test_index_says_what_it_did_and_what_it_left_out(tidemill: Run) -> None:
    code, out, err = tidemill("index", ".")
    assert (code, err) == (0, "")
    assert "1 file indexed, 2 functions" in out
    assert "photo.bin  binary" in out
    assert "0 indexed" not in tidemill("index")[1].splitlines()[1]


def test_index_as_json(tidemill: Run) -> None:
    facts = loaded(tidemill("index", "--json"))
    assert (facts["indexed"], facts["functions"]) == (1, 2)
    assert [entry["path"] for entry in facts["skipped"]] == ["photo.bin"]


def test_forget(indexed: Run) -> None:
    assert "forgot 1 file" in indexed("index", "--forget", "dates.py")[1]
    assert indexed("search", "iso")[0] == 1


def test_forget_of_what_is_unknown(indexed: Run) -> None:
    code, out, err = indexed("index", "--forget", "nowhere.py", "x")
    assert (code, out) == (1, "")
    assert err == "nothing in the store matches nowhere.py, x\n"
    assert indexed("index", "--forget", "nowhere.py", "--json")[0] == 1


def test_watch_and_json_do_not_go_together(tidemill: Run) -> None:
    code, out, _ = tidemill("index", "--watch", "--json")
    assert code == 2
    assert json.loads(out)["error"] == "SettingError"


@pytest.mark.claim("house.search.lines")
def test_search_prints_place_score_name_and_lines(indexed: Run) -> None:
    code, out, err = indexed("search", "parse iso date", "--why")
    assert (code, err) == (0, "")
    head, line, *_ = out.splitlines()
    place, score, name = head.split()
    assert place == "dates.py:1"
    assert float(score) > 0
    assert name == "parse_iso_date"
    assert line.split() == ["1", "def", "parse_iso_date(text):"]
    assert "why: " in out


def test_search_as_json(indexed: Run) -> None:
    facts = loaded(indexed("search", "iso", "--json", "--limit", "1"))
    hit = facts["hits"][0]
    assert (hit["path"], hit["line"], hit["kind"]) == ("dates.py", 1, "function")
    assert hit["lines"][0]["spans"]
    assert facts["state"]["stale"] == 0


def test_search_finds_nothing(indexed: Run) -> None:
    code, out, err = indexed("search", "zyzzyva")
    assert (code, out) == (1, "")
    assert "nothing found for zyzzyva" in err


def test_search_warns_of_changed_files(indexed: Run, tree: Path) -> None:
    (tree / "dates.py").write_text("x = 1\n")
    _, out, err = indexed("search", "iso")
    assert "(changed since)" in out
    assert "tidemill index" in err


def test_search_from_a_folder_below_shows_paths_from_there(
    indexed: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "below").mkdir()
    monkeypatch.chdir(tree / "below")
    assert indexed("search", "iso")[1].startswith("../dates.py:1  ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("search", "x", "--lang", "pyhton"), 2),
        (("search", "x", "--kind", "class"), 2),
        (("search", "x", "--limit", "0"), 2),
        (("search", "?!"), 3),
        (("search",), 2),
        (("index", "no/such/folder"), 3),
        (("dataflow", "no.py"), 3),
        (("nothing",), 2),
        (("search", "x", "--store", "elsewhere"), 3),
    ],
)
def test_errors_have_their_codes_and_say_so_in_json_too(
    indexed: Run, arguments: tuple[str, ...], code: int
) -> None:
    said = indexed(*arguments)
    assert said[:2] == (code, "")
    assert said[2]
    assert "Traceback" not in said[2]
    as_json = indexed(*arguments, "--json")
    assert as_json[0] == code
    assert loaded(as_json)["exit_code"] == code


def test_dataflow_as_text(tidemill: Run) -> None:
    code, out, err = tidemill("dataflow", "dates.py:weekday")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "7 │ def weekday(date):"
    assert "date ← :7" in out


def test_dataflow_of_a_file_names_its_functions(tidemill: Run) -> None:
    _, _, err = tidemill("dataflow", "dates.py")
    assert "parse_iso_date, weekday" in err


def test_dataflow_as_json(tidemill: Run) -> None:
    facts = loaded(tidemill("dataflow", "dates.py:weekday", "--json"))
    assert facts["name"] == "weekday"
    assert {"name", "line", "column", "start", "end", "kind", "role"} == set(facts["nodes"][0])
    assert facts["free"] == ["sum"]


def test_dataflow_without_literals(tidemill: Run, tree: Path) -> None:
    (tree / "a.py").write_text("def f():\n    a = 1\n    return a\n")
    kinds = [
        {node["kind"] for node in loaded(tidemill("dataflow", "a.py:f", "--json", *flags))["nodes"]}
        for flags in ((), ("--no-literals",))
    ]
    assert kinds == [{"variable", "literal"}, {"variable"}]


def test_dataflow_writes_what_the_file_is_called(tidemill: Run, tree: Path) -> None:
    for name in ("a.svg", "a.dot", "a.json"):
        code, out, err = tidemill("dataflow", "dates.py:2", "-o", name)
        assert (code, out) == (0, "")
        assert f"wrote {name}" in err
    assert ET.parse(tree / "a.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own text
    assert (tree / "a.dot").read_text().startswith("digraph")
    assert json.loads((tree / "a.json").read_text())["name"] == "parse_iso_date"


def test_dataflow_reports_what_could_not_be_parsed(tidemill: Run, tree: Path) -> None:
    (tree / "broken.py").write_text("def f(a):\n    b = = (\n    return b\n")
    code, _, err = tidemill("dataflow", "broken.py:f")
    assert code == 0
    assert "could not be parsed; edges may be missing" in err


def test_status(indexed: Run) -> None:
    code, out, _ = indexed("status", "--skipped")
    assert code == 0
    facts = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines()[:9]}
    assert facts["files"] == "1 (all fresh)"
    assert facts["journal"] == "2 files finished = 2 in the index"
    assert facts["skipped"] == "binary 1"
    assert out.splitlines()[-1].startswith("photo.bin  binary: ")
    assert loaded(indexed("status", "--json"))["agrees"] is True


def test_doctor(indexed: Run) -> None:
    code, out, _ = indexed("doctor")
    assert code == 0
    assert all(line[:4] in {"ok  ", "warn", "FAIL", "    "} for line in out.splitlines())
    assert loaded(indexed("doctor", "--json"))["healthy"] is True


def test_doctor_fails_on_a_damaged_store(indexed: Run, tree: Path) -> None:
    (tree / ".tidemill" / "index.db").write_bytes(b"\xa5" * 10_000)
    code, out, _ = indexed("doctor")
    assert code == 1
    assert "FAIL  store" in out


def test_config_show(tidemill: Run) -> None:
    code, out, _ = tidemill("config", "show")
    assert code == 0
    assert any(
        line.split() == ["workers", "1", "environment", "TIDEMILL_WORKERS"]
        for line in out.splitlines()
    )
    assert loaded(tidemill("config", "show", "--json"))["workers"]["value"] == 1


def test_a_wrong_setting_is_a_usage_error(tidemill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMILL_WORKRES", "2")
    code, _, err = tidemill("config", "show")
    assert code == 2
    assert "TIDEMILL_WORKERS" in err


def test_eval_search(tidemill: Run, tree: Path) -> None:
    (tree / "many.py").write_text(
        "".join(
            f'def turn_{word}(x):\n    """Turn the {word} of the mill around."""\n'
            f"    total = x + {number}\n    total = total * {number}\n    return total\n\n"
            for number, word in enumerate(["wheel", "stone", "gate", "sluice"])
        )
    )
    code, out, _ = tidemill("eval", "search", "many.py", "--candidates", "4")
    assert code == 0
    assert "MRR" in out
    facts = loaded(tidemill("eval", "search", "many.py", "--json"))
    assert [variant["variant"] for variant in facts["variants"]] == [
        "as written",
        "without own name",
    ]


def test_names_of_files_cannot_move_the_cursor(tidemill: Run, tree: Path) -> None:
    odd = os.fsdecode(b"bad\xff\x1b[2J\nname.py")
    (tree / odd).write_text("def unmistakable(): pass\n")
    assert tidemill("index")[0] == 0
    code, out, _ = tidemill("search", "unmistakable")
    assert code == 0
    assert out.startswith("bad\\udcff\\x1b[2J\\nname.py:1  ")
    hit = loaded(tidemill("search", "unmistakable", "--json"))["hits"][0]
    assert (tree / hit["path"]).exists()


def test_selftest_prints_its_trials_and_fails_with_them(
    tidemill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = (
        Trial(name="one thing", verdict="ok", found="fine"),
        Trial(name="another", verdict="fail", found="broken"),
    )
    report = SelftestReport(trials=trials, kills=3, survived=1, seconds=2.0)
    monkeypatch.setattr(selftest, "run_selftest", lambda **_: report)
    code, out, _ = tidemill("selftest", "--kills", "3")
    assert code == 1
    assert out.splitlines()[:2] == ["ok    one thing  fine", "fail  another    broken"]
    assert "3 killed, 1 finished first, in 2 s" in out
    facts = loaded(tidemill("selftest", "--json"))
    assert facts["passed"] is False
    assert facts["report"]["trials"][1]["found"] == "broken"


@pytest.mark.slow
def test_demo_shows_every_scene(
    tidemill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for name in ("heapq.py", "shutil.py", "datetime.py"):
        shutil.copy(Path(sysconfig.get_path("stdlib")) / name, library)
    monkeypatch.setattr(demo, "demonstrate", partial(demonstrate, library=library))
    code, out, _ = tidemill("demo", "--verify", "--store", str(tmp_path / "d" / ".tidemill"))
    assert code == 0, out
    for words in (
        f"tidemill {__version__}",
        "copy a directory tree?",
        "copytree",
        "why: ",
        "data flow of heapq.py:_siftup",
        "picture: ",
        "journal, rows and postings agree",
        "what next",
    ):
        assert words in out
    assert "FAIL" not in out


def test_an_ending_that_names_no_format_is_refused(tidemill: Run, tmp_path: Path) -> None:
    picture = tmp_path / "flow.png"
    code, _, err = tidemill("dataflow", "dates.py", "--output", str(picture))
    assert code == 2
    assert "no format goes with the ending .png" in err
    assert not picture.exists()


@pytest.mark.parametrize("words", [("index", ""), ("dataflow", "")])
def test_an_empty_path_is_refused(tidemill: Run, words: tuple[str, ...]) -> None:
    code, out, err = tidemill(*words)
    assert (code, out) == (2, "")
    assert "a path is empty" in err


def test_a_device_is_no_place_to_index(tidemill: Run) -> None:
    code, _, err = tidemill("index", "/dev/null")
    assert code == 3
    assert "/dev/null: it is a character device" in err
    assert not Path("/dev/.tidemill").exists()


def test_filters_that_let_nothing_through_say_so(indexed: Run) -> None:
    code, _, err = indexed("search", "date", "--path", "nowhere")
    assert code == 1
    assert "let none of these files through" in err
    assert "let none" not in indexed("search", "zebra", "--path", "dates.py")[2]


def test_a_language_is_found_by_its_ending(indexed: Run) -> None:
    for name, meant in (("py", "python"), ("JS", "javascript"), ("Pyton", "python")):
        code, _, err = indexed("search", "date", "--lang", name)
        assert code == 2
        assert f"Did you mean {meant}?" in err


def test_an_unfinished_index_is_called_so(indexed: Run, tree: Path) -> None:
    with Store(tree / FOLDER).writer() as writer:
        writer.begin()
    for words in (("search", "date"), ("status",)):
        _, out, err = indexed(*words)
        assert "not all is indexed" in out + err
    assert loaded(indexed("status", "--json"))["unfinished"] is True
    indexed("index")
    assert "not all is indexed" not in indexed("search", "date")[2]


def test_status_lists_what_could_not_be_parsed(tidemill: Run, tree: Path) -> None:
    (tree / "broken.py").write_text("def f(:\n    pass\n\n\ndef g(): return 1\n")
    tidemill("index")
    tidemill("index")
    _, out, _ = tidemill("status", "--skipped")
    assert "broken.py" in out
    assert "unparsable: line" in out
    (file,) = loaded(tidemill("status", "--json"))["unparsable"]
    assert file["path"] == "broken.py"


def test_output_may_be_standard_output(tidemill: Run, tree: Path) -> None:
    code, out, _ = tidemill("dataflow", "dates.py:weekday", "-o", "-", "--format", "svg")
    assert code == 0
    assert out.startswith("<svg")
    assert not (tree / "-").exists()
