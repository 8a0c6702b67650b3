import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from tests.experts.drafts import raw_entry, raw_file, values
from tidemill.core.errors import ExpertError, StoreError
from tidemill.experts.dtypes import Floats
from tidemill.experts.encodings import ENCODINGS, Storage
from tidemill.experts.header import DATA_ALIGNMENT
from tidemill.experts.tensor_writer import storage_for, write_parts, write_tensors
from tidemill.experts.tensors import ALIGNMENT, METADATA_KEY, TensorFile, map_file, read_tensors

STORAGES = [Storage(encoding=name, dtype=dtype) for name in ENCODINGS for dtype in ("F32", "F16")]
SHAPES = st.lists(st.integers(1, 7), min_size=2, max_size=3).map(tuple)


def written(path: Path, tensors: dict[str, Floats], storage: Storage | None = None) -> TensorFile:
    write_tensors(path, tensors, dict.fromkeys(tensors, storage or Storage()))
    return read_tensors(path)


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), SHAPES, min_size=1), st.data()
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    shapes: dict[str, tuple[int, ...]],
    data: st.DataObject,
) -> None:
    tensors = {name: values(*shape, seed=n) for n, (name, shape) in enumerate(shapes.items())}
    storage = {name: data.draw(st.sampled_from(STORAGES)) for name in tensors}
    path = tmp_path_factory.mktemp("tensors") / "t.safetensors"
    write_tensors(path, tensors, storage)
    found = read_tensors(path)
    assert list(found) == sorted(tensors)
    for name, tensor in found.items():
        tensor.check()
        assert (tensor.shape, tensor.encoding) == (shapes[name], storage[name].encoding)
        assert tensor.size == tensors[name].size
        np.testing.assert_allclose(tensor.to_float32(), tensors[name], atol=0.02)


@pytest.mark.claim("house.experts.alignment")
@given(st.lists(SHAPES, min_size=1, max_size=6), st.sampled_from(STORAGES))
def test_data_and_tensors_are_aligned_and_the_librarys_reader_reads_them(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, ...]], storage: Storage
) -> None:
    tensors = {f"t{number}": values(*shape) for number, shape in enumerate(shapes)}
    path = tmp_path_factory.mktemp("tensors") / "t.safetensors"
    found = written(path, tensors, storage)
    assert found.header.data_start % DATA_ALIGNMENT == 0
    assert all(tensor.start % ALIGNMENT == 0 for tensor in found.header.tensors)
    library = load_file(path)
    for tensor in found.values():
        for role, part in tensor.parts.items():
            stored = tensor.pieces[role].stored
            flat = library[stored.name].reshape(-1)[: part.numbers.size]
            assert flat.tobytes() == part.numbers.tobytes()


def test_without_padding_a_dense_tensor_keeps_its_shape_for_others(tmp_path: Path) -> None:
    tensors = {"a.weight": values(4, 16), "b": values(3)}
    written(tmp_path / "t.safetensors", tensors)
    library = load_file(tmp_path / "t.safetensors")
    assert np.array_equal(library["a.weight"], tensors["a.weight"])
    assert library["b"].shape == (16,)


@pytest.mark.claim("house.experts.deterministic")
def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    tensors = {"b": values(4, 5), "a": values(3)}
    backwards = dict(reversed(list(tensors.items())))
    facts = [
        write_tensors(tmp_path / name, given_, {"b": Storage(encoding="int8-rows")})
        for name, given_ in (("one", tensors), ("two", backwards))
    ]
    assert facts[0] == facts[1]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_float32_is_a_read_only_view_of_the_file(tmp_path: Path) -> None:
    tensor = written(tmp_path / "t", {"a": values(4, 16)})["a"]
    decoded = tensor.to_float32()
    assert not decoded.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        decoded[0] = 1


def test_the_file_may_go_while_it_is_mapped(tmp_path: Path) -> None:
    tensor = written(tmp_path / "t", {"a": values(4, 16)})["a"]
    (tmp_path / "t").unlink()
    assert np.array_equal(tensor.to_float32(), values(4, 16))


def test_tensors_can_be_read_from_memory_of_the_callers(tmp_path: Path) -> None:
    mapped = written(tmp_path / "t", {"a": values(4, 5), "b": values(3)})
    header = mapped.header
    with (tmp_path / "t").open("rb") as file:
        file.seek(header.data_start)
        arena = bytearray(file.read())
    over = mapped.over(memoryview(arena))
    assert all(np.array_equal(over[n].to_float32(), mapped[n].to_float32()) for n in mapped)
    with pytest.raises(ExpertError, match="bytes of data"):
        mapped.over(memoryview(arena)[1:])


def test_equal_tensors_have_one_identity(tmp_path: Path) -> None:
    first = written(tmp_path / "one", {"a": values(4, 5), "b": values(3)})
    second = written(tmp_path / "two", {"c": values(4, 5), "d": values(3, seed=9)})
    other = written(tmp_path / "three", {"a": values(4, 5)}, Storage(dtype="F16"))
    assert first["a"].identity == second["c"].identity
    assert len({first["a"].identity, other["a"].identity, second["d"].identity}) == 3
    reshaped = written(tmp_path / "four", {"a": values(4, 5).reshape(5, 4)})
    assert reshaped["a"].identity != first["a"].identity


def test_storage_is_chosen_by_dimensions() -> None:
    tensors = {"a": values(4, 5), "b": values(3)}
    matrices = Storage(encoding="int8-rows")
    assert storage_for(tensors, matrices=matrices) == {"a": matrices, "b": Storage()}


@pytest.mark.parametrize(
    ("tensors", "storage", "reason"),
    [
        ({"a": np.array([1.0, np.nan], dtype=np.float32)}, {}, "a: NaN or infinity"),
        ({"a": np.array([np.inf], dtype=np.float32)}, {}, "a: NaN or infinity"),
        ({"a": np.zeros((0, 3), dtype=np.float32)}, {}, "a: a shape of"),
        ({"a": np.zeros(3)}, {}, "a: values of kind float64"),
        ({"a b": values(3)}, {}, "no name of a tensor"),
        ({"a": values(3)}, {"b": Storage()}, "storage is given for 'b'"),
        ({"a": values(3)}, {"a": Storage(encoding="x")}, "a: unknown encoding"),
        ({"a": values(3)}, {"a": Storage(encoding="int8-rows")}, "a: rows need"),
        ({"a": values(3) * 1e30}, {"a": Storage(dtype="F16")}, "a: .* too large for F16"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    tmp_path: Path, tensors: dict[str, Floats], storage: dict[str, Storage], reason: str
) -> None:
    with pytest.raises(ExpertError, match=reason):
        write_tensors(tmp_path / "t", tensors, storage)


def test_a_file_of_nothing_is_no_experts_weights(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {}, {})
    with pytest.raises(ExpertError, match="there are no tensors"):
        read_tensors(tmp_path / "t")


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": values(3)}, {})
    with pytest.raises(StoreError, match="File exists"):
        write_tensors(tmp_path / "t", {"a": values(3)}, {})


def damaged(path: Path, place: int, value: int) -> TensorFile:
    data = bytearray(path.read_bytes())
    data[place] = value
    path.unlink()
    path.write_bytes(data)
    return read_tensors(path)


def test_a_flipped_bit_a_nan_and_padding_are_found(tmp_path: Path) -> None:
    start = written(tmp_path / "t", {"a": values(3)}).header.data_start
    found = damaged(tmp_path / "t", start + 1, 0xA5)
    with pytest.raises(ExpertError, match="a: wrong hash of its values"):
        found["a"].check()


def forged(path: Path, numbers: Floats, shape: tuple[int, ...], *, sha256: str = "") -> TensorFile:
    """A file whose hashes are right and whose content is not."""

    data = numbers.tobytes()
    entry = {
        "encoding": "dense",
        "shape": list(shape),
        "parts": {"values": {"tensor": "a", "sha256": sha256 or hashlib.sha256(data).hexdigest()}},
    }
    text = json.dumps({"version": 1, "tensors": {"a": entry}})
    header = json.dumps(
        {"__metadata__": {METADATA_KEY: text}, "a": raw_entry(0, len(data), len(data) // 4)}
    ).encode()
    header += b" " * (-(8 + len(header)) % DATA_ALIGNMENT)
    path.write_bytes(raw_file(header, data))
    return read_tensors(path)


@pytest.mark.claim("house.experts.numbers")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_found_under_right_hashes(tmp_path: Path, bad: float) -> None:
    numbers = values(16)
    numbers[7] = bad
    with pytest.raises(ExpertError, match="a: NaN or infinity among its values"):
        forged(tmp_path / "t", numbers, (16,))["a"].check()


def test_padding_that_hides_something_is_found(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="a: bytes that are not zero after its values"):
        forged(tmp_path / "t", values(16), (15,))["a"].check()


TENSOR = {
    "encoding": "dense",
    "shape": [16],
    "parts": {"values": {"tensor": "a", "sha256": "0" * 64}},
}
METADATA: list[tuple[object, str]] = [
    ({"version": 2, "tensors": {}}, "version must be a whole number from 1 to 1"),
    ({"version": 1}, "the field tensors is missing"),
    ({"version": 1, "tensors": {}}, "a belongs to no tensor"),
    ({"version": 1, "tensors": {"a/b": TENSOR}}, "no name of a tensor"),
    ({"version": 1, "tensors": {"a": TENSOR | {"encoding": "nm-9:9"}}}, "unknown encoding"),
    ({"version": 1, "tensors": {"a": TENSOR | {"x": 1}}}, "unknown field 'x'"),
    ({"version": 1, "tensors": {"a": TENSOR | {"shape": [17]}}}, "has shape"),
    ({"version": 1, "tensors": {"a": TENSOR | {"shape": [0]}}}, "whole numbers from 1"),
    ({"version": 1, "tensors": {"a": TENSOR | {"parts": {}}}}, "parts"),
    ({"version": 1, "tensors": {"a": TENSOR, "b": TENSOR}}, "a is not there, or used twice"),
    (
        {"version": 1, "tensors": {"a": TENSOR | {"parts": {"values": {"tensor": "x"}}}}},
        "the field sha256 is missing",
    ),
]


@pytest.mark.claim("house.experts.malformed")
@pytest.mark.parametrize(("facts", "reason"), METADATA)
def test_metadata_that_do_not_fit_are_refused(tmp_path: Path, facts: object, reason: str) -> None:
    header = {"__metadata__": {METADATA_KEY: json.dumps(facts)}, "a": raw_entry(0, 64, 16)}
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % DATA_ALIGNMENT)
    (tmp_path / "t").write_bytes(raw_file(text, bytes(64)))
    with pytest.raises(ExpertError, match=reason):
        read_tensors(tmp_path / "t")


def test_other_safetensors_are_no_experts_weights(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(raw_file({"a": raw_entry(0, 4, 1)}, bytes(4)))
    header, data = map_file(tmp_path / "t")
    assert (header.tensors[0].name, len(data)) == ("a", 4)
    with pytest.raises(ExpertError, match="no multiple of 4,096"):
        read_tensors(tmp_path / "t")


def test_a_tensor_off_its_place_is_refused(tmp_path: Path) -> None:
    parts = written(tmp_path / "t", {"a": values(3), "b": values(2)})
    loose = {name: tensor.parts["values"] for name, tensor in parts.items()}
    write_parts(tmp_path / "loose", loose, {METADATA_KEY: "{}"})
    with pytest.raises(ExpertError, match="b begins at byte 12, no multiple of 64"):
        read_tensors(tmp_path / "loose")


def test_a_file_without_our_metadata_is_refused(tmp_path: Path) -> None:
    part = written(tmp_path / "t", {"a": values(16)})["a"].parts["values"]
    write_parts(tmp_path / "plain", {"a": part}, {"format": "pt"})
    with pytest.raises(ExpertError, match="no metadata tidemill"):
        read_tensors(tmp_path / "plain")


def test_a_scalar_is_a_tensor(tmp_path: Path) -> None:
    tensor = written(tmp_path / "t", {"a": np.array(2.5, dtype=np.float32)})["a"]
    assert (tensor.shape, float(tensor.to_float32())) == ((), 2.5)


def test_links_and_pipes_are_not_read(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": values(3)}, {})
    (tmp_path / "link").symlink_to(tmp_path / "t")
    with pytest.raises(ExpertError, match="is a link"):
        read_tensors(tmp_path / "link")
    with pytest.raises(ExpertError, match="no regular file"):
        read_tensors(Path("/dev/zero"))
