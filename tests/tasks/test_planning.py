import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.experts.drafts import edit_manifest, encoder_draft, packed, sparse_draft
from tidemill.core.clock import FixedClock
from tidemill.core.errors import ExpertError, InputError, SettingError, TidemillError
from tidemill.core.settings import Settings
from tidemill.models.config import EncoderConfig
from tidemill.models.convolution import ConvolutionConfig
from tidemill.sparsity import kernels
from tidemill.sparsity.cost import packed_weight_bytes
from tidemill.sparsity.pattern import NMPattern
from tidemill.tasks.plan_report import SparsityPlan
from tidemill.tasks.plan_trial import TOKENS_TRIED
from tidemill.tasks.planned_models import CONVOLUTION_SIZES
from tidemill.tasks.planning import PlanOptions, plan_sparsity
from tidemill.training.recipe import builtin_recipes

Plan = Callable[..., SparsityPlan]

ENCODER = {
    "model_type": "roberta",
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
}
RECIPE = """\
name = "search-mine"
task = "search"
corpus = "mine"
{more}
[model]
kind = "{kind}"
{model}
"""
STAGE = '\n[[stages]]\nobjectives = ["search"]\nsteps = 1\n'

with_kernels = pytest.mark.skipif(
    not kernels.available(), reason=f"no kernels: {kernels.why_not()}"
)


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plans in an empty folder with no experts but those that come along."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(experts=tmp_path / "experts")

    def plan(model: str, sparsity: str | None = None, **options: Any) -> SparsityPlan:
        return plan_sparsity(model, sparsity, options=PlanOptions(**options), settings=settings)

    return plan


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(ENCODER))
    return str(path)


def recipe(tmp_path: Path, kind: str = "encoder", more: str = "", model: str = "") -> str:
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.format(kind=kind, more=more, model=model) + STAGE)
    return str(path)


@pytest.mark.claim("bdwp.plan")
def test_counts_are_exact(planned: Plan, config: str) -> None:
    plan = planned(config, "2:8", tokens=100)
    assert [layer.sparsity for layer in plan.layers] == ["2:8"] * 12
    wide = {layer.name: layer for layer in plan.layers}["encoder.layer.1.intermediate.dense"]
    product = 100 * 32 * 64
    assert (wide.dense.forward, wide.dense.backward, wide.dense.update) == (product,) * 3
    quarter = product // 4
    assert (wide.planned.forward, wide.planned.backward) == (quarter, quarter)
    assert wide.planned.update == product
    assert wide.dense.forward_bytes == 4 * 32 * 64
    assert wide.planned.forward_bytes == packed_weight_bytes((64, 32), NMPattern(2, 8), 4)
    totals = plan.totals
    assert totals.dense_macs == 3 * 100 * 2 * (4 * 32 * 32 + 2 * 32 * 64)
    assert Fraction(totals.planned_macs, totals.dense_macs) == Fraction(1, 2)
    assert totals.bound == 2.0
    assert plan.attention_macs == 3 * 2 * 100 * 2 * 64 * 32


@pytest.mark.parametrize(
    ("spec", "bound"),
    [
        (("2:4", "bdwp"), 1.5),
        (("2:8", "bdwp"), 2.0),
        (("2:16", "bdwp"), 2.4),
        (("2:8", "srste"), 4 / 3),
        (("2:8", "sdgp"), 4 / 3),
        (("2:8", "sdwp"), 4 / 3),
    ],
)
def test_bounds_are_those_of_the_method(
    planned: Plan, config: str, spec: tuple[str, str], bound: float
) -> None:
    sparsity, method = spec
    assert planned(config, sparsity, method=method).totals.bound == pytest.approx(bound)


def test_half_the_bytes_in_bf16(planned: Plan, config: str) -> None:
    layer = planned(config, "2:8", precision="bf16").layers[0]
    assert layer.planned.forward_bytes / layer.dense.forward_bytes == 38 / 128


def test_a_layer_that_does_not_divide_stays_dense_with_a_remedy(
    planned: Plan, tmp_path: Path
) -> None:
    (tmp_path / "c.json").write_text(json.dumps(ENCODER | {"intermediate_size": 60}))
    plan = planned("c.json", "2:8")
    dense = [layer for layer in plan.layers if not layer.is_sparse]
    assert [layer.name.split(".")[3] for layer in dense] == ["intermediate", "output"] * 2
    assert dense[0].reason == "its 60 outputs do not divide into groups of 8"
    assert dense[1].reason == "its 60 inputs do not divide into groups of 8"
    assert "M divides 60" in dense[0].remedy
    assert "a width such as 64" in dense[0].remedy
    assert dense[0].planned == dense[0].dense
    assert 1 < plan.totals.bound < 2
    # SR-STE leaves the input's gradient as it is: outputs need not divide.
    srste = planned("c.json", "2:8", method="srste")
    assert sum(not layer.is_sparse for layer in srste.layers) == 2


@pytest.mark.parametrize(("sparsity", "method"), [("8:8", "bdwp"), ("2:8", "dense")])
def test_what_drops_nothing_saves_nothing(
    planned: Plan, config: str, sparsity: str, method: str
) -> None:
    plan = planned(config, sparsity, method=method)
    assert plan.totals.bound == 1
    assert plan.findings == ("No layer can be sparse: nothing is saved.",)


@pytest.mark.parametrize("name", [*builtin_recipes(), "clones-c", "search-tokens"])
def test_what_comes_along_can_be_planned(planned: Plan, name: str) -> None:
    plan = planned(name)
    assert plan.layers
    assert plan.sparsity == "2:8"
    assert plan.to_dict()["summary"]


def test_a_recipe_has_the_products_of_its_expert(planned: Plan) -> None:
    path = str(builtin_recipes()["search-code"])
    by_recipe, by_expert = planned(path), planned("search-code")
    assert (by_recipe.source, by_expert.source) == ("recipe", "expert")
    assert by_recipe.layers == by_expert.layers
    assert len(by_expert.sparse_layers) == 24
    clones = str(builtin_recipes()["clones-c"])
    assert planned(clones).layers == planned("clones-c").layers


def test_convolutions_are_of_the_size_that_training_makes() -> None:
    made = ConvolutionConfig(vocab_size=1)
    assert {name: getattr(made, name) for name in CONVOLUTION_SIZES} == CONVOLUTION_SIZES


def test_what_a_recipe_says_holds_where_nobody_says_otherwise(
    planned: Plan, tmp_path: Path
) -> None:
    more = 'sparsity = "1:4"\nmethod = "srste"\nprecision = "bf16"'
    path = recipe(tmp_path, more=more)
    plan = planned(path)
    assert (plan.sparsity, plan.method, plan.precision) == ("1:4", "srste", "bf16")
    plan = planned(path, "2:4", method="bdwp", precision="fp32")
    assert (plan.sparsity, plan.method, plan.precision) == ("2:4", "bdwp", "fp32")


def test_images_of_a_recipe_are_assumed_and_that_is_said(planned: Plan, tmp_path: Path) -> None:
    assert planned("images-resnet9").notes[0].startswith("32 x 32 pixels")
    path = recipe(tmp_path, kind="vit", model="patch = 7\nwidth = 32")
    plan = planned(path)
    assert plan.notes[0].startswith("35 x 35 pixels")
    assert (plan.unit, plan.layers[0].rows) == ("patches", 1024)


def test_an_encoder_decoder_of_a_recipe_can_be_planned(planned: Plan, tmp_path: Path) -> None:
    model = 'size = "mini"\nmax_tokens = 40\nmax_target_tokens = 12\nwindow = 20'
    path = recipe(tmp_path, kind="seq2seq", model=model)
    plan = planned(path, "2:8", tokens=400)
    rows = {layer.name: layer.rows for layer in plan.layers}
    # 4 layers that read, with 6 products each, and 2 that write, with 10.
    assert len(rows) == len(plan.sparse_layers) == 4 * 6 + 2 * 10
    assert rows["encoder.block.3.layer.1.DenseReluDense.wi"] == 400
    assert rows["decoder.block.1.layer.2.DenseReluDense.wo"] == 120
    assert rows["decoder.block.0.layer.1.EncDecAttention.v"] == 400
    assert plan.totals.bound == 2.0
    with pytest.raises(InputError, match="size bag is none of an encoder-decoder"):
        planned(recipe(tmp_path, kind="seq2seq", model='size = "bag"'))


def test_a_sparse_expert_says_its_pattern(planned: Plan, tmp_path: Path) -> None:
    folder = packed(tmp_path / "made", sparse_draft("2:4")).folder
    plan = planned(str(folder))
    assert (plan.model, plan.sparsity) == ("search-encoder", "2:4")
    packed(tmp_path / "experts", encoder_draft())
    assert planned("search-encoder").sparsity == "2:8"


def test_a_folder_with_a_config_will_do(planned: Plan, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "config.json").write_text(json.dumps(ENCODER))
    assert planned("hf").source == planned("./hf").source == "config"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not strict JSON"),
        ("[]", "an object is wanted"),
        ("{}", "model_type is None"),
        (json.dumps(ENCODER | {"hidden_size": 33}), "heads do not divide"),
        (json.dumps(ENCODER | {"hidden_size": 10**20 * 2}), "larger than"),
        (json.dumps({"model_type": "roberta"}), "missing"),
    ],
)
def test_a_damaged_config_is_refused(planned: Plan, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ExpertError, match=reason):
        planned("c.json")


def test_a_damaged_expert_is_refused(planned: Plan, tmp_path: Path) -> None:
    package = packed(tmp_path / "experts", encoder_draft())
    edit_manifest(package, sparsity="2:64")
    with pytest.raises(ExpertError, match="2:64"):
        planned("search-encoder")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExpertError, match=r"expert\.json is missing"):
        planned("empty")


@pytest.mark.parametrize("word", ["search-none", "nowhere/config.json", "", "notes.txt"])
def test_an_unknown_model_says_what_is_one(planned: Plan, tmp_path: Path, word: str) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(TidemillError) as refused:
        planned(word)
    if word:
        assert isinstance(refused.value, InputError)
        assert "MODEL is" in str(refused.value)


def test_a_recipe_that_cannot_be_is_refused(planned: Plan, tmp_path: Path) -> None:
    path = recipe(tmp_path, kind="vit", model="width = 30\nheads = 7")
    with pytest.raises(InputError, match="7 heads do not divide"):
        planned(path)


@pytest.mark.parametrize("sparsity", ["2", "9:8", "0:8", "2:64", "x", "2:8:3"])
def test_a_bad_pattern_is_refused(planned: Plan, config: str, sparsity: str) -> None:
    with pytest.raises(SettingError):
        planned(config, sparsity)


@pytest.mark.parametrize(
    "options",
    [
        {"tokens": 0},
        {"tokens": -1},
        {"tokens": 1 << 40},
        {"threads": 0},
        {"threads": 1 << 20},
        {"precision": "fp8"},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"method": "magic"},
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(
    planned: Plan, config: str, options: dict[str, Any]
) -> None:
    with pytest.raises(SettingError):
        planned(config, **options)


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def advance(self, done: int, total: int | None, note: str) -> None:
        self.notes.append(f"{done}/{total} {note}")


@with_kernels
@pytest.mark.claim("bdwp.plan")
def test_every_shape_is_tried_out_once(config: str, clock: FixedClock) -> None:
    told = Told()
    options = PlanOptions(here=True, tokens=32, threads=1, seconds=0)
    plan = plan_sparsity(config, "2:8", options=options, progress=told, clock=clock)
    assert told.notes == ["0/3 32 x 32", "1/3 64 x 32", "2/3 32 x 64", "3/3 "]
    assert plan.machine is not None
    assert (plan.machine.instruction_set, plan.machine.threads) == (kernels.isa(), 1)
    tokens = sorted({32, *TOKENS_TRIED})
    assert all(layer.times for layer in plan.layers)
    first = plan.layers[0]
    assert first.times is not None
    assert [own.tokens for own in first.times.passes] == tokens
    # On a clock that stands still nothing is faster than anything.
    assert first.gain == pytest.approx(0.75)
    assert first.gains is False
    assert plan.predicted == pytest.approx(0.75)
    assert "0 of 12 gain at 32 tokens" in plan.findings[1]


@with_kernels
def test_the_prediction_adds_up_what_was_measured(planned: Plan, tmp_path: Path) -> None:
    facts = EncoderConfig(**_known(ENCODER), projection_size=8, max_tokens=64).to_dict()
    (tmp_path / "c.json").write_text(json.dumps(facts))
    plan = planned("c.json", "2:8", here=True, tokens=64, threads=1, seconds=0)
    dense = planned_seconds = 0.0
    for layer in plan.layers:
        assert layer.times is not None
        own = layer.times.at(layer.rows)
        dense += own.dense_forward + own.dense_backward + own.update
        planned_seconds += own.sparse_forward + own.sparse_backward + own.update
        planned_seconds += layer.times.pack_seconds
    assert plan.predicted == pytest.approx(dense / planned_seconds)
    last = plan.layers[-1]
    assert (last.name, last.rows, last.gain, last.gains) == ("projection", 1, None, None)
    facts = plan.to_dict()
    assert isinstance(facts["layers"], list)
    assert facts["layers"][0]["here"]["times"][-1]["tokens"] == TOKENS_TRIED[-1]
    assert "gains_from" not in facts["layers"][-1]["here"]


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "model_type"}


@with_kernels
def test_convolutions_are_counted_and_not_tried_out(planned: Plan) -> None:
    plan = planned("images-resnet9", here=True, threads=1, seconds=0)
    assert [layer.name for layer in plan.layers if layer.times] == ["classifier"]
    assert "convolutions are counted and not tried out" in plan.notes[1]
    assert plan.findings[1].startswith("None of them has kernels")


def test_without_kernels_it_says_what_to_do(
    planned: Plan, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "why_not", lambda: "no compiler: install g++")
    with pytest.raises(TidemillError) as refused:
        planned(config, here=True)
    assert "no compiler: install g++" in refused.value.message
    assert "tidemill.core.native" in str(refused.value.hint)
    assert planned(config).machine is None


@with_kernels
@pytest.mark.parametrize(
    ("noise", "load", "is_told"), [(1.1, 0.0, False), (3.2, 0.0, True), (1.0, 1e4, True)]
)
def test_a_busy_machine_is_told(
    config: str, monkeypatch: pytest.MonkeyPatch, noise: float, *, load: float, is_told: bool
) -> None:
    monkeypatch.setattr("tidemill.sparsity.timing._noise", lambda _: noise)
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    plan = plan_sparsity(config, options=PlanOptions(here=True, threads=1, seconds=0))
    told = [note for note in plan.notes if note.startswith("this machine is busy")]
    assert bool(told) is is_told
    assert all(f"{noise:.1f} times as long as at best" in note for note in told)
