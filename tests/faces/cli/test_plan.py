import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faces.cli.loading import loaded
from tidemill.sparsity import kernels

Run = Callable[..., tuple[int, str, str]]

CONFIG = {
    "model_type": "roberta",
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 60,
    "max_position_embeddings": 66,
}


@pytest.fixture
def config(tree: Path) -> Path:
    path = tree / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


@pytest.mark.parametrize("arguments", [("plan", "--help"), ("plan", "search-code")])
def test_help_and_counts_load_no_torch(arguments: tuple[str, ...]) -> None:
    assert not {"torch", "rich"} & loaded(*arguments)


def test_blocks_of_one_shape_are_one_row(tidemill: Run, config: Path) -> None:
    code, out, err = tidemill("plan", config.name, "--tokens", "100")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "config config.json: 2:8 by bdwp, fp32, 100 tokens a step"
    cells = lines[2].split()
    assert cells[0] == "encoder.layer.0-2.attention.self.query"
    assert cells[1:5] == ["32", "x", "32", "2:8"]
    assert cells[5:9] == ["76.8", "k", "76.8", "k"]
    assert sum(line.startswith("encoder.layer.") for line in lines) == 6
    assert (
        "dense: encoder.layer.0-2.intermediate.dense: its 60 outputs do not divide into groups of 8"
        in lines
    )
    assert lines[-1].startswith("12 of 18 layers at 2:8 leave ")


def test_json_has_every_layer(tidemill: Run, config: Path) -> None:
    code, out, err = tidemill("plan", str(config), "--sparsity", "2:4", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert len(facts["layers"]) == 18
    assert (facts["sparsity"], facts["tokens"], facts["here"]) == ("2:4", 1024, None)
    layer = facts["layers"][0]
    assert layer["macs"]["planned"] == {
        "forward": 512 * 1024,
        "backward": 512 * 1024,
        "update": 1024 * 1024,
    }
    assert facts["totals"]["bound"] == 1.5
    assert facts["summary"].startswith("18 of 18 layers")


@pytest.mark.skipif(not kernels.available(), reason=f"no kernels: {kernels.why_not()}")
def test_what_was_tried_out_is_drawn(tidemill: Run, config: Path) -> None:
    options = ("--here", "--threads", "1", "--tokens", "64")
    code, out, _ = tidemill("plan", config.name, *options)
    assert code == 0
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("here: "))
    assert lines[start] == f"here: kernels for {kernels.isa()}, 1 thread; milliseconds"
    row = lines[start + 2]
    assert row.split()[:5] == ["32", "x", "32", "12", "64"]
    assert " > " in row
    assert row.endswith(("#  gains", "#  does not"))
    assert "predicted" in lines[-1]
    facts: Any = json.loads(tidemill("plan", config.name, *options, "--json")[1])
    assert facts["here"]["threads"] == 1
    assert facts["layers"][0]["here"]["gains"] in {True, False}


def test_without_kernels_the_error_has_its_code(
    tidemill: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "why_not", lambda: "off")
    code, out, err = tidemill("plan", config.name, "--here")
    assert (code, out) == (3, "")
    assert "no native kernels (off)" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("search-none",), 3),
        (("dates.py",), 3),
        (("",), 2),
        (("config.json", "--sparsity", ""), 2),
        (("broken.json",), 3),
        (("config.json", "--sparsity", "9:8"), 2),
        (("config.json", "--sparsity", "two"), 2),
        (("config.json", "--tokens", "0"), 2),
        (("config.json", "--tokens", "many"), 2),
        (("config.json", "--threads", "1"), 2),
        (("config.json", "--here", "--threads", "0"), 2),
        (("config.json", "--method", "magic"), 2),
        (("config.json", "--precision", "fp8"), 2),
    ],
    ids=str,
)
def test_errors_have_their_codes_and_say_so_in_json_too(
    tidemill: Run, config: Path, words: tuple[str, ...], code: int
) -> None:
    (config.parent / "broken.json").write_text('{"model_type": "roberta", "hidden_size": 1}')
    said = tidemill("plan", *words)
    assert said[:2] == (code, "")
    assert said[2]
    assert "Traceback" not in said[2]
    as_json = tidemill("plan", *words, "--json")
    assert as_json[0] == code
    assert json.loads(as_json[1])["exit_code"] == code
