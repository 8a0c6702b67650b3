"""Folders in Hugging Face's layout, made without its libraries."""

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from tests.experts.drafts import TOKENIZER, values
from tidemill.experts.dtypes import Floats
from tidemill.models.config import EncoderConfig
from tidemill.models.shapes import tensor_shapes

FACTS: dict[str, Any] = {
    "model_type": "roberta",
    "architectures": ["RobertaModel"],
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 34,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "hidden_act": "gelu",
    "pad_token_id": 1,
    "transformers_version": "9.9",
    "torch_dtype": "float32",
}


def tensors_of(facts: dict[str, Any], *, pooler: bool = True) -> dict[str, Floats]:
    """The tensors that a model of this config has."""
    known = {name: facts[name] for name in EncoderConfig.__dataclass_fields__ if name in facts}
    pooling = "pooler" if pooler else "mean"
    config = EncoderConfig(**known | {"pooling": pooling, "max_tokens": 8})
    return {
        name: values(*shape, seed=number) * 0.1
        for number, (name, shape) in enumerate(sorted(tensor_shapes(config.to_dict()).items()))
    }


def huggingface_folder(
    folder: Path, facts: dict[str, Any] | None = None, tensors: dict[str, Any] | None = None
) -> Path:
    """Write config, weights and tokenizer."""
    folder.mkdir()
    facts = FACTS if facts is None else facts
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    weights = tensors_of(facts) if tensors is None else tensors
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
