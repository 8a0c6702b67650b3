"""Experts for the bench of switches: a large one and a small one, dense and at 2:8."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from tidemill.experts.encodings import Storage
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.tokenizer import Tokenizer

__all__ = ["FOLDER", "KINDS", "config_of", "expert", "made"]

FOLDER = Path(__file__).parents[1] / "build" / "bench" / "switch"
KINDS = tuple(
    f"{size}-{kind}" for size in ("large", "small") for kind in ("a", "b", "sparse", "sparse-b")
)

_SIZES = {
    "large": {"vocab_size": 30_000, "hidden_size": 768, "num_hidden_layers": 12},
    "small": {"vocab_size": 2_000, "hidden_size": 256, "num_hidden_layers": 3},
}


def config_of(kind: str) -> EncoderConfig:
    """Return the shape of an expert; the large one is that of BERT base."""
    size = _SIZES[kind.partition("-")[0]]
    width = size["hidden_size"]
    return EncoderConfig(
        vocab_size=size["vocab_size"],
        hidden_size=width,
        num_hidden_layers=size["num_hidden_layers"],
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        pooling="mean",
    )


def expert(kind: str) -> ExpertPackage:
    """Return an expert, of whose weights nothing is mapped."""
    return open_expert(FOLDER / "experts" / f"search-{kind}", mapped=False)


def made() -> None:
    """Write the experts, and the dense ones as others would read them."""
    for seed, kind in enumerate(KINDS):
        folder = FOLDER / "experts" / f"search-{kind}"
        if folder.is_dir():
            continue
        encoder = Encoder(config_of(kind), torch.Generator().manual_seed(seed))
        state = encoder.state_dict()
        tensors = {name: part.numpy() for name, part in state.items()}
        storage = _pruned(tensors) if "sparse" in kind else {}
        draft = ExpertDraft(
            name=folder.name,
            task="search",
            architecture="encoder",
            config=config_of(kind).to_dict(),
            tensors=tensors,
            storage=storage,
            texts={"tokenizer.json": Tokenizer.train(["def f(a): return a"]).to_json()},
        )
        write_expert(folder, draft)
        if not storage:
            torch.save(state, FOLDER / f"{kind}.pt")
            save_file(state, FOLDER / f"{kind}.safetensors")


def _pruned(tensors: dict[str, np.ndarray]) -> dict[str, Storage]:
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
