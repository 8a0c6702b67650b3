from typing import Any

import pytest
from torch import nn
from transformers import RobertaConfig, RobertaModel

from tidemill.core.errors import ExpertError
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.shapes import encoder_layers
from tidemill.models.trace import trace

SMALL = EncoderConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=20,
    max_tokens=18,
    pooling="weighted",
    projection_size=8,
)


def test_an_encoder_has_the_layers_that_its_config_says() -> None:
    found = list(trace(Encoder(SMALL), dense={"importance", "projection"}))
    assert found == list(encoder_layers(SMALL))


def test_another_program_s_model_has_the_same_layers() -> None:
    facts: dict[str, Any] = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 20,
        "type_vocab_size": 1,
    }
    config = EncoderConfig(**facts, max_tokens=18, pooling="pooler")
    theirs = list(trace(RobertaModel(RobertaConfig(**facts))))
    assert {layer.name: layer for layer in theirs} == {
        layer.name: layer for layer in encoder_layers(config)
    }


def test_a_part_with_weights_that_is_no_known_layer_is_refused() -> None:
    with pytest.raises(ExpertError, match="1: Conv2d is no known layer"):
        list(trace(nn.Sequential(nn.Linear(2, 2), nn.Conv2d(1, 1, 3))))
