"""Malformed files, one of each kind that readers of this format have stumbled over."""

import io
import json
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open

from tests.experts.drafts import raw_entry, raw_file
from tidemill.core.errors import ExpertError
from tidemill.experts.header import (
    DATA_ALIGNMENT,
    MOST_HEADER_BYTES,
    MOST_TENSORS,
    Header,
    StoredTensor,
    header_bytes,
    read_header,
)

TWO_TO_63 = 2**63 - 1


def read(data: bytes) -> Header:
    return read_header(io.BytesIO(data), len(data), where="f")


def many(count: int) -> bytes:
    """A header of so many tensors of one byte each."""
    return json.dumps({f"t{n}": raw_entry(n, n + 1, 1, dtype="U8") for n in range(count)}).encode()


MALFORMED: list[tuple[str, bytes, str]] = [
    ("empty", b"", "cut off"),
    ("seven bytes", b"\x10\0\0\0\0\0\0", "cut off"),
    ("length alone", struct.pack("<Q", 0), "cut off"),
    ("header of 2^63 bytes", struct.pack("<Q", 2**63) + b"{}", "cut off"),
    ("header longer than the file", raw_file({}, length=100), "cut off"),
    ("header too large", raw_file(b"{" + b" " * (MOST_HEADER_BYTES + 1)), "16,777,216 may be"),
    ("header no object", raw_file(b"[]"), "the header is no object"),
    ("header begins with a space", raw_file(b" {}"), "the header is no object"),
    ("header no JSON", raw_file(b"{,}"), "not strict JSON"),
    ("header no UTF-8", raw_file(b'{"\xff": 1}'), "not strict JSON"),
    ("header nested deeply", raw_file(b'{"a": ' + b"[" * 100_000), "nested too deeply"),
    ("header full of brackets", raw_file(b'{"a": ' + b"[" * 2_000_000), "more than tensors need"),
    ("header full of numbers", raw_file(b'{"a": [' + b"1," * 2_000_000), "more than tensors need"),
    ("too many tensors", raw_file(many(MOST_TENSORS + 1), b"\0" * 10_001), "10,001 tensors"),
    (
        "too many tensors in disguise",
        raw_file(many(MOST_TENSORS + 1).replace(b"data_off", b"data\\u005foff"), b"\0" * 10_001),
        "10,001 tensors",
    ),
    ("entry no object", raw_file({"a": 1}), "a must be an object"),
    ("duplicate tensor", raw_file(b'{"a": {}, "a": {}}'), "the key 'a' is there twice"),
    (
        "duplicate field",
        raw_file(b'{"a": {"dtype": "F32", "dtype": "F64"}}'),
        "the key 'dtype' is there twice",
    ),
    ("unknown field", raw_file({"a": raw_entry(0, 4, 1) | {"x": 1}}, b"1234"), "unknown field 'x'"),
    ("missing field", raw_file({"a": {"dtype": "F32"}}), "is missing"),
    ("unknown kind", raw_file({"a": raw_entry(0, 4, 1, dtype="F99")}, b"1234"), "unknown kind"),
    ("empty name", raw_file({"": raw_entry(0, 4, 1)}, b"1234"), "no name of a tensor"),
    ("name that moves the cursor", raw_file({"\x1b[2J": raw_entry(0, 4, 1)}, b"1234"), "no name"),
    ("negative offset", raw_file({"a": raw_entry(-4, 0, 1)}), "whole numbers from 0"),
    ("offsets the wrong way", raw_file({"a": raw_entry(4, 0, 1)}, b"1234"), "hold no bytes"),
    ("three offsets", raw_file({"a": raw_entry(0, 4, 1) | {"data_offsets": [0, 2, 4]}}), "hold no"),
    ("offset a text", raw_file({"a": raw_entry(0, 4, 1) | {"data_offsets": ["0", 4]}}), "whole"),
    (
        "offset a fraction",
        raw_file({"a": raw_entry(0, 4, 1) | {"data_offsets": [0, 4.0]}}),
        "whole",
    ),
    ("zero-size tensor", raw_file({"a": raw_entry(0, 0, 0)}), "hold no bytes"),
    ("offset beyond the file", raw_file({"a": raw_entry(0, 400, 100)}, b"1234"), "is cut off"),
    ("one byte too few", raw_file({"a": raw_entry(0, 4, 1)}, b"123"), "is cut off"),
    ("bytes after the last", raw_file({"a": raw_entry(0, 4, 1)}, b"12345"), "goes on after"),
    ("data without tensors", raw_file({}, b"1"), "goes on after"),
    (
        "overlap",
        raw_file({"a": raw_entry(0, 8, 2), "b": raw_entry(4, 12, 2)}, b"0" * 12),
        "b overlaps",
    ),
    ("twins", raw_file({"a": raw_entry(0, 8, 2), "b": raw_entry(0, 8, 2)}, b"0" * 8), "overlaps"),
    (
        "hole",
        raw_file({"a": raw_entry(0, 4, 1), "b": raw_entry(8, 12, 1)}, b"0" * 12),
        "b leaves a hole",
    ),
    ("hole at the start", raw_file({"a": raw_entry(4, 8, 1)}, b"0" * 8), "a leaves a hole"),
    ("shape and bytes differ", raw_file({"a": raw_entry(0, 4, 2)}, b"1234"), "takes 8 bytes"),
    (
        "shape that overflows",
        raw_file({"a": raw_entry(0, 4, 2**32, 2**32, 1)}, b"1234"),
        "takes 73,786,976,294,838,206,464 bytes",
    ),
    ("shape of huge numbers", raw_file({"a": raw_entry(0, 4, 2**64)}, b"1234"), "whole numbers"),
    ("shape of logic", raw_file({"a": raw_entry(0, 4, True)}, b"1234"), "whole numbers"),
    ("negative shape", raw_file({"a": raw_entry(0, 4, -1)}, b"1234"), "whole numbers"),
    ("too many dimensions", raw_file({"a": raw_entry(0, 4, *[1] * 9)}, b"1234"), "9 dimensions"),
    ("metadata no object", raw_file({"__metadata__": 1}), "must be an object"),
    ("metadata no text", raw_file({"__metadata__": {"a": 1}}), "is no text"),
]


@pytest.mark.claim("house.experts.malformed")
@pytest.mark.parametrize(
    ("data", "reason"),
    [case[1:] for case in MALFORMED],
    ids=[case[0].replace(" ", "-") for case in MALFORMED],
)
def test_a_malformed_file_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ExpertError, match=reason) as caught:
        read(data)
    assert caught.value.message.startswith("f: ")
    assert len(str(caught.value)) < 600


@pytest.mark.claim("house.experts.malformed")
def test_no_header_takes_much_memory() -> None:
    for name, data, reason in MALFORMED:
        tracemalloc.start()
        with pytest.raises(ExpertError, match=reason):
            read(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 50 << 20, name


def test_padding_and_metadata_are_read() -> None:
    header = {"__metadata__": {"format": "pt"}, "b": raw_entry(4, 12, 2), "a": raw_entry(0, 4)}
    found = read(raw_file(json.dumps(header).encode() + b"   ", b"0" * 12))
    assert found.metadata == {"format": "pt"}
    assert [(tensor.name, tensor.shape) for tensor in found.tensors] == [("a", ()), ("b", (2,))]
    assert (found.data_bytes, found.tensors[1].stored_bytes) == (12, 8)


@given(st.lists(st.integers(1, 9), min_size=0, max_size=12), st.dictionaries(st.text(), st.text()))
def test_what_is_written_is_read_and_aligned(lengths: list[int], metadata: dict[str, str]) -> None:
    tensors, place = [], 0
    for number, length in enumerate(lengths):
        end = place + length
        name = f"t{number}"
        tensors.append(StoredTensor(name=name, dtype="U8", shape=(length,), start=place, end=end))
        place = end
    head = header_bytes(tensors, metadata)
    assert len(head) % DATA_ALIGNMENT == 0
    found = read(head + bytes(place))
    assert (found.tensors, found.metadata) == (tuple(tensors), metadata)
    assert found.data_start == len(head)


def test_too_many_tensors_are_not_written() -> None:
    one = StoredTensor(name="t", dtype="U8", shape=(1,), start=0, end=1)
    with pytest.raises(ExpertError, match="more than a file may hold"):
        header_bytes([one] * (MOST_TENSORS + 1), {})


@given(st.integers(0, 400), st.integers(0, 255))
def test_what_we_read_after_a_flipped_byte_the_librarys_reader_reads_too(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    header = {"a": raw_entry(0, 24, 2, 3), "b": raw_entry(24, 28, 2, dtype="F16")}
    data = bytearray(raw_file(header, bytes(28)))
    data[place % len(data)] = value
    try:
        found = read(bytes(data))
    except ExpertError:
        return
    path = tmp_path_factory.mktemp("flipped") / "a.safetensors"
    path.write_bytes(data)
    try:
        with safe_open(path, "np") as library:
            names = library.keys()
            shapes = {name: tuple(library.get_slice(name).get_shape()) for name in names}
    except SafetensorError as error:
        pytest.fail(f"{bytes(data)!r} is refused by the library: {error}")
    assert shapes == {tensor.name: tensor.shape for tensor in found.tensors}


def test_a_header_may_be_as_large_as_it_must(tmp_path: Path) -> None:
    path = tmp_path / "many.safetensors"
    path.write_bytes(raw_file(many(MOST_TENSORS), bytes(MOST_TENSORS)))
    with path.open("rb") as file:
        assert len(read_header(file, path.stat().st_size, where="f").tensors) == MOST_TENSORS
