from pathlib import Path

import numpy as np
import pytest

from tests.serving.packages import convolution_expert, encoder_expert, static_expert
from tidemill.core.errors import CapacityError
from tidemill.experts.encodings import Storage
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.experts.registry import SHIPPED
from tidemill.serving.embedder import open_embedder
from tidemill.serving.memory.active import ActiveTier, active_bytes
from tidemill.serving.operations import open_runnable
from tidemill.serving.policies.lru import Lru


def sparse_expert(folder: Path) -> ExpertPackage:
    """An encoder at 2:8 in bfloat16, its tables in 8 bits."""
    dense = encoder_expert(folder / "dense")
    tensors = {name: tensor.to_float32().copy() for name, tensor in dense.tensors.items()}
    storage = {}
    for name, values in tensors.items():
        if name.startswith("encoder") and values.ndim == 2:
            groups = values.reshape(-1, 8)
            least = np.argsort(np.abs(groups), axis=1)[:, :6]
            np.put_along_axis(groups, least, 0.0, axis=1)
            storage[name] = Storage(encoding="2:8", dtype="BF16")
        elif values.ndim == 2:
            storage[name] = Storage(encoding="int8-rows")
    draft = ExpertDraft(
        name="search-sparse",
        task="search",
        architecture="encoder",
        config=dense.config,
        tensors=tensors,
        storage=storage,
        texts={"tokenizer.json": dense.read("tokenizer.json").decode()},
    )
    return write_expert(folder / "search-sparse", draft)


@pytest.mark.claim("coe.tiers")
@pytest.mark.parametrize("make", [static_expert, encoder_expert, convolution_expert])
def test_what_an_expert_takes_is_known_before_it_is_made_ready(
    tmp_path: Path, make: object
) -> None:
    package = make(tmp_path / "expert")  # type: ignore[operator]  # of the list above
    held = open_embedder(package).bytes_held
    assert held <= active_bytes(package)


def test_a_packed_expert_takes_its_forms(tmp_path: Path) -> None:
    package = sparse_expert(tmp_path)
    held = open_embedder(package).bytes_held
    assert 0 < held <= active_bytes(package) <= 1.5 * held


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
def test_the_experts_that_come_along_take_what_is_said(name: str) -> None:
    package = open_expert(SHIPPED / name)
    assert open_runnable(package).bytes_held <= active_bytes(package)


def test_who_goes_goes_before_the_newcomer_is_made(tmp_path: Path) -> None:
    package = sparse_expert(tmp_path)
    others = [open_expert(SHIPPED / "search-code"), open_expert(SHIPPED / "clones-c")]
    sizes = [active_bytes(one) for one in others]
    tier = ActiveTier(sum(sizes), Lru())
    for one in others:
        tier.accessed(one.expert_hash)
        tier.admit(one)
    assert tier.used_bytes == tier.budget_bytes
    tier.accessed(others[0].expert_hash)
    tier.admit(package)
    assert tier.used_bytes <= tier.budget_bytes
    assert tier.taken_leaving() == (others[1].expert_hash,)
    assert tier.taken_leaving() == ()


def test_an_expert_that_is_larger_than_the_tier_is_refused() -> None:
    package = open_expert(SHIPPED / "search-code")
    with pytest.raises(CapacityError, match="when it is active") as caught:
        ActiveTier(1_000, Lru()).admit(package)
    assert "active_bytes" in str(caught.value.hint)
