"""The experts of the serving bench: 150 of one family, untrained, of the size of the shipped ones.

Four layers of width 256 at 2:8 over a vocabulary of 8,192, about 4 MB each, of which 2 MB are
embeddings that all have in common, as experts have that were trained from one base.
"""

from pathlib import Path

import numpy as np
import torch

from tidemill.experts.encodings import Storage
from tidemill.experts.package import open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.experts.registry import SHIPPED
from tidemill.models.config import encoder_config
from tidemill.models.encoder import Encoder

__all__ = ["COUNT", "FOLDER", "LONG", "NAMES", "SHORT", "made"]

FOLDER = Path(__file__).parents[1] / "build" / "bench" / "serving"
COUNT = 150
NAMES = tuple(f"search-{number:03}" for number in range(COUNT))

SHORT = "parse the header of a file and return its fields as a list of pairs"
"""Sixteen tokens with the two specials."""

LONG = " ".join([SHORT] * 12)
"""More than an expert reads: 128 tokens of it."""


def made() -> Path:
    """Write the experts that are missing; return their folder."""
    experts = FOLDER / "experts"
    base = open_expert(SHIPPED / "search-code")
    config = encoder_config(base.config)
    texts = {"tokenizer.json": base.file("tokenizer.json").read_text(encoding="utf-8")}
    tables = {
        name: tensor.to_float32()
        for name, tensor in base.tensors.items()
        if name.startswith("embeddings")
    }
    for seed, name in enumerate(NAMES):
        if (experts / name).is_dir():
            continue
        encoder = Encoder(config, torch.Generator().manual_seed(seed))
        tensors = {key: part.numpy() for key, part in encoder.state_dict().items()} | tables
        draft = ExpertDraft(
            name=name,
            task="search",
            architecture="encoder",
            config=base.config,
            tensors=tensors,
            storage=_storage(tensors),
            texts=texts,
            licence=base.manifest.licence,
        )
        write_expert(experts / name, draft)
    return experts


def _storage(tensors: dict[str, np.ndarray]) -> dict[str, Storage]:
    """Keep two of eight in every layer, in place; say how each tensor is stored."""
    storage = {}
    for name, values in tensors.items():
        if name.startswith("encoder") and values.ndim == 2:
            groups = values.reshape(-1, 8)
            least = np.argsort(np.abs(groups), axis=1)[:, :6]
            np.put_along_axis(groups, least, 0.0, axis=1)
            storage[name] = Storage(encoding="2:8", dtype="BF16")
        elif values.ndim == 2:
            storage[name] = Storage(encoding="int8-rows")
    return storage
