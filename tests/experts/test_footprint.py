from pathlib import Path

from tests.experts.drafts import pruned, values
from tidemill.experts.encodings import Storage
from tidemill.experts.footprint import Footprint, footprint_of
from tidemill.experts.tensor_writer import write_tensors
from tidemill.experts.tensors import read_tensors
from tidemill.sparsity.pattern import NMPattern


def test_sparse_tensors_are_added_up_and_others_left_out(tmp_path: Path) -> None:
    dense = {name: pruned(values(16, 64), NMPattern(2, 8)) for name in "ab"} | {"c": values(9, 9)}
    storage = {"a": Storage(encoding="2:8"), "b": Storage(encoding="2:8", dtype="F16")}
    write_tensors(tmp_path / "t", dense, storage)
    found = footprint_of(read_tensors(tmp_path / "t").values())
    # 256 values of 4 and of 2 bytes, and twice 256 indices of 3 bits, padded from 96 to 128.
    assert found == Footprint(tensors=2, packed_bytes=1024 + 512 + 256, dense_bytes=4096 + 2048)
    assert found.share == 1792 / 6144
    assert found.to_dict() == {"tensors": 2, "packed_bytes": 1792, "dense_bytes": 6144}


def test_dense_tensors_have_none(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": values(4, 8)}, {"a": Storage(encoding="int8-rows")})
    assert footprint_of(read_tensors(tmp_path / "t").values()) is None
