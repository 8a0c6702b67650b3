"""From a folder as Hugging Face lays it out to the draft of an expert."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from tidemill.core.errors import ExpertError
from tidemill.experts.documents import json_object
from tidemill.experts.dtypes import DTYPES, Floats, widened
from tidemill.experts.encodings import Storage
from tidemill.experts.folder import opened, read_whole, stamped_files
from tidemill.experts.header import StoredTensor
from tidemill.experts.names import CONFIG, TOKENIZER, WEIGHTS
from tidemill.experts.package import LARGEST_TEXT_BYTES
from tidemill.experts.packing import ExpertDraft
from tidemill.experts.parts import FLOATS
from tidemill.experts.positions import shifted
from tidemill.experts.refusals import HEAD_BYTES, refuse_code, refuse_magic
from tidemill.experts.tensors import map_file
from tidemill.experts.verification import check_shapes
from tidemill.experts.vocabulary import Vocabulary, byte_level_tokenizer, vocabulary_of
from tidemill.models.config import FIRST_POSITION, EncoderConfig, encoder_config

__all__ = ["import_huggingface"]

LONGEST_TEXT: Final = 512
"""Tokens that an imported encoder reads of a text, where it has so many positions."""

WORDS: Final = "embeddings.word_embeddings.weight"
POSITIONS: Final = "embeddings.position_embeddings.weight"
POOLER: Final = "pooler."

_PREFIX = re.compile(r"(?:(?:roberta|bert|encoder|model|module)\.)*")
_LEFT_OUT = re.compile(r"(?:lm_head|cls)\..*|embeddings\.(?:position|token_type)_ids")
"""Heads of pre-training, and buffers that say nothing."""

_OLD_NAMES = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))


def import_huggingface(
    folder: Path,
    *,
    name: str,
    task: str,
    languages: tuple[str, ...] = (),
    licence: str = "unknown",
    config: Mapping[str, object] | None = None,
) -> ExpertDraft:
    """Make an expert of an encoder of RoBERTa's or BERT's kind; nothing is run.

    Weights keep their kind of float. BERT counts positions from 0 where this encoder begins
    at 2, so two empty rows go before its table. A pooler is kept if pooling is by it, which
    is the default where there is one. Heads of pre-training are left out.

    Args:
        folder: With ``config.json``, ``model.safetensors``, and ``tokenizer.json`` or
            ``vocab.json`` and ``merges.txt``.
        name: What the expert is called, ``<task>-<scope>``.
        task: What it is for.
        languages: Which languages it knows.
        licence: Of the weights, as an SPDX expression.
        config: Fields that Hugging Face's file does not have: ``pooling``, ``input_mode``,
            ``max_tokens``, ``max_nodes``.

    Returns:
        The draft, for `write_expert`.

    Raises:
        ExpertError: The folder holds another architecture, code, pickles, or damage.
        MissingExtraError: A tokenizer must be built, and the extra ``experts`` is missing.
        StoreError: It cannot be read.
    """
    source = _source(folder)
    chosen = _config(source, config or {})
    stored = {
        tensor: entry
        for tensor, entry in source.stored.items()
        if chosen.pooling == "pooler" or not tensor.startswith(POOLER)
    }
    tensors = {tensor: source.values(entry) for tensor, entry in stored.items()}
    if POSITIONS in tensors:
        tensors[POSITIONS] = shifted(tensors[POSITIONS], source.missing_positions)
    facts = chosen.to_dict()
    check_shapes(facts, {tensor: values.shape for tensor, values in tensors.items()})
    return ExpertDraft(
        name=name,
        task=task,
        architecture="encoder",
        config=facts,
        tensors=tensors,
        licence=licence,
        languages=languages,
        storage={tensor: Storage(dtype=entry.dtype) for tensor, entry in stored.items()},
        texts={TOKENIZER: source.tokenizer.decode()},
        base=folder.resolve().name,
        about=f"Imported from an encoder of {source.kind}'s kind in Hugging Face's layout.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Source:
    """What was found in the folder, under this encoder's names."""

    kind: str
    facts: Mapping[str, object]
    tokenizer: bytes
    vocabulary: Vocabulary
    stored: Mapping[str, StoredTensor]
    data: memoryview

    @property
    def missing_positions(self) -> int:
        """How many rows later this encoder's first position comes."""
        return FIRST_POSITION - (0 if self.kind == "bert" else self._pad + 1)

    @property
    def _pad(self) -> int:
        return self.vocabulary.specials["pad_token_id"]

    def values(self, entry: StoredTensor) -> Floats:
        kind = DTYPES[entry.dtype].stored
        count = entry.stored_bytes // kind.itemsize
        numbers = np.frombuffer(self.data, kind, count, entry.start)
        return widened(numbers, entry.dtype).reshape(entry.shape)


def _source(folder: Path) -> _Source:
    names = _checked_names(folder)
    kind, facts = _facts(folder, names)
    tokenizer = _tokenizer(folder, names)
    header, data = map_file(folder / WEIGHTS)
    source = _Source(
        kind=kind,
        facts=facts,
        tokenizer=tokenizer,
        vocabulary=vocabulary_of(tokenizer, where=str(folder / TOKENIZER)),
        stored=dict(_renamed(header.tensors, folder / WEIGHTS)),
        data=data,
    )
    if source.missing_positions < 0:
        raise ExpertError(f"{folder / CONFIG}: positions begin after row {FIRST_POSITION}")
    return source


def _checked_names(folder: Path) -> frozenset[str]:
    """Look at every file by name and first bytes, also at those that will not be read."""
    names = frozenset(stamped_files(folder))
    for name in sorted(names):
        with opened(folder / name) as file:
            refuse_magic(file.read(HEAD_BYTES), where=str(folder / name))
    for name in (CONFIG, WEIGHTS):
        if name not in names:
            raise ExpertError(
                f"{folder}: {name} is missing",
                hint="weights must be in one safetensors file, with Hugging Face's config beside",
            )
    return names


def _facts(folder: Path, names: frozenset[str]) -> tuple[str, Mapping[str, object]]:
    """Read the config, and make sure that it asks for what this encoder computes."""
    for name in sorted(names & {CONFIG, "tokenizer_config.json"}):
        path = folder / name
        data = read_whole(path, most_bytes=LARGEST_TEXT_BYTES)
        refuse_code(json_object(data, where=str(path)), where=str(path))
    path = folder / CONFIG
    facts = json_object(read_whole(path, most_bytes=LARGEST_TEXT_BYTES), where=str(path))
    kind = facts.get("model_type")
    if kind not in {"roberta", "bert"}:
        raise ExpertError(f"{path}: model_type is {kind!r}; roberta and bert are known")
    for name in ("is_decoder", "add_cross_attention", "is_encoder_decoder"):
        if facts.get(name):
            raise ExpertError(f"{path}: {name} is set, and this is an encoder alone")
    return str(kind), facts


def _tokenizer(folder: Path, names: frozenset[str]) -> bytes:
    def read(name: str) -> bytes:
        return read_whole(folder / name, most_bytes=LARGEST_TEXT_BYTES)

    if TOKENIZER in names:
        return read(TOKENIZER)
    if {"vocab.json", "merges.txt"} <= names:
        built = byte_level_tokenizer(read("vocab.json"), read("merges.txt"), where=str(folder))
        return built.encode()
    raise ExpertError(f"{folder}: neither {TOKENIZER} nor vocab.json with merges.txt is there")


def _renamed(tensors: tuple[StoredTensor, ...], path: Path) -> Iterator[tuple[str, StoredTensor]]:
    """Yield the tensors of the encoder under its own names; the rest keep theirs."""
    prefixes = [tensor.name[: -len(WORDS)] for tensor in tensors if tensor.name.endswith(WORDS)]
    if len(prefixes) != 1 or not _PREFIX.fullmatch(prefixes[0]):
        raise ExpertError(f"{path}: {len(prefixes)} tables of words instead of one: no encoder")
    for tensor in tensors:
        name = tensor.name.removeprefix(prefixes[0])
        for old, new in _OLD_NAMES:
            name = name.replace(old, new)
        if _LEFT_OUT.fullmatch(name):
            continue
        if tensor.dtype not in FLOATS:
            raise ExpertError(f"{path}: {tensor.name} is of kind {tensor.dtype}, no weights")
        yield name, tensor


def _config(source: _Source, given: Mapping[str, object]) -> EncoderConfig:
    """Join the file's fields, the tokenizer's ids and what was asked for."""
    known = {field.name for field in fields(EncoderConfig)}
    if strange := sorted(set(given) - known):
        raise ExpertError(f"an encoder's config has no field {strange[0]!r}")
    facts = {name: value for name, value in source.facts.items() if value is not None}
    rows = facts.get("max_position_embeddings")
    if not isinstance(rows, int) or isinstance(rows, bool):
        raise ExpertError(f"{CONFIG}: max_position_embeddings is {rows!r}, not a number")
    rows += source.missing_positions
    defaults = {
        "pooling": "pooler" if f"{POOLER}dense.weight" in source.stored else "mean",
        "input_mode": "tokens",
        "max_tokens": min(LONGEST_TEXT, rows - FIRST_POSITION),
    }
    own = {"max_position_embeddings": rows, **source.vocabulary.specials}
    config = encoder_config(defaults | facts | own | dict(given))
    if source.vocabulary.size > config.vocab_size:
        raise ExpertError(
            f"{TOKENIZER}: ids up to {source.vocabulary.size - 1:,},"
            f" and {CONFIG} has a vocab_size of {config.vocab_size:,}"
        )
    return config
