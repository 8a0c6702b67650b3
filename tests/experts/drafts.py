"""Small experts, and files of tensors written by hand, for the tests of this package."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tidemill.experts.dtypes import Floats
from tidemill.experts.encodings import Storage
from tidemill.experts.manifest import Metric, Training
from tidemill.experts.names import MANIFEST
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.models.config import EncoderConfig
from tidemill.models.shapes import tensor_shapes
from tidemill.sparsity.pattern import NMPattern

CONFIG = EncoderConfig(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=34,
    max_tokens=32,
    projection_size=8,
)

TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {
            "id": number,
            "content": content,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, content in enumerate(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    ],
    "normalizer": None,
    "pre_tokenizer": {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    },
    "post_processor": None,
    "decoder": {
        "type": "ByteLevel",
        "add_prefix_space": True,
        "trim_offsets": True,
        "use_regex": True,
    },
    "model": {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {
            token: number
            for number, token in enumerate(
                ("<s>", "<pad>", "</s>", "<unk>", "<mask>", *"abcdefghijklmnopqrstuvwxyz", "ab")
            )
        },
        "merges": [["a", "b"]],
    },
}


def values(*shape: int, seed: int = 0) -> Floats:
    """Normally distributed values."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def static_draft(**changes: Any) -> ExpertDraft:
    """An expert of an architecture whose shapes follow from nothing."""
    draft = ExpertDraft(
        name="search-tiny",
        task="search",
        architecture="static",
        config={"model_type": "static", "size": 3},
        tensors={"table": values(5, 3), "bias": values(3, seed=1)},
        licence="MIT",
        languages=("python", "go"),
        texts={"features.json": '{"words": ["a", "b"]}', "notes.txt": "written by hand\n"},
        metrics=(Metric(name="MRR", value=0.5, data="stdlib", split="test", commit="abc123"),),
        training=Training(recipe="tiny", recipe_hash="r1", steps=10, seed=0, data_hash="d1"),
        about="A small one.",
    )
    return replace(draft, **changes)


def encoder_draft(**changes: Any) -> ExpertDraft:
    """An expert whose tensors follow from its config."""
    facts = CONFIG.to_dict()
    tensors = {
        name: values(*shape, seed=number) * 0.1
        for number, (name, shape) in enumerate(sorted(tensor_shapes(facts).items()))
    }
    draft = ExpertDraft(
        name="search-encoder",
        task="search",
        architecture="encoder",
        config=facts,
        tensors=tensors,
        texts={"tokenizer.json": json.dumps(TOKENIZER)},
    )
    return replace(draft, **changes)


def pruned(dense: Floats, pattern: NMPattern) -> Floats:
    """The tensor with its N largest values of each M along the second axis."""
    groups = np.moveaxis(dense, 1, -1)
    shape = groups.shape
    groups = groups.reshape(-1, pattern.m).copy()
    smallest = np.argsort(-np.abs(groups), axis=1, kind="stable")[:, pattern.n :]
    np.put_along_axis(groups, smallest, 0, axis=1)
    return np.ascontiguousarray(np.moveaxis(groups.reshape(shape), -1, 1))


def sparse_draft(pattern: str = "2:8", dtype: str = "F32", **changes: Any) -> ExpertDraft:
    """The encoder with every matrix of its layers pruned and packed."""
    draft = encoder_draft(**changes)
    storage = {
        name: Storage(encoding=pattern, dtype=dtype)
        for name, dense in draft.tensors.items()
        if name.startswith("encoder.layer.") and dense.ndim == 2
    }
    kept = NMPattern.parse(pattern)
    tensors = {
        name: pruned(dense, kept) if name in storage else dense
        for name, dense in draft.tensors.items()
    }
    return replace(draft, tensors=tensors, storage=storage)


def packed(folder: Path, draft: ExpertDraft | None = None) -> ExpertPackage:
    """A package in a folder that is called as the expert."""
    draft = draft or static_draft()
    return write_expert(folder / draft.name, draft)


def edit_manifest(package: ExpertPackage, **changes: Any) -> None:
    """Write other fields into a package's manifest; a hyphen takes one out."""
    path = package.folder / MANIFEST
    facts = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: fact for name, fact in facts.items() if fact != "-"}))


def raw_file(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    """The bytes of a safetensors file, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def raw_entry(start: int, end: int, *shape: int, dtype: str = "F32") -> dict[str, object]:
    """An entry of a header."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
