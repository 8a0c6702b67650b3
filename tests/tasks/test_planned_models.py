from pathlib import Path

import pytest

from tidemill.core.errors import ExpertError, InputError
from tidemill.core.settings import Settings
from tidemill.experts.registry import open_registry
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.tasks.planned_models import SAID_DENSE, PlannedModel, planned_model

CONVOLUTIONS = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
first, 34, 34, 3, 3, 3, 64, 1,
second, 34, 34, 3, 3, 64, 128, 2,
"""


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(word: str) -> PlannedModel:
    return planned_model(word, open_registry(Settings(experts=Path("experts"))))


def topology(*lines: str, name: str = "mine.csv") -> str:
    Path(name).write_text("\n".join(("Layer, M, N, K", *lines)))
    return name


@pytest.mark.parametrize("name", NETWORKS)
def test_published_networks_are_known_by_name(name: str) -> None:
    model = found(name)
    assert (model.name, model.source) == (name, "network")
    assert model.products is NETWORKS[name].products
    assert model.batch == NETWORKS[name].batch
    assert model.notes[0] == NETWORKS[name].source
    assert (model.sparsity, model.method, model.precision) == (None, None, None)


def test_a_file_of_that_name_does_not_hide_a_network() -> None:
    topology("a, 8, 8, 8", name="resnet9")
    assert found("resnet9").source == "network"
    with pytest.raises(InputError, match="no model"):
        found("./resnet9")


def test_what_there_is_not_names_what_there_is() -> None:
    with pytest.raises(InputError, match="there is no model 'resnet10'") as caught:
        found("resnet10")
    hint = caught.value.hint or ""
    assert all(name in hint for name in NETWORKS)
    assert "a topology file of SCALE-Sim (.csv)" in hint


def test_a_topology_of_products_is_a_model_of_one_example() -> None:
    model = found(topology("first, 96, 128, 64", "second, 96, 10, 128"))
    assert (model.name, model.source, model.batch) == ("mine.csv", "topology", 1)
    first, second = model.products.products
    assert (first.name, first.rows, first.inputs, first.outputs) == ("first", 96, 64, 128)
    assert (first.is_first, second.is_first) == (True, False)
    assert (model.sparsity, model.notes) == (None, ())


def test_a_topology_of_convolutions_is_one_of_images() -> None:
    Path("net.csv").write_text(CONVOLUTIONS)
    first, second = found("net.csv").products.products
    assert (first.contraction, first.outputs, first.rows) == (27, 64, 32 * 32)
    assert (second.stride, second.rows) == ((2, 2), 17 * 17)
    assert found("net.csv").products.example == "image"


def test_sparsity_of_a_topology_is_that_of_the_model() -> None:
    model = found(topology("a, 8, 8, 8, 2:4", "b, 8, 8, 8, 2:4"))
    assert (model.sparsity, model.notes) == ("2:4", ())
    assert not any(product.dense_because for product in model.products.products)


def test_of_two_patterns_one_is_taken_and_that_is_said() -> None:
    model = found(topology("a, 8, 8, 8, 2:8", "b, 8, 8, 8, 2:4"))
    assert model.sparsity == "2:4"
    assert model.notes == ("the file says 2:4, 2:8: the first is taken for all layers",)


def test_layers_that_a_topology_keeps_dense_among_sparse_ones_stay_so() -> None:
    model = found(topology("a, 8, 8, 8, 4:4", "b, 8, 8, 8, 2:4", "c, 8, 8, 8"))
    because = [product.dense_because for product in model.products.products]
    assert because == [SAID_DENSE, "", ""]
    assert model.sparsity == "2:4"


def test_a_topology_that_is_dense_throughout_may_be_asked_for_sparsity() -> None:
    model = found(topology("a, 8, 8, 8, 1:1", "b, 8, 8, 8, 1:1"))
    assert model.sparsity is None
    assert not any(product.dense_because for product in model.products.products)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("a, 8, 8",), "mine.csv:2:"),
        (("a, 8, 8, zero",), "'zero' is no number"),
        (("a, 8, 8, 0",), "'0' is no number"),
        (("a, 8, 8, 8, 5:4",), "'5:4' is no sparsity"),
        ((), "no layer after the first line"),
    ],
    ids=str,
)
def test_a_topology_that_is_damaged_is_named_with_its_place(
    lines: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        found(topology(*lines))
    assert message in str(caught.value)
    assert caught.value.path == "mine.csv"


def test_a_convolution_that_is_too_large_is_none() -> None:
    side = 1 << 31
    text = CONVOLUTIONS.replace("34, 34, 3, 3, 64,", f"{side}, {side}, {side}, 3, 64,")
    Path("net.csv").write_text(text)
    with pytest.raises(ExpertError, match=r"net\.csv: second is larger than 2,147,483,648"):
        found("net.csv")
