import subprocess
import sys
from math import prod

import pytest

from tests.models.seq2seq.small import SMALL
from tidemill.core.errors import ExpertError
from tidemill.models.seq2seq.config import SIZES, Seq2SeqConfig, seq2seq_config
from tidemill.models.seq2seq.shapes import seq2seq_tensors

# What the config.json of T5 1.1 says, fields of other tasks left out.
PUBLISHED = {
    "architectures": ["T5ForConditionalGeneration"],
    "d_ff": 1024,
    "d_kv": 64,
    "d_model": 512,
    "decoder_start_token_id": 0,
    "dropout_rate": 0.1,
    "eos_token_id": 1,
    "feed_forward_proj": "gated-gelu",
    "initializer_factor": 1.0,
    "is_encoder_decoder": True,
    "layer_norm_epsilon": 1e-06,
    "model_type": "t5",
    "num_decoder_layers": 8,
    "num_heads": 6,
    "num_layers": 8,
    "output_past": True,
    "pad_token_id": 0,
    "relative_attention_num_buckets": 32,
    "tie_word_embeddings": False,
    "use_cache": True,
    "vocab_size": 32128,
}


def test_a_config_survives_its_facts() -> None:
    assert seq2seq_config(SMALL.to_dict()) == SMALL


def test_a_published_config_is_read_and_other_fields_are_passed_over() -> None:
    config = seq2seq_config(PUBLISHED)
    assert config.is_gated
    assert not config.tie_word_embeddings
    assert (config.inner_size, config.d_model) == (384, 512)
    assert config.bos_token_id is None


def test_a_decoder_without_a_depth_is_as_deep_as_the_encoder() -> None:
    facts = SMALL.to_dict()
    for absent in ({"num_decoder_layers": None}, {}):
        rest = {name: value for name, value in facts.items() if name != "num_decoder_layers"}
        assert seq2seq_config(rest | absent).num_decoder_layers == SMALL.num_layers


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_a_config(size: str) -> None:
    config = Seq2SeqConfig(vocab_size=100, eos_token_id=2, **SIZES[size])
    assert config.d_model == config.inner_size


def test_the_published_size_has_the_published_number_of_parameters() -> None:
    # T5 base with CodeT5's 32,100 tokens: 222,903,552 less 28 rows of 768.
    config = Seq2SeqConfig(vocab_size=32_100, eos_token_id=2, **SIZES["base"])
    assert sum(map(prod, seq2seq_tensors(config).values())) == 222_882_048


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocab_size": "40"}, "vocab_size is '40', not a whole number"),
        ({"vocab_size": True}, "vocab_size is True, not a whole number"),
        ({"d_kv": 8.0}, "d_kv is 8.0, not a whole number"),
        ({"d_model": 0}, "d_model is 0; it is at least 1"),
        ({"num_layers": 301}, "num_layers is 301; it is 1 to 300"),
        ({"num_decoder_layers": 0}, "num_decoder_layers is 0"),
        ({"max_tokens": 70_000}, "max_tokens is 70000; it is 1 to 65,536"),
        ({"max_target_tokens": 0}, "max_target_tokens is 0"),
        ({"eos_token_id": 40}, "eos_token_id is 40; it is 0 to 39"),
        ({"eos_token_id": [1, 2]}, "eos_token_id is"),
        ({"pad_token_id": None}, "pad_token_id is None, not a whole number"),
        ({"relative_attention_num_buckets": 3}, "buckets is 3; it is at least 4"),
        ({"relative_attention_max_distance": 16}, "distance is 16; it is at least 17"),
        ({"dropout_rate": 1}, "dropout_rate is 1; it is 0 or more, and below 1"),
        ({"dropout_rate": "no"}, "dropout_rate is 'no', not a number"),
        ({"layer_norm_epsilon": 0}, "layer_norm_epsilon is 0; it is above 0"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings is 1, not true or false"),
        ({"feed_forward_proj": "gelu"}, "unknown feed_forward_proj 'gelu'"),
        ({"feed_forward_proj": 3}, "feed_forward_proj is 3, not a word"),
        ({"model_type": "mt5"}, "model_type is 'mt5'; only 't5'"),
        ({"is_encoder_decoder": False}, "is_encoder_decoder is False"),
        ({"dense_act_fn": "silu"}, "dense_act_fn is 'silu'"),
        ({"is_gated_act": True}, "is_gated_act is True"),
        ({"scale_decoder_outputs": False}, "scale_decoder_outputs is False"),
    ],
)
def test_what_is_no_config_is_refused_with_the_field(change: dict[str, object], said: str) -> None:
    with pytest.raises(ExpertError, match=r"config\.json: ") as refusal:
        seq2seq_config(SMALL.to_dict() | change)
    assert said in refusal.value.message


@pytest.mark.parametrize("name", ["vocab_size", "d_kv", "num_layers", "eos_token_id"])
def test_what_has_no_default_must_be_said(name: str) -> None:
    facts = {key: value for key, value in SMALL.to_dict().items() if key != name}
    with pytest.raises(ExpertError, match="missing"):
        seq2seq_config(facts)


def test_shapes_are_told_without_torch() -> None:
    program = "import sys, tidemill.models.seq2seq.shapes; print('torch' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert said.stdout.strip() == "False"
