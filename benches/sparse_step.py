"""How fast a training step is at N:M, whole: products, masks, packing, optimizer.

A stack of transformer blocks' linear layers (query, key, value, output, and the two of the
feed-forward part, 768 and 3,072 wide, with GELU between, no attention) takes a step of 1,024
tokens with AdamW: dense in torch, and sparse by BDWP with operands made once an update. A second
figure is the whole step of an encoder with attention, norms and embeddings. The bound is what is
left of the multiply-accumulates: (2d + 1) / 3 of dense, 2.0x at 2:8; SAT's own figure on its
engine is 1.75x (arXiv 2309.13015, abstract).

    .venv/bin/python benches/sparse_step.py [--quick] [--threads N]
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from report import Figure, show
from tidemill.models.batch import GraphBatch, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import NO_FLOW, assembled
from tidemill.sparsity import kernels
from tidemill.sparsity.cost import Product, training_share
from tidemill.sparsity.methods import method
from tidemill.sparsity.sparsifier import Sparsifier, sparsify
from tidemill.sparsity.spec import Sparsity

SEED = 5
WIDTH, MIDDLE, TOKENS = 768, 3_072, 1_024
TARGET = 1.6
MOST_MASK_SHARE = 0.05
PATTERNS = ("2:8", "2:4", "1:8")


class Block(nn.Module):
    """The linear layers of a transformer block, each fed by the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.attention: nn.ModuleList = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.widen: nn.Linear = nn.Linear(WIDTH, MIDDLE)
        self.narrow: nn.Linear = nn.Linear(MIDDLE, WIDTH)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return x plus what the layers make of it."""
        query, key, value, output = self.attention
        mixed = x + output(query(x) + key(x) + value(x))
        return mixed + self.narrow(functional.gelu(self.widen(mixed)))  # type: ignore[no-any-return]


@dataclass(slots=True, kw_only=True, eq=False)
class Trained:
    """A model with what trains it.

    Attributes:
        step: Does one update.
        sparsifier: Of a sparse model.
    """

    step: Callable[[], None]
    sparsifier: Sparsifier | None


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="nothing needs preparing")
    parser.add_argument("--quick", action="store_true", help="one block, few steps")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    if arguments.prepare:
        return
    if not kernels.available():
        raise SystemExit(f"there are no kernels to measure: {kernels.why_not()}")
    torch.set_num_threads(arguments.threads)
    blocks, rounds = (1, 3) if arguments.quick else (2, 9)
    print(f"{arguments.threads} threads, {kernels.isa()}, {TOKENS:,} tokens, minimum of {rounds}")
    figures = _stack_figures(blocks, rounds, PATTERNS[:1] if arguments.quick else PATTERNS)
    figures += _encoder_figures(rounds, layers=1 if arguments.quick else 6)
    show("sparse_step", figures, quick=arguments.quick)


def _stack_figures(blocks: int, rounds: int, patterns: tuple[str, ...]) -> list[Figure]:
    """Compare steps of the linear layers, dense and at each pattern, in turn."""
    ways = {"dense": _stack(blocks, None)} | {text: _stack(blocks, text) for text in patterns}
    best, masks = _timed(ways, rounds)
    figures = [
        Figure(name="stack step, dense torch", value=1e3 * best["dense"], unit="ms"),
    ]
    for text in patterns:
        spec = Sparsity.parse(text)
        layers = [
            *(4 * [Product(tokens=TOKENS, inputs=WIDTH, outputs=WIDTH)]),
            Product(tokens=TOKENS, inputs=WIDTH, outputs=MIDDLE),
            Product(tokens=TOKENS, inputs=MIDDLE, outputs=WIDTH),
        ]
        bound = float(1 / training_share(layers, spec.pattern, method(spec.method)))
        gain, share = best["dense"] / best[text], masks[text] / best[text]
        is_aim = text == "2:8"
        figures += [
            Figure(
                name=f"stack step at {text}",
                value=gain,
                unit="x",
                peer=f"dense torch, same step and optimizer; bound {bound:.2f}",
                target=f">= {TARGET}" if is_aim else "",
                met=gain >= TARGET if is_aim else None,
            ),
            Figure(
                name=f"masks and packing at {text}",
                value=100 * share,
                unit="% of the step",
                target=f"<= {100 * MOST_MASK_SHARE:.0f}" if is_aim else "",
                met=share <= MOST_MASK_SHARE if is_aim else None,
            ),
        ]
    return figures


def _encoder_figures(rounds: int, layers: int) -> list[Figure]:
    """Compare whole steps of an encoder, 256 and 768 wide."""
    figures = []
    for width in (256, 768):
        batch, config = _batch(width, layers)
        ways = {name: _encoder(config, batch, name) for name in ("dense", "2:8")}
        best, _ = _timed(ways, rounds)
        figures.append(
            Figure(
                name=f"whole encoder step at 2:8, {layers} x {width}",
                value=best["dense"] / best["2:8"],
                unit="x",
                peer="dense torch, same step and optimizer",
            )
        )
    return figures


def _timed(ways: dict[str, Trained], rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shortest step of each way, and its shortest time for masks; taken in turn."""
    best = dict.fromkeys(ways, float("inf"))
    masks = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds + 1):
        for name, way in ways.items():
            before = way.sparsifier.seconds if way.sparsifier else 0.0
            begun = time.perf_counter()
            way.step()
            best[name] = min(best[name], time.perf_counter() - begun)
            if way.sparsifier:
                masks[name] = min(masks[name], way.sparsifier.seconds - before)
    return best, masks


def _stack(blocks: int, pattern: str | None) -> Trained:
    chance = torch.Generator().manual_seed(SEED)
    network = nn.Sequential(*(Block() for _ in range(blocks)))
    with torch.no_grad():
        for part in network.parameters():
            part.normal_(std=0.02, generator=chance)
    x, wanted = (torch.randn(TOKENS, WIDTH, generator=chance) for _ in range(2))
    x.requires_grad_()  # as in the middle of a model: the first layer's gradient is wanted too
    return _trained(network, pattern, lambda: functional.mse_loss(network(x), wanted), ())


def _encoder(config: EncoderConfig, batch: GraphBatch, name: str) -> Trained:
    chance = torch.Generator().manual_seed(SEED)
    network = nn.ModuleDict({"encoder": Encoder(config, chance)})
    encoder = network["encoder"]
    assert isinstance(encoder, Encoder)  # noqa: S101  a bench
    wanted = torch.randn(len(batch.ids), config.hidden_size, generator=chance)
    pattern = None if name == "dense" else name
    return _trained(
        network, pattern, lambda: functional.mse_loss(encoder.embed(batch), wanted), None
    )


def _trained(
    network: nn.Module,
    pattern: str | None,
    loss: Callable[[], Tensor],
    exempt: tuple[str, ...] | None,
) -> Trained:
    sparsifier = None
    if pattern is not None:
        sparsifier = sparsify(network, Sparsity.parse(pattern), exempt=exempt)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    if sparsifier is not None:
        sparsifier.attach(optimizer)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return Trained(step=step, sparsifier=sparsifier)


def _batch(width: int, layers: int) -> tuple[GraphBatch, EncoderConfig]:
    """Return eight texts of 128 tokens for an encoder."""
    config = EncoderConfig(
        vocab_size=8_192,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        max_position_embeddings=130,
        max_tokens=128,
    )
    ids = np.random.default_rng(SEED).integers(5, 8_192, (8, 126))
    inputs = [assembled(row, NO_FLOW, config=config) for row in ids]
    return collate(inputs, config), config


if __name__ == "__main__":
    main()
