import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
@pytest.mark.claim("bdwp.sat.reproduction")
def test_reproduce_says_what_is_published_ours_assumed_and_fitted(tidemill: Run) -> None:
    code, out, _ = tidemill("reproduce", "sat")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "SAT (arXiv 2309.13015) on sat-vcu1525"
    ours = next(line for line in lines if line.startswith("average speed-up"))
    assert "1.857x" in ours
    assert "more than 5% off" in ours
    assert "fitted: dram.bytes_per_second" in lines[3]
    assert sum("not recomputable" in line for line in lines) == 2
    assert any(line.startswith("vector.lanes") and "1.778x" in line for line in lines)
    assert any(line.startswith("clock.hertz") and "recalled" in line for line in lines)
    assert any(line.startswith("array.rows and array.columns") for line in lines)


@pytest.mark.slow
def test_reproduce_on_another_machine(tidemill: Run) -> None:
    code, out, _ = tidemill("reproduce", "sat", "--set", "vector.lanes=16", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["system"] == "sat"
    assert facts["average"] == pytest.approx(1.778, abs=1e-3)
    assert facts["constants"]["vector.lanes"]["source"] == "asked for, instead of 32"


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("reproduce", "tpu"), (2, "tpu")),
        (("reproduce", "sat", "--set", "array.rows"), (2, "is no change")),
        (("reproduce", "sat", "--on", "nowhere.toml"), (3, "there is no machine 'nowhere.toml'")),
        (("rtl", "export", "out", "--rows", "0"), (2, "rows 0")),
        (("rtl", "export", "out", "--sparsity", "9:8"), (2, "9 of 8 weights")),
        (("rtl", "export", "out", "--latency", "9"), (2, "an adder of 9 stages")),
        (("rtl", "export", "out", "--check", "modelsim"), (2, "modelsim")),
    ],
)
def test_what_cannot_be_is_said(
    tidemill: Run, tree: Path, arguments: tuple[str, ...], refusal: tuple[int, str]
) -> None:
    code, out, err = tidemill(*arguments)
    assert code == refusal[0]
    assert refusal[1] in out + err
    assert not (tree / "out").exists()


def test_what_cannot_be_checked_is_said_before_anything_is_written(
    tidemill: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("amaranth")
    monkeypatch.setenv("PATH", str(tree))
    code, _, err = tidemill("rtl", "export", "out", "--check", "icarus")
    assert code == 5
    assert "apt install iverilog" in err
    assert not (tree / "out").exists()


def test_a_check_needs_a_testbench(tidemill: Run, tree: Path) -> None:
    pytest.importorskip("amaranth")
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    code, _, err = tidemill("rtl", "export", "out", "--check", "icarus", "--no-testbench")
    assert code == 2
    assert "--check has nothing to run" in err
    assert not (tree / "out").exists()


def test_rtl_is_written_and_listed(tidemill: Run, tree: Path) -> None:
    pytest.importorskip("amaranth")
    code, out, err = tidemill("rtl", "export", "out", "--no-testbench", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["design"]["pattern"] == "2:8"
    assert {Path(path).name for path in facts["files"]} >= {"uspe.v", "stce.v", "sore.v", "wuve.v"}
    assert all(Path(path).is_file() for path in facts["files"])
    code, _, err = tidemill("rtl", "export", "out")
    assert code == 2
    assert "out is not empty" in err
    (tree / "file").write_text("")
    code, _, err = tidemill("rtl", "export", "file")
    assert code == 3
    assert "this is no folder" in err


@pytest.mark.slow
@pytest.mark.claim("bdwp.rtl.verilog")
def test_rtl_is_checked_when_it_is_asked_for(tidemill: Run) -> None:
    pytest.importorskip("amaranth")
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    code, out, err = tidemill(
        "rtl", "export", "out", "--rows", "2", "--columns", "2", "--check", "icarus"
    )
    assert code == 0
    assert "4 elements, links of 8 numbers" in err
    assert out.splitlines()[-1].startswith("icarus: PASS ")
