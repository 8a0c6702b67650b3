"""What a sprout learns: stored values, and nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.experts.encodings import Storage, encoding
from tidemill.experts.package import ExpertPackage
from tidemill.experts.parts import EncodedTensor
from tidemill.sparsity.packed import PackedWeight
from tidemill.training.sprouting.changes import Changes
from tidemill.training.sprouting.origin import open_origin
from tidemill.training.sprouting.weights import rewritten, values_of, weight_of

SPARSE = "encoder.layer.0.intermediate.dense.weight"


def learning(base: ExpertPackage) -> dict[str, EncodedTensor]:
    return open_origin(base.folder).learning(0)


def test_without_changes_it_is_the_base(base: ExpertPackage) -> None:
    tensors = Changes(learning(base)).tensors()
    assert SPARSE in tensors
    for name, part in tensors.items():
        assert np.array_equal(part.detach().numpy(), base.tensors[name].to_float32()), name


def test_kept_values_learn_and_masks_cannot_change(base: ExpertPackage) -> None:
    changes = Changes(learning(base))
    learnt = sum(part.numel() for part in changes.parameters())
    whole = sum(base.tensors[name].size for name in learning(base))
    assert learnt < 0.4 * whole
    loss = sum((part**2).sum() for part in changes.tensors().values())
    assert isinstance(loss, torch.Tensor)
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for own in changes.parameters():
            assert own.grad is not None
            assert own.grad.shape == own.shape
            own.sub_(0.3 * own.grad)
    stored = changes.encoded()[SPARSE]
    theirs = base.tensors[SPARSE].parts
    assert np.array_equal(stored.parts["indices"].numbers, theirs["indices"].numbers)
    assert not np.array_equal(stored.parts["values"].numbers, theirs["values"].numbers)
    kept = changes.tensors()[SPARSE].detach().numpy() != 0
    assert not (kept & (base.tensors[SPARSE].to_float32() == 0)).any()


@given(reach=st.floats(0, 1, width=16))
def test_a_reach_lies_on_the_way(base: ExpertPackage, reach: float) -> None:
    changes = Changes(learning(base))
    with torch.no_grad():
        for own in changes.parameters():
            own.fill_(0.5)
    start, end, between = (changes.values(x) for x in (0.0, 1.0, reach))
    for name, part in between.items():
        assert torch.allclose(part, start[name] + reach * (end[name] - start[name]), atol=1e-5)


def test_a_later_stage_counts_from_an_earlier_one(base: ExpertPackage) -> None:
    first = Changes({name: part for name, part in learning(base).items() if name[0] == "p"})
    with torch.no_grad():
        first.get_parameter("projection/weight").fill_(0.25)
        second = Changes(learning(base), first.values())
    assert torch.equal(second.values()["projection.weight"], first.values()["projection.weight"])
    stored = values_of(learning(base)[SPARSE])
    assert np.array_equal(second.values()[SPARSE].detach().numpy(), stored)


@pytest.mark.parametrize("kind", ["dense", "int8-rows", "1:4"])
def test_a_tensor_is_rewritten_as_it_was_kept(kind: str) -> None:
    values = np.zeros((4, 8), np.float32)
    values[:, ::4] = np.arange(1, 9, dtype=np.float32).reshape(4, 2)
    storage = Storage(encoding=kind, dtype="F32" if kind == "int8-rows" else "BF16")
    parts = encoding(kind).encode(values, storage.dtype)
    tensor = EncodedTensor(encoding=kind, shape=values.shape, parts=parts)
    twice = rewritten(tensor, 2 * values_of(tensor))
    assert (twice.encoding, twice.shape) == (kind, values.shape)
    assert {role: part.dtype for role, part in twice.parts.items()} == {
        role: part.dtype for role, part in parts.items()
    }
    assert np.allclose(values_of(twice), 2 * values_of(tensor), rtol=1e-2)
    weight = weight_of(twice)
    assert isinstance(weight, PackedWeight | np.ndarray)
    dense = weight.to_dense().float().numpy() if isinstance(weight, PackedWeight) else weight
    assert np.allclose(dense, 2 * values, rtol=1e-2)


def test_a_value_that_is_too_large_is_refused() -> None:
    values = np.ones((2, 4), np.float32)
    parts = encoding("dense").encode(values, "F16")
    tensor = EncodedTensor(encoding="dense", shape=(2, 4), parts=parts)
    with pytest.raises(ExpertError, match="too large for F16"):
        rewritten(tensor, values * 1e9)
