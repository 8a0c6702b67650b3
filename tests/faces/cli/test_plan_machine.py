import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.faces.cli.loading import loaded
from tidemill.core.errors import SettingError
from tidemill.faces.cli.plan_machine import SHOWN, changes_of
from tidemill.hardware.machine.description import BUILT_IN, read_machine
from tidemill.hardware.sat.table import COLUMNS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def topology(tree: Path) -> Path:
    path = tree / "net.csv"
    path.write_text("Layer, M, N, K\nfirst, 96, 128, 64\nsecond, 96, 64, 128\n")
    return path


def test_help_loads_nothing_heavy() -> None:
    assert not loaded("--help") & {"torch", "numpy", "amaranth", "rich"}


@pytest.mark.parametrize("arguments", [("plan", "--help"), ("plan", "resnet9", "--on", "sat")])
def test_a_plan_on_a_machine_loads_no_torch_and_no_hardware_language(
    arguments: tuple[str, ...],
) -> None:
    assert not loaded(*arguments) & {"torch", "amaranth", "rich"}


def test_a_plan_shows_every_product_and_what_it_takes(tidemill: Run, topology: Path) -> None:
    code, out, err = tidemill("plan", topology.name, "--on", "sat", "--batch", "10")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "topology net.csv: 2:8 by bdwp, a batch of 10 on sat-vcu1525"
    assert lines[1].startswith("32 x 32 elements at 200 MHz; ")
    assert lines[2].split()[:5] == ["layer", "MACs", "of", "dense", "dataflow"]
    rows = [line.split() for line in lines[3:8]]
    assert [row[:2] for row in rows] == [
        ["first", "forward"],
        ["second", "forward"],
        ["second", "backward"],
        ["second", "update"],
        ["first", "update"],
    ]
    # Forward and backward of 10 x 96 x 128 x 64 keep a quarter.
    assert [row[4] for row in rows] == ["25%", "25%", "25%", "100%", "100%"]
    assert [row[2:4] for row in rows] == [["0.00", "G"]] * 3 + [["0.01", "G"]] * 2
    assert rows[3][-1] == "#" * 24 or rows[4][-1] == "#" * 24
    summary = next(line for line in lines if " times as fast as dense" in line)
    # 5 products, 3 of which keep a quarter: (2 + 3/4) / 5 of the work is left.
    assert summary.endswith("45.0% of the MACs are saved")
    # Three buffers of 4 MiB on a chip with 43.2 MB.
    (chip,) = (line for line in lines if line.startswith("of the chip: "))
    assert chip.endswith(" of its DSPs, 29% of its memory")


def test_totals_are_those_of_the_parts(tidemill: Run, topology: Path) -> None:
    shown = tidemill("plan", topology.name, "--on", "sat")[1].splitlines()
    facts: Any = json.loads(tidemill("plan", topology.name, "--on", "sat", "--json")[1])
    for name, side in (("dense", "dense"), ("2:8", "sparse")):
        total = facts[side]
        row = next(line for line in shown if line.startswith(f"{name} ")).split()
        units = total["units"]
        rest = units["pruner"] + units["updater"]
        cells = (*total["phases"].values(), units["array"], units["vector"], rest, total["cycles"])
        assert row[1:8] == [f"{cell:,}" for cell in cells]


def test_json_has_the_whole_plan(tidemill: Run) -> None:
    code, out, err = tidemill("plan", "resnet9", "--on", "sat", "--sparsity", "2:4", "--json")
    assert (code, err) == (0, "")
    facts: Any = json.loads(out, parse_constant=pytest.fail)
    assert (facts["model"], facts["source"], facts["batch"]) == ("resnet9", "network", 512)
    assert (facts["sparsity"], facts["method"], facts["machine"]) == ("2:4", "bdwp", "sat-vcu1525")
    assert facts["speedup"] > 1.3
    assert facts["dense"]["cycles"] > facts["sparse"]["cycles"]
    assert facts["parts"]["sparse"][0].keys() == set(COLUMNS)
    assert facts["constants"].keys() == read_machine("sat-vcu1525").constants.keys()


def test_options_are_heard(tidemill: Run) -> None:
    words = ("--method", "sdgp", "--batch", "2", "--dataflow", "ws", "--set", "array.rows=16")
    more = ("--no-interleave", "--no-pregenerate", "--set", "dram.efficiency=0.5", "--json")
    facts: Any = json.loads(tidemill("plan", "resnet9", "--on", "sat", *words, *more)[1])
    assert (facts["method"], facts["batch"], facts["schedule"]) == ("sdgp", 2, "ws")
    assert (facts["interleave"], facts["pregenerate"]) == (False, False)
    assert facts["constants"]["array.rows"]["value"] == 16
    assert facts["constants"]["dram.efficiency"]["value"] == 0.5
    assert {part["dataflow"] for part in facts["parts"]["sparse"]} == {"ws", ""}


def test_every_number_can_be_asked_for_its_equation_and_source(tidemill: Run) -> None:
    code, out, _ = tidemill("plan", "resnet9", "--on", "sat", "--explain")
    assert code == 0
    assert out.count("the longest ") == 2
    assert "  ideal array: (" in out
    assert "  with memory: first fetch + " in out
    assert "; T = " in out
    assert "  beside an ideal array: " in out
    for key, constant in read_machine("sat-vcu1525").constants.items():
        (row,) = (line for line in out.splitlines() if line.startswith(f"{key} "))
        assert constant.source in row
        assert f" {constant.status} " in row


def test_parts_are_written_as_csv(tidemill: Run, tree: Path) -> None:
    code, out, err = tidemill("plan", "resnet9", "--on", "sat", "--csv", "parts.csv")
    assert (code, err) == (0, "wrote parts.csv\n")
    read = list(csv.DictReader((tree / "parts.csv").read_text().splitlines()))
    assert tuple(read[0]) == COLUMNS
    total = f"{sum(int(row['cycles']) for row in read):,}"
    assert total in next(line for line in out.splitlines() if line.startswith("2:8 "))


def test_pictures_are_drawn_into_a_folder(tidemill: Run, tree: Path) -> None:
    said = tidemill("plan", "resnet9", "--on", "sat", "--pictures", "deep/pictures", "--json")
    assert said[0] == 0
    assert json.loads(said[1])["model"] == "resnet9"
    folder = tree / "deep" / "pictures"
    drawn = sorted(path.name for path in folder.iterdir())
    assert drawn == ["schedule.svg", "tiles.svg", "utilisation.svg"]
    for path in folder.iterdir():
        root = ET.fromstring(path.read_bytes())  # noqa: S314  drawn by ourselves
        assert root.tag.endswith("svg")
    _, _, err = tidemill("plan", "resnet9", "--on", "sat", "--pictures", "deep/pictures")
    assert err.splitlines() == [
        f"wrote deep/pictures/{name}.svg" for name in ("schedule", "utilisation", "tiles")
    ]


def test_the_largest_layers_can_be_drawn(tidemill: Run, topology: Path) -> None:
    side = 1 << 31
    topology.write_text(f"Layer, M, N, K\nlarge, {side}, {side}, {side}\n")
    words = ("--on", "sat", "--batch", str(side), "--pictures", "pictures")
    assert tidemill("plan", topology.name, *words)[0] == 0


@pytest.mark.parametrize("name", ["tab\there.csv", "escape\x1b[31m.csv", "bytes\udcff.csv"])
def test_models_may_be_called_anything(tidemill: Run, topology: Path, name: str) -> None:
    topology.rename(topology.parent / name)
    code, out, _ = tidemill("plan", name, "--on", "sat", "--pictures", "pictures")
    assert code == 0
    assert "\x1b" not in out
    for path in (topology.parent / "pictures").iterdir():
        ET.fromstring(path.read_bytes())  # noqa: S314  drawn by ourselves


def test_names_and_units_of_a_machine_move_no_cursor(tidemill: Run, tree: Path) -> None:
    text = (
        (BUILT_IN / "sat-vcu1525.toml")
        .read_text()
        .replace('name = "sat-vcu1525"', 'name = "a\\u001b[31mb"')
    )
    (tree / "mine.toml").write_text(text.replace('unit = "Hz"', 'unit = "\\u001b[31m"'))
    code, out, _ = tidemill("plan", "resnet9", "--on", "mine.toml", "--explain")
    assert code == 0
    assert "\x1b" not in out
    assert r"on a\x1b[31mb" in out.splitlines()[0]


def test_of_many_layers_as_many_are_shown_as_people_read(tidemill: Run, topology: Path) -> None:
    alike = "".join(f"l{number}, 96, 64, 64\n" for number in range(100))
    topology.write_text(f"Layer, M, N, K\n{alike}long, 960, 64, 64\n")
    lines = tidemill("plan", topology.name, "--on", "sat")[1].splitlines()
    left = lines.index(f"and {3 * 101 - 1 - SHOWN} more, none longer")
    assert left == 3 + SHOWN
    assert sum(line.startswith("long ") for line in lines) == 3


def test_a_machine_that_costs_no_energy_is_planned(tidemill: Run) -> None:
    parts = ("multiply", "accumulate", "buffer_byte", "dram_byte")
    words = [word for part in parts for word in ("--set", f"energy.{part}=0")]
    code, out, _ = tidemill("plan", "resnet9", "--on", "sat", *words)
    assert code == 0
    assert "1.00 times the examples for the same energy" in out


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (None, {}),
        (["array.rows=16"], {"array.rows": 16}),
        ([" array.rows =16"], {"array.rows": 16}),
        (["clock.hertz=300_000_000"], {"clock.hertz": 300_000_000}),
        (["clock.hertz=3e8"], {"clock.hertz": 300_000_000}),
        (["dram.efficiency=0.5", "a=0"], {"dram.efficiency": 0.5, "a": 0}),
        (["a=1", "a=2"], {"a": 2}),
    ],
    ids=str,
)
def test_changes_as_they_are_typed(words: list[str] | None, changes: dict[str, float]) -> None:
    found = changes_of(words)
    assert found == changes
    assert [type(value) for value in found.values()] == [type(one) for one in changes.values()]


@pytest.mark.parametrize("word", ["", "array.rows", "a=", "a=x", "a=-1", "a=nan", "a=inf", "a=1=2"])
def test_what_is_no_change_says_so(word: str) -> None:
    with pytest.raises(SettingError, match="is no change"):
        changes_of([word])


@pytest.mark.parametrize(
    "case",
    [
        (("--on", "tpu"), 3, "there is no machine 'tpu'"),
        (("--on", ""), 3, "there is no machine ''"),
        (("--on", "dates.py"), 3, "no TOML"),
        (("--on", "photo.bin"), 3, "no TOML"),
        (("--on", "."), 3, "Is a directory"),
        (("--on", "sat", "--set", "array.rows"), 2, "is no change"),
        (("--on", "sat", "--set", "array.row=3"), 2, "Is array.rows meant?"),
        (("--on", "sat", "--set", "array.rows=0"), 3, "array.rows: it is 0"),
        (("--on", "sat", "--set", "array.rows=1.5"), 3, "array.rows: it is 1.5"),
        (("--on", "sat", "--set", "dram.bytes_per_second=0"), 3, "it is 0"),
        (("--on", "sat", "--set", "dram.efficiency=5e-324"), 3, "It is a share"),
        (("--on", "sat", "--set", "energy.multiply=1e308"), 2, "energy.multiply is out of range"),
        (("--on", "sat", "--set", "vector.relu=1"), 2, "vector.relu is (0, 0)"),
        (("--on", "sat", "--set", "buffers.left_bytes=8"), 4, "first, forward: a product of "),
        (("--on", "sat", "--set", "buffers.result_bytes=8"), 3, "one sum of each of its 1,024"),
        (("--on", "sat", "--batch", "0"), 2, "a batch of 0 examples"),
        (("--on", "sat", "--batch", "many"), 2, "valid integer"),
        (("--on", "sat", "--sparsity", "9:8"), 2, "9:8"),
        (("--on", "sat", "--method", "magic"), 2, "there is no method 'magic'"),
        (("--on", "sat", "--dataflow", "is"), 2, "is"),
        (("--on", "sat", "--csv", "none/parts.csv"), 3, "none/parts.csv: No such file"),
        (
            ("--on", "sat", "--pictures", "dates.py"),
            3,
            "cannot make the folder dates.py: File exists",
        ),
        (("--on", "sat", "--here"), 2, "--here is not for --on"),
        (("--on", "sat", "--tokens", "8"), 2, "--tokens is not for --on"),
        (("--on", "sat", "--precision", "bf16"), 2, "--precision is not for --on"),
        (("--on", "sat", "--threads", "2"), 2, "--threads is not for --on"),
        (("--set", "array.rows=3"), 2, "--set is for --on"),
        (("--batch", "3"), 2, "--batch is for --on"),
        (("--dataflow", "best"), 2, "--dataflow is for --on"),
        (("--no-interleave",), 2, "--interleave is for --on"),
        (("--pregenerate",), 2, "--pregenerate is for --on"),
        (("--explain",), 2, "--explain is for --on"),
        (("--csv", "x.csv"), 2, "--csv is for --on"),
        (("--pictures", "x"), 2, "--pictures is for --on"),
    ],
    ids=str,
)
def test_errors_have_their_codes_and_say_so_in_json_too(
    tidemill: Run, topology: Path, case: tuple[tuple[str, ...], int, str]
) -> None:
    words, code, message = case
    said = tidemill("plan", topology.name, *words)
    assert said[:2] == (code, "")
    assert message in said[2]
    assert "Traceback" not in said[2]
    as_json = tidemill("plan", topology.name, *words, "--json")
    assert as_json[0] == code
    facts = json.loads(as_json[1])
    assert facts["exit_code"] == code
    assert message in f"{facts['message']}\n{facts['hint']}"


def test_a_model_that_is_unknown_names_networks(tidemill: Run) -> None:
    code, out, err = tidemill("plan", "resnet10", "--on", "sat")
    assert (code, out) == (3, "")
    assert "networks: resnet9, resnet18, " in err
    code, out, err = tidemill("plan", "dates.py", "--on", "sat")
    assert (code, out) == (3, "")
    assert "dates.py: no model" in err


def test_why_layers_stay_dense_is_said(tidemill: Run) -> None:
    code, out, _ = tidemill("plan", "resnet9", "--on", "sat", "--sparsity", "3:7")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("dense: layer1"))
    assert line.endswith(": its 64 inputs do not divide into groups of 7")
    code, out, _ = tidemill("plan", "resnet50", "--on", "sat", "--sparsity", "2:7", "--json")
    reasons = json.loads(out)["dense_layers"]
    assert sum(len(names) for names in reasons.values()) == 54
    code, out, _ = tidemill("plan", "resnet50", "--on", "sat", "--sparsity", "2:7")
    assert any(" more: its 64 inputs do not" in line for line in out.splitlines())
    code, out, _ = tidemill("plan", "resnet9", "--on", "sat", "--method", "dense")
    assert not [line for line in out.splitlines() if line.startswith("dense: ")]


def test_a_chip_without_room_is_said(tidemill: Run) -> None:
    changes = ("--set", "array.rows=64", "--set", "array.columns=64")
    code, out, _ = tidemill("plan", "resnet9", "--on", "sat", *changes)
    assert code == 0
    assert "the chip has no room for it: 279% of its LUTs" in out
