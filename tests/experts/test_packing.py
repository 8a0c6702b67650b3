import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.experts.drafts import encoder_draft, packed, pruned, sparse_draft, static_draft, values
from tidemill.core.errors import CapacityError, ExpertError, InputError, StoreError
from tidemill.experts.encodings import Storage
from tidemill.experts.manifest import Metric
from tidemill.experts.package import open_expert
from tidemill.experts.packing import write_expert
from tidemill.experts.parts import EncodedTensor, Part
from tidemill.experts.verification import verify_expert
from tidemill.sparsity.pattern import NMPattern


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_draft_becomes_a_sound_package(tmp_path: Path) -> None:
    for draft in (static_draft(), encoder_draft(), sparse_draft(), sparse_draft("1:4", "BF16")):
        package = packed(tmp_path / str(len(list(tmp_path.iterdir()))), draft)
        assert verify_expert(package.folder).findings == ()
        assert package.manifest.metrics == draft.metrics
        assert package.manifest.training == draft.training
        modes = {stat.S_IMODE(path.stat().st_mode) for path in package.folder.iterdir()}
        assert modes == {0o600}


@pytest.mark.claim("house.experts.deterministic")
def test_the_same_draft_gives_the_same_bytes(tmp_path: Path) -> None:
    draft = encoder_draft(storage={"projection.weight": Storage(encoding="int8-rows")})
    again = encoder_draft(
        storage=draft.storage,
        tensors=dict(reversed(list(draft.tensors.items()))),
        texts=dict(reversed(list(draft.texts.items()))),
    )
    first = write_expert(tmp_path / "one", draft)
    second = write_expert(tmp_path / "two", again)
    assert bytes_of(first.folder) == bytes_of(second.folder)
    assert first.expert_hash == second.expert_hash


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "../search-x"}, "no name of an expert"),
        ({"name": "clones-x"}, "call it search-<scope>"),
        ({"licence": ""}, "licence must be"),
        ({"languages": ("C++",)}, "no language"),
        ({"metrics": (Metric(name="x", value=float("nan"), data="d", split="s"),)}, "as JSON"),
        ({"config": {"a": float("inf")}}, "as JSON"),
        ({"config": {"a": object()}}, "as JSON"),
        ({"config": {"auto_map": {}}}, "asks to run code"),
        ({"texts": {"README.md": "x"}}, "README.md is written from the draft"),
        ({"texts": {"expert.json": "{}"}}, "expert.json is written from the draft"),
        ({"texts": {"../x.json": "{}"}}, "no name of a file"),
        ({"texts": {"a.py": "x"}}, "code"),
        ({"texts": {"A.txt": "", "a.txt": ""}}, "differ in case alone"),
        ({"texts": {"a.txt": "\ud800"}}, "not text that UTF-8 can hold"),
        ({"tensors": {}}, "there are no tensors"),
        (
            {
                "tensors": {"a": np.zeros((2, 8), np.float32), "b": np.zeros((2, 8), np.float32)},
                "storage": {"a": Storage(encoding="2:8"), "b": Storage(encoding="2:4")},
            },
            "the patterns 2:4 and 2:8 in one expert",
        ),
        ({"storage": {"table": Storage(encoding="2:8")}}, "table: 3 inputs do not divide"),
        ({"storage": {"table": Storage(encoding="1:3")}}, "table: row 0, group 0 has 3 weights"),
        ({"storage": {"table": Storage(encoding="3:3")}}, "table: the pattern '3:3' drops"),
        ({"storage": {"bias": Storage(encoding="1:3")}}, "bias: 1:3 is for tensors of 2 or 4"),
        ({"tensors": {"a": values(2) * float("nan")}}, "NaN or infinity"),
    ],
)
def test_a_draft_that_no_package_may_be_leaves_nothing(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ExpertError, match=reason):
        write_expert(tmp_path / "expert", static_draft(**changes))
    assert not list(tmp_path.iterdir())


def test_the_sparsity_is_that_of_the_storages(tmp_path: Path) -> None:
    package = packed(tmp_path, sparse_draft("2:4"))
    assert package.manifest.sparsity == "2:4"
    footprint = package.footprint
    assert footprint is not None
    assert footprint.tensors == 6
    sizes = f"{footprint.packed_bytes:,} bytes instead of {footprint.dense_bytes:,}"
    assert f"- sparse: 2:4 in 6 tensors, {sizes}" in package.card
    dense = packed(tmp_path / "dense", encoder_draft())
    assert (dense.manifest.sparsity, dense.footprint) == ("dense", None)
    assert "sparse:" not in dense.card


def test_experts_that_share_packed_tensors_can_hold_them_once(tmp_path: Path) -> None:
    first = packed(tmp_path / "one", sparse_draft())
    tensors = dict(sparse_draft().tensors)
    name = "encoder.layer.0.output.dense.weight"
    tensors[name] = pruned(values(16, 32, seed=77), NMPattern(2, 8))
    second = packed(tmp_path / "two", sparse_draft(name="search-other", tensors=tensors))
    half = packed(tmp_path / "three", sparse_draft(dtype="F16"))
    same = {n for n in first.tensors if first.tensors[n].identity == second.tensors[n].identity}
    assert set(first.tensors) - same == {name}
    assert first.tensors[name].identity != half.tensors[name].identity
    assert first.expert_hash != second.expert_hash


def test_nothing_is_written_over(tmp_path: Path) -> None:
    package = packed(tmp_path)
    before = bytes_of(package.folder)
    with pytest.raises(InputError, match="is there already"):
        write_expert(package.folder, static_draft(about="Another one."))
    assert bytes_of(package.folder) == before


def failing(call: Callable[..., Any], nth: int, error: int) -> tuple[Callable[..., Any], list[int]]:
    """The call, failing the nth time it is made, and how often it was made."""
    made = [0]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made[0] += 1
        if made[0] == nth:
            raise OSError(error, os.strerror(error))
        return call(*args, **kwargs)

    return wrapped, made


@pytest.mark.claim("house.experts.atomic")
@pytest.mark.parametrize("name", ["open", "fsync", "mkdir", "rename", "scandir"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_fault_at_any_call_leaves_all_or_nothing_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: int
) -> None:
    target = tmp_path / "expert"
    nth, fired = 0, True
    while fired:
        nth += 1
        wrapped, made = failing(getattr(os, name), nth, error)
        monkeypatch.setattr(os, name, wrapped)
        with suppress(CapacityError if error == errno.ENOSPC else StoreError):
            write_expert(target, static_draft())
        monkeypatch.undo()
        fired = made[0] >= nth
        if target.exists():
            assert verify_expert(target).sound
            assert [path.name for path in tmp_path.iterdir()] == ["expert"]
            for path in target.iterdir():
                path.unlink()
            target.rmdir()
        else:
            assert not list(tmp_path.iterdir())
    assert nth > 1


def test_a_full_disk_is_a_capacity_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped, _ = failing(os.fsync, 1, errno.ENOSPC)
    monkeypatch.setattr(os, "fsync", wrapped)
    with pytest.raises(CapacityError, match="No space left"):
        write_expert(tmp_path / "expert", static_draft())


@pytest.mark.claim("house.experts.identity")
def test_card_metrics_and_name_do_not_change_what_is_computed(tmp_path: Path) -> None:
    first = write_expert(tmp_path / "one", static_draft())
    other = static_draft(name="search-other", about="", metrics=(), licence="unknown", base="x")
    assert write_expert(tmp_path / "two", other).expert_hash == first.expert_hash
    tensors = dict(other.tensors) | {"bias": values(3, seed=7)}
    third = write_expert(tmp_path / "three", static_draft(tensors=tensors))
    assert third.expert_hash != first.expert_hash
    assert open_expert(tmp_path / "one").expert_hash == first.expert_hash


def test_tensors_of_another_expert_are_taken_over_to_the_byte(tmp_path: Path) -> None:
    draft = sparse_draft("2:8", "BF16")
    rows = {"projection.weight": Storage(encoding="int8-rows")}
    first = packed(tmp_path / "a", replace(draft, storage={**draft.storage, **rows}))
    taken = {name: tensor.encoded for name, tensor in first.tensors.items()}
    own = taken.pop("embeddings.LayerNorm.weight")
    draft = encoder_draft(
        name="search-other",
        tensors={"embeddings.LayerNorm.weight": 2 * own.parts["values"].numbers},
        encoded=taken,
    )
    second = packed(tmp_path / "b", draft)
    assert verify_expert(second.folder).findings == ()
    assert second.manifest.sparsity == "2:8"
    same = {
        name
        for name, tensor in second.tensors.items()
        if tensor.identity == first.tensors[name].identity
    }
    assert same == set(first.tensors) - {"embeddings.LayerNorm.weight"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dtype": "F16"}, "values held as float32, which is not F16"),
        ({"numbers": values(3, 2)}, r"values of shape \(3, 2\) instead of \(2, 3\)"),
        ({"numbers": values(2, 3) * float("inf")}, "NaN or infinity among its values"),
    ],
)
def test_parts_that_no_encoding_writes_are_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    part = Part(**({"dtype": "F32", "numbers": values(2, 3)} | changes))
    tensor = EncodedTensor(encoding="dense", shape=(2, 3), parts={"values": part})
    with pytest.raises(ExpertError, match=f"extra: {reason}"):
        packed(tmp_path, static_draft(encoded={"extra": tensor}))


def test_a_tensor_is_given_once(tmp_path: Path) -> None:
    tensor = packed(tmp_path).tensors["table"].encoded
    with pytest.raises(ExpertError, match="'table' is given both as values and encoded"):
        packed(tmp_path / "other", static_draft(encoded={"table": tensor}))
