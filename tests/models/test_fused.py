"""Encoders whose layers are one native call, against the same layers one after the other."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tidemill.models.batch import GraphBatch, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import NO_FLOW, Flow, GraphInput
from tidemill.models.loading import Weights, load_weights
from tidemill.models.skeleton import Skeleton
from tidemill.sparsity import kernels
from tidemill.sparsity.chain import Chain
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import packed
from tidemill.sparsity.pattern import NMPattern

pytestmark = pytest.mark.skipif(
    not kernels.available(), reason=f"no native kernels: {kernels.why_not()}"
)
CONFIG = EncoderConfig(
    vocab_size=90,
    hidden_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=96,
    max_position_embeddings=170,
    pooling="weighted",
    projection_size=16,
    max_tokens=160,
)
TWO_OF_EIGHT = NMPattern(2, 8)


def sparse(seed: int, config: EncoderConfig = CONFIG, *, packs: str = "encoder") -> Weights:
    """Random weights, with those of some layers packed."""
    chance = torch.Generator().manual_seed(seed)
    found: dict[str, object] = {}
    for name, part in Encoder(config, chance).state_dict().items():
        tensor = part + torch.randn(part.shape, generator=chance) * 0.1
        is_packed = name.startswith(packs) and part.ndim == 2
        mask = magnitude_mask(tensor, TWO_OF_EIGHT) if is_packed else None
        found[name] = tensor.numpy() if mask is None else packed(tensor, mask, TWO_OF_EIGHT)
    return found  # type: ignore[return-value]  # of two kinds of weight


def an_input(rng: np.random.Generator, tokens: int, nodes: int) -> GraphInput:
    ids = rng.integers(5, 90, tokens).astype(np.int32)
    ids[0], ids[-1] = 0, 2
    if not nodes:
        return GraphInput(ids=ids, code_start=1, flow=NO_FLOW)
    first = np.sort(rng.integers(1, tokens - 2, nodes))
    spans = np.stack([first, first + 1], axis=1).astype(np.int32)
    edges = rng.integers(0, nodes, (2 * nodes, 2)).astype(np.int32)
    return GraphInput(ids=ids, code_start=1, flow=Flow(spans=spans, edges=edges))


def batch_of(shapes: list[tuple[int, int]], config: EncoderConfig = CONFIG) -> GraphBatch:
    """Inputs of so many tokens and nodes each."""
    rng = np.random.default_rng(len(shapes))
    return collate([an_input(rng, *shape) for shape in shapes], config)


@contextmanager
def holding(weights: Weights, config: EncoderConfig = CONFIG) -> Iterator[Encoder]:
    skeleton = Skeleton(lambda: Encoder(config), weights, Encoder.join_products)
    with torch.inference_mode(), skeleton.holding(skeleton.filling(weights)) as network:
        yield network


def one_by_one(weights: Weights, batch: GraphBatch, config: EncoderConfig = CONFIG) -> Tensor:
    """Ask a network of its own, which nobody fuses."""
    network = load_weights(lambda: Encoder(config), weights)
    network.join_products()
    with torch.inference_mode():
        return torch.cat(tuple(network(batch)), dim=1)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many places each run of a chain has had."""
    found: list[int] = []
    run = Chain.run

    def watched(self: Chain, hidden: Tensor, *rest: Tensor | None, depth: int | None) -> Tensor:
        found.append(hidden.shape[1])
        return run(self, hidden, *rest, depth=depth)

    monkeypatch.setattr(Chain, "run", watched)
    return found


@pytest.mark.parametrize("mode", ["graph", "reference"])
@pytest.mark.parametrize(
    "shapes",
    [
        [(1, 0)],
        [(2, 0)],
        [(16, 0)],
        [(160, 0)],
        [(12, 0)] * 4,
        [(5, 0), (30, 0), (17, 0)],
        [(20, 6)],
        [(40, 9), (30, 3), (12, 0), (7, 1)],
        [(length, 0) for length in range(2, 11)],
    ],
)
def test_a_fused_encoder_says_what_its_layers_say(
    shapes: list[tuple[int, int]], mode: str, runs: list[int]
) -> None:
    config = replace(CONFIG, input_mode=mode)  # type: ignore[arg-type]  # one of the modes
    weights, batch = sparse(0, config), batch_of(shapes, config)
    with holding(weights, config) as network:
        found = torch.cat(tuple(network(batch)), dim=1)
        torch.testing.assert_close(network.embed(batch).norm(dim=1), torch.ones(len(shapes)))
    assert runs == [found.shape[1]] * 2
    torch.testing.assert_close(found, one_by_one(weights, batch, config), atol=1e-5, rtol=0)


def test_each_expert_is_asked_with_its_own_weights(runs: list[int]) -> None:
    experts = [sparse(seed) for seed in range(3)]
    shared = Skeleton(lambda: Encoder(CONFIG), experts[0], Encoder.join_products)
    fillings = [shared.filling(weights) for weights in experts]
    batch = batch_of([(9, 2), (14, 0)])
    wanted = [one_by_one(weights, batch) for weights in experts]
    first: dict[int, Tensor] = {}
    for number in (0, 1, 0, 2, 2, 1, 0):
        if number == 2:
            shared.forget(fillings[1])
        with torch.inference_mode(), shared.holding(fillings[number]) as network:
            found = torch.cat(tuple(network(batch)), dim=1)
        torch.testing.assert_close(found, wanted[number], atol=1e-5, rtol=0)
        assert torch.equal(found, first.setdefault(number, found))
    assert len(runs) == 7


def test_a_forgotten_expert_leaves_no_chain() -> None:
    weights = sparse(1)
    shared = Skeleton(lambda: Encoder(CONFIG), weights, Encoder.join_products)
    filling = shared.filling(weights)
    with torch.inference_mode(), shared.holding(filling) as network:
        network(batch_of([(9, 0)]))
        fused = network.encoder.fused
        assert fused is not None
        watched = weakref.ref(fused)
    del fused
    shared.forget(filling)
    with torch.inference_mode(), shared.holding(shared.filling(weights)) as network:
        network(batch_of([(9, 0)]))
    del filling
    gc.collect()
    assert watched() is None


def test_depth_counts_layers() -> None:
    weights, batch = sparse(0), batch_of([(9, 2)])
    own = load_weights(lambda: Encoder(CONFIG), weights)
    with holding(weights) as network:
        for depth in (0, 1, 2):
            torch.testing.assert_close(
                network(batch, depth).tokens, own(batch, depth).tokens, atol=1e-5, rtol=0
            )


@pytest.mark.parametrize("packs", ["nothing", "encoder.layer.0", "encoder.layer.1.output"])
def test_layers_that_are_not_packed_go_one_by_one(packs: str, runs: list[int]) -> None:
    weights, batch = sparse(2, packs=packs), batch_of([(9, 2)])
    with holding(weights) as network:
        found = torch.cat(tuple(network(batch)), dim=1)
    torch.testing.assert_close(found, one_by_one(weights, batch), atol=1e-5, rtol=0)
    assert not runs


def test_a_bias_that_is_not_fp32_makes_them_go_one_by_one(runs: list[int]) -> None:
    weights, batch = dict(sparse(3)), batch_of([(9, 2)])
    name = "encoder.layer.1.intermediate.dense.bias"
    bias = weights[name]
    assert isinstance(bias, np.ndarray)
    weights[name] = bias.astype(np.float16)
    with holding(weights) as network:
        found = torch.cat(tuple(network(batch)), dim=1)
    torch.testing.assert_close(found, one_by_one(weights, batch), atol=1e-5, rtol=0)
    assert not runs


def test_gradients_and_autocast_go_one_by_one(runs: list[int]) -> None:
    weights, batch = sparse(4), batch_of([(9, 2)])
    wanted = one_by_one(weights, batch)
    with holding(weights) as network:
        with torch.inference_mode(mode=False), torch.enable_grad():
            found = torch.cat(tuple(network(batch)), dim=1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            roughly = torch.cat(tuple(network(batch)), dim=1)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(roughly.float(), wanted, atol=0.3, rtol=0)
    assert not runs
