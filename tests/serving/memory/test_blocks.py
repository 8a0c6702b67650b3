from pathlib import Path

import numpy as np
import pytest

from tests.serving.packages import encoder_expert, static_expert
from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.serving.memory.blocks import Block, blocks_of
from tidemill.serving.memory.reading import read_blocks


def matrices(folder: Path, name: str = "search-x", **tensors: np.ndarray) -> ExpertPackage:
    draft = ExpertDraft(
        name=name, task="search", architecture="other", config={"a": 1}, tensors=tensors
    )
    write_expert(folder, draft)
    return open_expert(folder, mapped=False)


def large(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(128, 256)).astype(np.float32)


def loaded(package: ExpertPackage, blocks: tuple[Block, ...]) -> ExpertPackage:
    places = {block.key: memoryview(bytearray(block.bytes)) for block in blocks}
    read_blocks(package, blocks, places)
    parts = {
        part.name: places[block.key][part.block_start : part.block_start + part.bytes]
        for block in blocks
        for part in block.parts
    }
    return package.over(parts, parts)


@pytest.mark.parametrize("make", [static_expert, encoder_expert])
def test_an_expert_is_the_same_over_blocks_as_over_its_file(tmp_path: Path, make: object) -> None:
    mapped = make(tmp_path / "expert")  # type: ignore[operator]  # of the list above
    package = open_expert(mapped.folder, mapped=False)
    found = loaded(package, blocks_of(package))
    for name, tensor in mapped.tensors.items():
        assert np.array_equal(found.tensors[name].to_float32(), tensor.to_float32())
    for name in mapped.manifest.files.keys() - {"model.safetensors", "README.md", "config.json"}:
        assert found.read(name) == mapped.file(name).read_bytes()


def test_what_was_not_loaded_is_not_at_hand(tmp_path: Path) -> None:
    package = open_expert(static_expert(tmp_path / "expert").folder, mapped=False)
    with pytest.raises(ExpertError, match="not at hand"):
        package.tensors["table.weight"].to_float32()
    with pytest.raises(ExpertError, match="no bytes of"):
        package.over({}, {})


def test_equal_tensors_of_two_experts_are_one_block(tmp_path: Path) -> None:
    first = matrices(tmp_path / "a", shared=large(0), own=large(1), small=np.ones(3, np.float32))
    second = matrices(tmp_path / "b", other=large(2), same=large(0), small=np.ones(3, np.float32))
    keys = [{block.key for block in blocks_of(package)} for package in (first, second)]
    assert len(keys[0] & keys[1]) == 1
    assert [len(each) for each in keys] == [3, 3]


def test_equal_tensors_of_one_expert_have_a_place_each(tmp_path: Path) -> None:
    package = matrices(tmp_path / "a", one=large(0), two=large(0))
    blocks = blocks_of(package)
    assert len({block.key for block in blocks}) == len(blocks) == 2
    found = loaded(package, blocks)
    assert np.array_equal(found.tensors["two"].to_float32(), large(0))


@pytest.mark.parametrize("change", ["longer", "shorter", "replaced", "gone"])
def test_a_file_that_has_changed_is_not_read(tmp_path: Path, change: str) -> None:
    package = matrices(tmp_path / "a", one=large(0))
    path = package.folder / "model.safetensors"
    data = path.read_bytes()
    if change == "gone":
        path.unlink()
    elif change == "replaced":
        (package.folder / "new").write_bytes(data)
        (package.folder / "new").replace(path)
    else:
        path.write_bytes(data + b"x" if change == "longer" else data[:-1])
    blocks = blocks_of(package)
    places = {block.key: memoryview(bytearray(block.bytes)) for block in blocks}
    with pytest.raises(ExpertError, match=r"model\.safetensors was changed") as caught:
        read_blocks(package, blocks, places)
    assert "verify" in str(caught.value.hint)
