from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.models.batch import GraphBatch, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import NO_FLOW, assembled
from tidemill.models.loading import Weights, load_weights
from tidemill.models.skeleton import Skeleton
from tidemill.models.tables import StoredTable
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import packed
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.views import as_tensor

CONFIG = EncoderConfig(
    vocab_size=60,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=40,
    pooling="weighted",
    projection_size=24,
    max_tokens=32,
)


def dense(seed: int) -> dict[str, NDArray[np.float32]]:
    encoder = Encoder(CONFIG, torch.Generator().manual_seed(seed))
    found = {name: part.numpy().copy() for name, part in encoder.state_dict().items()}
    for part in found.values():
        part.flags.writeable = False  # as what is mapped from a file or an arena
    return found


def sparse(seed: int) -> Weights:
    """Layers at 2:8, embeddings as 8-bit integers."""
    found: dict[str, object] = {}
    for name, part in dense(seed).items():
        tensor = as_tensor(part)
        if name.startswith("encoder") and part.ndim == 2:
            mask = magnitude_mask(tensor, NMPattern(2, 8))
            found[name] = packed(tensor.to(torch.bfloat16), mask, NMPattern(2, 8))
        elif name.endswith("embeddings.weight"):
            scales = tensor.abs().amax(dim=1).clamp(min=1e-6) / 127
            found[name] = StoredTable((tensor / scales[:, None]).round().to(torch.int8), scales)
        else:
            found[name] = part
    return found  # type: ignore[return-value]  # of the three kinds of weight


def batch() -> GraphBatch:
    ids = [np.arange(5, 5 + length, dtype=np.int32) for length in (3, 9, 17)]
    return collate([assembled(row, NO_FLOW, config=CONFIG) for row in ids], CONFIG)


def skeleton(weights: Weights) -> Skeleton[Encoder]:
    return Skeleton(lambda: Encoder(CONFIG), weights, Encoder.join_products)


@pytest.mark.parametrize("make", [dense, sparse])
def test_one_network_answers_for_each_expert_as_its_own_would(
    make: Callable[[int], Weights],
) -> None:
    experts = [make(seed) for seed in range(3)]
    shared = skeleton(experts[0])
    fillings = [shared.filling(weights) for weights in experts]
    for number in (0, 1, 2, 1, 1, 0):
        own = load_weights(lambda: Encoder(CONFIG), experts[number])
        with torch.inference_mode(), shared.holding(fillings[number]) as network:
            torch.testing.assert_close(network.embed(batch()), own.embed(batch()))


def test_dense_weights_are_not_copied() -> None:
    weights = dense(0)
    shared = skeleton(weights)
    filling = shared.filling(weights)
    assert filling.bytes_held == 0
    with shared.holding(filling) as network:
        places = {name: part.data_ptr() for name, part in network.named_parameters()}
    assert places == {name: part.ctypes.data for name, part in weights.items()}


def test_what_is_held_besides_is_counted() -> None:
    weights = sparse(0)
    filling = skeleton(weights).filling(weights)
    kept = 2 * (4 * 32 * 32 + 2 * 32 * 64) // 4
    joined = 2 * 3 * 32 * (32 // 4 * 2 + 32 // 4 * 3 // 8) + 2 * 3 * 32 * 4
    assert filling.bytes_held == kept * 6 + joined


def test_a_forgotten_expert_leaves_no_reference() -> None:
    weights = dense(0)
    shared = skeleton(weights)
    filling = shared.filling(weights)
    with shared.holding(filling):
        pass
    shared.forget(filling)
    assert {part.device.type for part in shared._network.parameters()} == {"meta"}  # noqa: SLF001
    with torch.inference_mode(), shared.holding(filling) as network:
        assert torch.isfinite(network.embed(batch())).all()


def test_weights_of_another_shape_are_refused() -> None:
    shared = skeleton(dense(0))
    with pytest.raises(ExpertError, match="another shape"):
        shared.filling(sparse(0))
    with pytest.raises(ExpertError, match="do not fit"):
        skeleton({name: part for name, part in dense(0).items() if "query" not in name})
