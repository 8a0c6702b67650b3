"""From an expert to a folder that Hugging Face's programs load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import json_object, readable_json
from tidemill.experts.dtypes import narrowed
from tidemill.experts.folder import read_whole, staged, write_new
from tidemill.experts.importing import POSITIONS
from tidemill.experts.names import CARD, CONFIG, TOKENIZER, WEIGHTS
from tidemill.experts.package import LARGEST_TEXT_BYTES, ExpertPackage
from tidemill.experts.parts import FLOATS, Part
from tidemill.experts.positions import shifted
from tidemill.experts.tensor_writer import write_parts
from tidemill.experts.tensors import Tensor
from tidemill.experts.vocabulary import vocabulary_of
from tidemill.models.config import FIRST_POSITION, EncoderConfig, encoder_config

__all__ = ["PROJECTION_FILE", "export_huggingface"]

PUBLIC_FILE: Final = 0o644
PUBLIC_FOLDER: Final = 0o755
PROJECTION: Final = "projection.weight"
PROJECTION_FILE: Final = "projection.safetensors"
"""Where the last linear map goes, which RobertaModel does not have."""

METADATA: Mapping[str, str] = {"format": "pt"}


def export_huggingface(expert: ExpertPackage, folder: Path) -> None:
    """Write an encoder so that ``RobertaModel`` and ``AutoTokenizer`` of transformers load it.

    Tensors kept as floats keep their kind, and those of an N:M pattern get their zeros back;
    8-bit integers are decoded to float32. A projection goes into a file of its own. The folder
    appears in one step.

    Args:
        expert: An encoder.
        folder: Where; nothing may be there.

    Raises:
        ExpertError: The expert is no encoder.
        InputError: Something is there already.
        CapacityError: The disk is full.
        StoreError: The folder cannot be written.
    """
    if expert.manifest.architecture != "encoder":
        raise ExpertError(
            f"the expert {expert.name} is of the architecture {expert.manifest.architecture},"
            " and Hugging Face's layout is for encoders"
        )
    config = encoder_config(expert.config)
    rows = config.pad_token_id + 1 - FIRST_POSITION
    parts = {name: _part(name, tensor, rows) for name, tensor in expert.tensors.items()}
    projection = parts.pop(PROJECTION, None)
    with staged(folder, mode=PUBLIC_FOLDER) as stage:
        write_parts(stage / WEIGHTS, parts, METADATA, mode=PUBLIC_FILE)
        if projection is not None:
            own = {PROJECTION: projection}
            write_parts(stage / PROJECTION_FILE, own, METADATA, mode=PUBLIC_FILE)
        _write(stage, CONFIG, readable_json(_model_facts(config, rows)))
        _write(stage, CARD, expert.card.encode())
        if expert.tokenizer is not None:
            _write_tokenizer(
                stage, expert.tokenizer, config.max_position_embeddings - FIRST_POSITION
            )


def _part(name: str, tensor: Tensor, rows: int) -> Part:
    values = tensor.to_float32()
    if name == POSITIONS:
        values = shifted(values, rows)
    kept = tensor.parts.get("values")
    dtype = kept.dtype if kept is not None and kept.dtype in FLOATS else "F32"
    return Part(dtype=dtype, numbers=narrowed(values, dtype))


def _model_facts(config: EncoderConfig, rows: int) -> dict[str, object]:
    """Return the config with the rows that RobertaModel's table of positions has."""
    facts = config.to_dict()
    facts["max_position_embeddings"] = config.max_position_embeddings + rows
    return facts | {
        "hidden_act": "gelu",
        "attention_probs_dropout_prob": config.hidden_dropout_prob,
    }


def _write_tokenizer(stage: Path, path: Path, longest: int) -> None:
    """Write the tokenizer so that it frames a text with its first and last token."""
    data = read_whole(path, most_bytes=LARGEST_TEXT_BYTES)
    facts, vocabulary = json_object(data, where=str(path)), vocabulary_of(data, where=str(path))
    first, last = vocabulary.words["bos_token_id"], vocabulary.words["eos_token_id"]
    if facts.get("post_processor") is None:
        facts["post_processor"] = {
            "type": "RobertaProcessing",
            "sep": [last, vocabulary.specials["eos_token_id"]],
            "cls": [first, vocabulary.specials["bos_token_id"]],
            "trim_offsets": True,
            "add_prefix_space": False,
        }
    words = {name.removesuffix("_id"): word for name, word in vocabulary.words.items()}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        "model_input_names": ["input_ids", "attention_mask"],
        **words,
        "cls_token": first,
        "sep_token": last,
    }
    _write(stage, TOKENIZER, readable_json(facts))
    _write(stage, "tokenizer_config.json", readable_json(settings))


def _write(stage: Path, name: str, data: bytes) -> None:
    write_new(stage / name, [data], mode=PUBLIC_FILE)
