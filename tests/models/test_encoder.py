"""The encoder against transformers' RobertaModel with the same random weights."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from tidemill.models.batch import collate
from tidemill.models.config import SIZES, EncoderConfig, encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import Flow, GraphInput
from tidemill.models.shapes import parameter_count, tensor_shapes

CONFIG = EncoderConfig(
    vocab_size=300,
    hidden_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=96,
    pooling="pooler",
    max_tokens=64,
)


def twins(config: EncoderConfig) -> tuple[Encoder, RobertaModel]:
    """Our encoder and theirs, with the same weights, biases and scales random too."""
    ours = Encoder(config, torch.Generator().manual_seed(1))
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=chance) * 0.1)
    facts = config.to_dict()
    names = set(RobertaConfig().to_dict()) & set(facts)
    shape: dict[str, Any] = {name: facts[name] for name in names}
    shape["attn_implementation"] = "eager"
    theirs = RobertaModel(RobertaConfig(**shape))
    theirs.train(mode=False)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def an_input(rng: np.random.Generator, tokens: int, nodes: int = 0) -> GraphInput:
    ids = rng.integers(5, 300, tokens).astype(np.int32)
    ids[0], ids[-1] = 0, 2
    first = np.sort(rng.integers(1, tokens - 3, nodes))
    spans = np.stack([first, first + rng.integers(1, 3, nodes)], axis=1).astype(np.int32)
    edges = rng.integers(0, max(nodes, 1), (2 * nodes, 2)).astype(np.int32)
    return GraphInput(ids=ids, code_start=1, flow=Flow(spans=spans, edges=edges))


@pytest.mark.claim("gcb.encoder.roberta")
def test_tokens_give_what_roberta_gives() -> None:
    ours, theirs = twins(CONFIG)
    rng = np.random.default_rng(3)
    batch = collate([an_input(rng, 40), an_input(rng, 17), an_input(rng, 5)], CONFIG)
    with torch.no_grad():
        hidden = ours(batch).tokens
        vectors = ours.pooled(batch)
        expected = theirs(input_ids=batch.ids, attention_mask=batch.is_token.long())
    there = batch.is_token
    torch.testing.assert_close(hidden[there], expected[0][there], atol=1e-5, rtol=0)
    torch.testing.assert_close(vectors, expected[1], atol=1e-5, rtol=0)


@pytest.mark.claim("gcb.encoder.roberta", "gcb.input.layout")
def test_graphs_give_what_roberta_gives_with_node_embeddings_and_an_additive_mask() -> None:
    ours, theirs = twins(CONFIG)
    rng = np.random.default_rng(4)
    inputs = [an_input(rng, 40, 9), an_input(rng, 30, 3), an_input(rng, 12)]
    batch = collate(inputs, CONFIG)
    words = theirs.embeddings.word_embeddings(batch.ids)
    places = batch.ids.shape[1] + batch.is_node.shape[1]
    embedded = torch.zeros(len(inputs), places, CONFIG.hidden_size)
    embedded[:, : batch.ids.shape[1]] = words
    for row, entry in enumerate(inputs):
        for node, (first, last) in enumerate(entry.flow.spans):
            embedded[row, batch.ids.shape[1] + node] = words[row, first:last].mean(dim=0)
    positions = torch.cat([batch.positions, torch.zeros_like(batch.is_node, dtype=torch.long)], 1)
    additive = torch.zeros(batch.mask().shape).masked_fill(~batch.mask(), -1e9)
    with torch.no_grad():
        hidden = ours(batch)
        expected = theirs(inputs_embeds=embedded, position_ids=positions, attention_mask=additive)[
            0
        ]
    tokens = batch.ids.shape[1]
    torch.testing.assert_close(
        hidden.tokens[batch.is_token], expected[:, :tokens][batch.is_token], atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        hidden.nodes[batch.is_node], expected[:, tokens:][batch.is_node], atol=1e-5, rtol=0
    )


def test_what_is_beside_an_input_in_its_batch_changes_nothing() -> None:
    ours, _ = twins(CONFIG)
    rng = np.random.default_rng(5)
    inputs = [an_input(rng, 20, 4), an_input(rng, 50, 12), an_input(rng, 8)]
    with torch.no_grad():
        together = ours.embed(collate(inputs, CONFIG))
        alone = torch.cat([ours.embed(collate([entry], CONFIG)) for entry in inputs])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_published_size_has_the_published_number_of_parameters() -> None:
    facts = {"vocab_size": 50_265, "pooling": "pooler", **SIZES["base"]}
    config = encoder_config(facts)
    assert parameter_count(config.to_dict()) == 124_645_632


def test_shapes_are_those_of_the_tensors() -> None:
    for pooling, size in (("pooler", 0), ("mean", 16), ("weighted", 8)):
        facts = CONFIG.to_dict() | {"pooling": pooling, "projection_size": size}
        config = encoder_config(facts)
        tensors = Encoder(config).state_dict()
        found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        assert found == tensor_shapes(config.to_dict())
