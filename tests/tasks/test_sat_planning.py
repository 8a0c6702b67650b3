import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.experts.drafts import packed, sparse_draft
from tidemill.core.errors import CapacityError, InputError, SettingError
from tidemill.core.settings import Settings
from tidemill.hardware.sat.part import UNITS
from tidemill.hardware.workload.gemm import STAGES
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.tasks.sat_planning import MACHINES, SatPlan, SatPlanOptions, plan_sat
from tidemill.training.recipe import builtin_recipes

Plan = Callable[..., SatPlan]

ENCODER = {
    "model_type": "roberta",
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
}


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plans in an empty folder with no experts but those that come along."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(ENCODER))
    (tmp_path / "one.csv").write_text("Layer, M, N, K\none, 1, 1, 1\n")
    (tmp_path / "net.csv").write_text("Layer, M, N, K\na, 96, 128, 64\nb, 96, 64, 128, 2:4\n")
    settings = Settings(experts=tmp_path / "experts")

    def plan(model: str, sparsity: str | None = None, **options: Any) -> SatPlan:
        return plan_sat(model, sparsity, options=SatPlanOptions(**options), settings=settings)

    return plan


@pytest.mark.parametrize("name", [*NETWORKS, *builtin_recipes(), "config.json", "net.csv"])
def test_whatever_can_be_planned_can_be_planned_on_a_machine(planned: Plan, name: str) -> None:
    plan = planned(name, batch=1)
    assert plan.model == name
    assert plan.batch == 1
    assert plan.speedup > 0
    assert plan.ideal_speedup > 0
    assert plan.sparse.macs <= plan.dense.macs == plan.dense.dense_macs
    assert plan.dense.dense_macs == plan.sparse.dense_macs == plan.sparse.network.macs


@pytest.mark.parametrize(
    ("name", "source", "example"),
    [
        ("resnet9", "network", "image"),
        ("search-code", "expert", "text"),
        ("images-vit", "recipe", "image"),
        ("config.json", "config", "text"),
        ("net.csv", "topology", "text"),
    ],
)
def test_a_plan_says_what_it_is_of(planned: Plan, name: str, source: str, example: str) -> None:
    plan = planned(name)
    assert (plan.source, plan.example) == (source, example)
    assert plan.notes == plan.sparse.network.notes


def test_a_batch_is_as_the_model_says_else_about_as_many_rows(planned: Plan) -> None:
    assert planned("resnet9").batch == 512
    assert planned("resnet50").batch == 256
    assert planned("net.csv").batch == 1
    # 64 tokens an example, 16,384 in a step.
    assert planned("config.json").batch == 256
    assert planned("config.json", batch=3).batch == 3
    three, six = (planned("config.json", batch=number).dense.macs for number in (3, 6))
    assert six == 2 * three
    with pytest.raises(SettingError, match="a batch of 0 examples"):
        planned("config.json", batch=0)


def test_sparsity_is_as_asked_else_as_the_model_says_else_2_of_8(
    planned: Plan, tmp_path: Path
) -> None:
    assert str(planned("resnet9").sparse.options.pattern) == "2:8"
    assert str(planned("net.csv").sparse.options.pattern) == "2:4"
    assert str(planned("net.csv", "2:8").sparse.options.pattern) == "2:8"
    plan = planned(str(packed(tmp_path / "made", sparse_draft("2:4")).folder))
    assert (plan.source, plan.model) == ("expert", "search-encoder")
    assert str(plan.sparse.options.pattern) == "2:4"


def test_the_method_is_as_asked_else_bdwp(planned: Plan) -> None:
    assert planned("resnet9").sparse.options.method == "bdwp"
    assert planned("resnet9", method="sdgp").sparse.options.method == "sdgp"
    with pytest.raises(SettingError, match="there is no method 'magic'"):
        planned("resnet9", method="magic")


def test_dense_is_planned_the_same_way_but_for_the_method(planned: Plan) -> None:
    plan = planned("resnet9", schedule="ws", interleave=False, pregenerate=False)
    for step in (plan.dense, plan.sparse):
        options = step.options
        assert (options.schedule, options.interleave, options.pregenerate) == ("ws", False, False)
        flows = {part.scheduled.mapping.dataflow for part in step.parts if part.scheduled}
        assert flows == {"ws"}
    assert plan.dense.options.method == "dense"
    assert planned("resnet9", method="dense").speedup == 1.0


def test_changes_of_the_machine_are_planned_with(planned: Plan) -> None:
    usual = planned("resnet9")
    small = planned("resnet9", changes={"array.rows": 16})
    assert small.machine.engine.array.rows == 16
    assert small.machine.constants["array.rows"].source == "asked for, instead of 32"
    assert small.sparse.cycles > usual.sparse.cycles
    assert small.resources.dsps < usual.resources.dsps
    with pytest.raises(SettingError, match=r"no constant 'array\.row'"):
        planned("resnet9", changes={"array.row": 16})


def test_a_machine_may_be_a_file_or_have_a_short_name(planned: Plan, tmp_path: Path) -> None:
    assert planned("resnet9", machine="sat").machine.name == MACHINES["sat"]
    assert planned("resnet9", machine="sat-vcu1525").machine.name == "sat-vcu1525"
    (tmp_path / "mine.toml").write_text('kind = "sat"\nname = "mine"\nabout = "Mine."\n')
    with pytest.raises(InputError, match=r"mine\.toml: array\.accumulate_latency: it is missing"):
        planned("resnet9", machine=tmp_path / "mine.toml")
    with pytest.raises(InputError, match="there is no machine 'tpu'"):
        planned("resnet9", machine="tpu")


def test_a_layer_that_does_not_fit_is_named(planned: Plan) -> None:
    with pytest.raises(CapacityError, match="classifier, forward: a product of 512 x 512 x 10"):
        planned("resnet9", changes={"buffers.left_bytes": 32})


def test_a_plan_is_json(planned: Plan) -> None:
    plan = planned("resnet9")
    facts: Any = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert facts["speedup"] == plan.dense.cycles / plan.sparse.cycles
    assert facts["ideal_speedup"] == plan.dense.ideal / plan.sparse.ideal
    for side, step in (("dense", plan.dense), ("sparse", plan.sparse)):
        total, parts = facts[side], facts["parts"][side]
        assert total["cycles"] == step.cycles == sum(part["cycles"] for part in parts)
        assert total["cycles"] == sum(total["phases"][phase] for phase in STAGES)
        assert total["cycles"] == sum(total["units"][unit] for unit in UNITS)
        assert total["macs"] == sum(part["macs"] or 0 for part in parts)
        assert total["seconds"] == step.cycles / 200e6
    assert facts["constants"]["array.rows"] == {
        "value": 32,
        "unit": "",
        "status": "inferred",
        "source": "32 lanes of SORE suggest 32 elements side by side;"
        " so does a recollection of the paper",
    }
    told = (facts["sparsity"], facts["method"], facts["schedule"], facts["batch"], facts["machine"])
    assert told == ("2:8", "bdwp", "best", 512, "sat-vcu1525")
    assert facts["resources"]["shares"]["memory_bytes"] == 3 * 4_194_304 / 43_200_000


def test_an_array_of_one_element_and_a_product_of_one_number(planned: Plan) -> None:
    plan = planned("one.csv", changes={"array.rows": 1, "array.columns": 1})
    assert plan.sparse.ideal == 0
    assert plan.ideal_speedup == 1.0


def test_the_longest_products_are_explained(planned: Plan) -> None:
    plan = planned("resnet9")
    dense, sparse = plan.explanations
    assert dense.part in plan.dense.parts
    assert sparse.part in plan.sparse.parts
    assert sparse.numbers["cycles"] == sparse.part.cycles
