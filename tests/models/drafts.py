"""Small models of every kind whose products follow from a config."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.experts.drafts import CONFIG
from tidemill.models.config import EncoderConfig
from tidemill.models.convolution import ConvolutionConfig
from tidemill.models.image_config import ImageInput, ResNetConfig, ViTConfig
from tidemill.models.seq2seq.config import Seq2SeqConfig

SHOWN = ImageInput(size=16, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, labels=("cat", "dog"))
RESNET = ResNetConfig(images=SHOWN, width=8)
VIT = ViTConfig(
    images=SHOWN,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
)
TEXT = ConvolutionConfig(vocab_size=9, hidden_size=8, vector_size=16, max_tokens=20)
TYPES = Seq2SeqConfig(
    vocab_size=24,
    d_model=16,
    d_kv=4,
    d_ff=32,
    num_layers=3,
    num_decoder_layers=2,
    num_heads=4,
    eos_token_id=2,
    max_tokens=20,
    max_target_tokens=6,
)
GATED = replace(TYPES, feed_forward_proj="gated-gelu", tie_word_embeddings=False, d_kv=2)


def encoder(**changes: Any) -> EncoderConfig:
    return EncoderConfig(**(facts_of(CONFIG.to_dict()) | changes))


def facts_of(facts: Mapping[str, object]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key in EncoderConfig.__slots__}
