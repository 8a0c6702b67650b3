import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.hardware.workload.lowering import network
from tidemill.hardware.workload.topology import MOST_BYTES, MOST_LAYERS, read_topology

CONVOLUTIONS = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1,      224,224,7,7,3,64,2,
DPConv2,113,112,3,3,32,1,2,2:4,

FC,1,1,1,1,512,1000,1,
"""
PRODUCTS = "Layer, M, N, K,\nscores,128,64,32,\nmixed, 16,8,4, 1:4,\n"
HEADER = CONVOLUTIONS.splitlines()[0] + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "topology.csv"


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_convolutions_are_read(path: Path) -> None:
    found = read_topology(written(path, CONVOLUTIONS))
    first, second, third = found.products.products
    assert (first.name, first.kind, first.inputs, first.outputs) == ("Conv1", "convolution", 3, 64)
    assert (first.window, first.stride, first.rows) == ((7, 7), (2, 2), 110 * 110)
    # Each channel is a convolution by itself.
    assert (second.groups, second.inputs, second.outputs) == (32, 1, 1)
    assert second.rows == 56 * 56
    assert (third.macs, third.rows) == (512 * 1000, 1)
    assert found.sparsity == ("", "2:4", "")
    assert (found.products.places, found.products.example) == (110 * 110, "image")


def test_products_are_read(path: Path) -> None:
    found = read_topology(written(path, PRODUCTS))
    first, second = found.products.products
    assert (first.name, first.rows, first.outputs, first.inputs) == ("scores", 128, 64, 32)
    assert (first.kind, first.macs) == ("linear", 128 * 64 * 32)
    assert (second.rows, second.outputs, second.inputs) == (16, 8, 4)
    assert found.sparsity == ("", "1:4")
    assert (found.products.unit, found.products.places) == ("tokens", 128)


def test_the_first_layer_has_no_gradient_to_pass_on(path: Path) -> None:
    found = read_topology(written(path, CONVOLUTIONS)).products
    assert [product.is_first for product in found.products] == [True, False, False]
    step = network(found, name="file", batch=1)
    assert [bool(layer.stages["backward"]) for layer in step.layers] == [False, True, True]


@pytest.mark.parametrize(
    "text",
    [
        CONVOLUTIONS.replace("\n", "\r\n"),
        "\ufeff" + CONVOLUTIONS,
        CONVOLUTIONS.replace(",\n", "\n"),
        CONVOLUTIONS.replace(",\n", ",,,\n"),
        CONVOLUTIONS.upper(),
        CONVOLUTIONS.rstrip("\n"),
    ],
    ids=["windows", "marked", "no last comma", "more commas", "loud", "no last line end"],
)
def test_ways_of_writing_make_no_difference(path: Path, text: str) -> None:
    found = read_topology(written(path, text))
    wanted = read_topology(written(path, CONVOLUTIONS))
    assert found.products.macs == wanted.products.macs
    assert found.sparsity == wanted.sparsity


@given(
    side=st.integers(1, 300),
    filter_side=st.integers(1, 300),
    stride=st.integers(1, 20),
)
def test_windows_are_counted_as_scale_sim_does(
    tmp_path_factory: pytest.TempPathFactory, side: int, filter_side: int, stride: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "one.csv"
    written(path, f"{HEADER}one,{side},300,{filter_side},300,2,3,{stride},\n")
    if filter_side > side:
        with pytest.raises(InputError, match="a filter of"):
            read_topology(path)
        return
    wanted = math.ceil((side - filter_side + stride) / stride)  # as `topology_utils.py` has it
    (found,) = read_topology(path).products.products
    assert found.rows == wanted
    assert found.macs == wanted * filter_side * 300 * 2 * 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty file"),
        ("\n \n", "an empty file"),
        (HEADER, "no layer after the first line"),
    ],
)
def test_a_file_without_layers_is_refused(path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        read_topology(written(path, text))
    assert (refused.value.path, refused.value.line) == (str(path), None)
    assert refused.value.hint


@pytest.mark.claim("bdwp.sat.refusals")
@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a,b,c,d\none,1,1,1,", (1, 1), "names no columns"),
        ("Layer, M, K, N\none,1,1,1,", (1, 1), "names no columns"),
        (HEADER + "one,8,8,3,3,4,4,", (2, 17), "7 columns, not 8"),
        (HEADER + "one,8,8,3,3,4,4,1,2:4,5", (2, 23), "10 columns, not 8"),
        ("Layer,M,N,K\none,1,1,1,1:2,3", (2, 15), "6 columns, not 4"),
        (HEADER + "one,8,8,3,3,4,4,1\n\ntwo, 8,x,3,3,4,4,1", (4, 8), "'x' is no number"),
        (HEADER + "one,8,8,3,3,0,4,1", (2, 13), "'0' is no number from 1 to 2,147,483,648"),
        (HEADER + "one,8,8,3,3,2147483649,4,1", (2, 13), "no number from 1 to"),
        (HEADER + f"one,8,8,3,3,{'9' * 5000},4,1", (2, 13), "no number from 1 to"),
        (HEADER + "one,8,8,3,3,-4,4,1", (2, 13), "'-4' is no number"),
        (HEADER + "one,8,8,3,3,²,4,1", (2, 13), "'²' is no number"),
        (HEADER + "one,8,8,9,3,4,4,1", (2, 9), "a filter of 9 over an input of 8"),
        (HEADER + "one,8,8,3,9,4,4,1", (2, 11), "a filter of 9 over an input of 8"),
        (HEADER + "one,8,8,3,3,4,4,1,half", (2, 19), "'half' is no sparsity"),
        (HEADER + "one,8,8,3,3,4,4,1,4:2", (2, 19), "'4:2' is no sparsity"),
        (HEADER + "one,8,8,3,3,4,4,1,0:2", (2, 19), "'0:2' is no sparsity"),
        (HEADER + ",8,8,3,3,4,4,1", (2, 1), "a layer without a name"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    path: Path, text: str, place: tuple[int, int], reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        read_topology(written(path, text))
    assert refused.value.path == str(path)
    assert (refused.value.line, refused.value.column) == place
    assert refused.value.hint
    assert refused.value.source_line == text.split("\n")[place[0] - 1][:160]


def test_a_long_line_is_cut_and_a_place_far_out_shows_none(path: Path) -> None:
    with pytest.raises(InputError, match="'x' is no number") as refused:
        read_topology(written(path, f"{HEADER}{'n' * 500},x,8,3,3,4,4,1"))
    assert (refused.value.column, refused.value.source_line) == (502, None)


def test_what_is_no_utf_8_is_refused_with_its_line(path: Path) -> None:
    with pytest.raises(InputError, match="not UTF-8") as refused:
        read_topology(written(path, HEADER.encode() + b"caf\xe9,8,8,3,3,4,4,1\n"))
    assert (refused.value.line, refused.value.path) == (2, str(path))


def test_bounds_are_kept(path: Path) -> None:
    row = "n,1,1,1\n"
    found = read_topology(written(path, "Layer,M,N,K\n" + row * MOST_LAYERS))
    assert len(found.products.products) == MOST_LAYERS
    with pytest.raises(InputError, match="more than 10,000 layers") as refused:
        read_topology(written(path, "Layer,M,N,K\n" + row * (MOST_LAYERS + 1)))
    assert refused.value.line == MOST_LAYERS + 2
    with pytest.raises(InputError, match="longer than"):
        read_topology(written(path, HEADER + " " * MOST_BYTES))


def test_names_may_be_the_same(path: Path) -> None:
    found = read_topology(written(path, "Layer,M,N,K\nn,1,2,3\nn,3,2,1\n"))
    assert [product.name for product in found.products.products] == ["n", "n"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file") as refused:
        read_topology(tmp_path / "missing.csv")
    assert refused.value.path == str(tmp_path / "missing.csv")
    with pytest.raises(InputError, match="Is a directory"):
        read_topology(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        read_topology(tmp_path / "pipe")
