"""How fast an encoder with packed N:M weights embeds functions, beside the dense one.

The same 6 x 256 encoder reads the same functions, with their data flow, in the batches that
indexing makes: dense in fp32, dense in bfloat16 (autocast), and packed at 2:8 in both. The
packed one keeps values and bit-packed indices; kernels read a form of them that is made once,
whose bytes and milliseconds are told.

    .venv/bin/python benches/sparse_indexing.py [--quick] [--threads N]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from encoder import SEED, inputs_of
from index import copies, planted

from report import Figure, show
from tidemill.core.settings import Settings
from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.models.batch import batches, collate
from tidemill.models.config import SIZES, EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import GraphInput
from tidemill.models.tokenizer import Tokenizer
from tidemill.sparsity import kernels
from tidemill.sparsity.formcache import FormCache
from tidemill.sparsity.packing import pack_model
from tidemill.sparsity.sparsifier import sparsify
from tidemill.sparsity.spec import Sparsity
from tidemill.tasks.indexing import index

PATTERN = "2:8"
TARGET = 1.8
ROUNDS = 5


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="nothing needs preparing")
    parser.add_argument("--quick", action="store_true", help="fewer functions")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if arguments.prepare:
        return
    torch.set_num_threads(arguments.threads)
    print(f"{arguments.threads} threads, {kernels.isa() if kernels.available() else 'no kernels'}")
    with TemporaryDirectory(prefix="tidemill-") as name:
        inputs, config = _functions(Path(name), 48 if arguments.quick else 192)
    show("sparse_indexing", _figures(inputs, config), quick=arguments.quick)


def _functions(work: Path, count: int) -> tuple[list[GraphInput], EncoderConfig]:
    """Return functions of a library as a search expert reads them."""
    root = planted(work / "some", copies(count * 2, 1))
    index([root], settings=Settings(workers=1, store=work / "store" / "s"))
    tokenizer = Tokenizer.load(open_expert(SHIPPED / "search-tokens").file("tokenizer.json"))
    config = EncoderConfig(
        vocab_size=tokenizer.vocab_size,
        **SIZES["tiny"],  # type: ignore[arg-type]  # whole numbers, every one
        max_position_embeddings=258,
        max_tokens=256,
        max_nodes=64,
    )
    return inputs_of(work / "store" / "s", tokenizer, config, count), config


def _figures(inputs: Sequence[GraphInput], config: EncoderConfig) -> list[Figure]:
    dense, packed = (Encoder(config, torch.Generator().manual_seed(SEED)).eval() for _ in range(2))
    forms = FormCache()
    sparsify(packed, Sparsity.parse(PATTERN))
    weights = pack_model(packed, forms=forms)
    packed.join_products()
    ways: dict[str, Callable[[], None]] = {
        "dense fp32": lambda: _embed(dense, inputs, bf16=False),
        "dense bf16": lambda: _embed(dense, inputs, bf16=True),
        "packed fp32": lambda: _embed(packed, inputs, bf16=False),
        "packed bf16": lambda: _embed(packed, inputs, bf16=True),
    }
    rates = {name: len(inputs) / seconds for name, seconds in _fastest(ways).items()}
    figures = [
        Figure(name=f"functions embedded, {name}", value=rate, unit="/s")
        for name, rate in rates.items()
    ]
    best = max(rates["packed fp32"], rates["packed bf16"])
    filling = forms.filling
    held = sum(weight.bytes_held for weight in weights.values())
    whole = sum(2 * weight.rows * weight.columns for weight in weights.values())
    return [
        *figures,
        Figure(
            name="packed fp32 over dense fp32",
            value=rates["packed fp32"] / rates["dense fp32"],
            unit="x",
            peer=f"torch, {rates['dense fp32']:.1f}/s",
            target=f">= {TARGET}",
            met=rates["packed fp32"] >= TARGET * rates["dense fp32"],
        ),
        Figure(
            name="the better packed one over dense bf16",
            value=best / rates["dense bf16"],
            unit="x",
            peer=f"torch, {rates['dense bf16']:.1f}/s",
            target="> 1",
            met=best > rates["dense bf16"],
        ),
        Figure(
            name="bytes of the sparse layers' weights",
            value=held / whole,
            unit="of dense bf16",
            target="<= .30",
            met=held <= 0.30 * whole,
        ),
        Figure(
            name=f"filling {filling.fills} forms, {filling.bytes_held / 1e6:.1f} MB",
            value=1e3 * filling.seconds,
            unit="ms",
        ),
    ]


def _embed(encoder: Encoder, inputs: Sequence[GraphInput], *, bf16: bool) -> None:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for places in batches([len(entry) for entry in inputs]):
            encoder.embed(collate([inputs[place] for place in places], encoder.config))


def _fastest(ways: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Return the shortest time of each way; taken in turn, the first round for warming up."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            if turn:
                best[name] = min(best[name], time.perf_counter() - begun)
    return best


if __name__ == "__main__":
    main()
