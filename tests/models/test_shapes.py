import pytest

from tidemill.core.errors import ExpertError
from tidemill.models.config import EncoderConfig, encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.shapes import encoder_layers, parameter_count, tensor_shapes
from tidemill.models.static import StaticConfig

SMALL = EncoderConfig(
    vocab_size=50,
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=16,
)
TYPES = Seq2SeqConfig(
    vocab_size=50,
    d_model=8,
    d_kv=4,
    d_ff=16,
    num_layers=2,
    num_decoder_layers=1,
    num_heads=3,
    eos_token_id=2,
)


def test_a_map_has_a_row_for_each_feature() -> None:
    config = StaticConfig(features=9, known_tokens=0, vector_size=4, longest=1, reads="words")
    assert tensor_shapes(config.to_dict()) == {
        "table.weight": (9, 4),
        "query_map.weight": (4, 4),
    }


def test_multiplications_are_counted_layer_by_layer() -> None:
    layers = {layer.name: layer for layer in encoder_layers(SMALL)}
    assert layers["encoder.layer.0.intermediate.dense"].multiplications(10) == 10 * 8 * 16
    assert layers["encoder.layer.1.attention.self"].multiplications(10) == 2 * 100 * 8
    assert layers["embeddings.LayerNorm"].multiplications(10) == 0
    sparsifiable = [name for name, layer in layers.items() if layer.sparsifiable]
    assert len(sparsifiable) == 2 * 6


def test_parameters_are_those_of_the_model() -> None:
    model = Encoder(SMALL)
    assert parameter_count(SMALL.to_dict()) == sum(part.numel() for part in model.parameters())


def test_tensors_of_an_encoder_decoder_are_those_of_the_model() -> None:
    model = Seq2Seq(TYPES)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert tensor_shapes(TYPES.to_dict()) == shapes
    assert parameter_count(TYPES.to_dict()) == sum(part.numel() for part in model.parameters())


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "model_type is None"),
        ({"model_type": "llama"}, "model_type is 'llama'"),
        ({"model_type": "tidemill-static", "features": 3}, "vector_size is None"),
        ({"model_type": "tidemill-static", "features": True, "vector_size": 1}, "features is True"),
        ({"model_type": "roberta", "vocab_size": 4}, "missing"),
        (SMALL.to_dict() | {"hidden_size": "8"}, "hidden_size is '8', not a number"),
        (SMALL.to_dict() | {"pooling": "best"}, "pooling 'best'"),
        (SMALL.to_dict() | {"hidden_act": "relu"}, "only 'gelu'"),
        (SMALL.to_dict() | {"num_attention_heads": 3}, "do not divide"),
        (SMALL.to_dict() | {"max_tokens": 513}, "have room for 512"),
        (SMALL.to_dict() | {"num_hidden_layers": -1}, "num_hidden_layers is -1"),
        ({"model_type": "t5", "vocab_size": 4}, "missing"),
        (TYPES.to_dict() | {"num_heads": 0}, "num_heads is 0"),
        (TYPES.to_dict() | {"d_model": 8.5}, "d_model is 8.5, not a whole number"),
        (TYPES.to_dict() | {"is_encoder_decoder": False}, "only True is known"),
    ],
)
def test_what_is_no_config_is_refused_with_the_field(facts: dict[str, object], said: str) -> None:
    with pytest.raises(ExpertError, match=said):
        tensor_shapes(facts)


def test_fields_of_other_programs_are_passed_over() -> None:
    facts = SMALL.to_dict() | {"attention_probs_dropout_prob": 0.1, "torch_dtype": "float32"}
    assert encoder_config(facts) == SMALL
