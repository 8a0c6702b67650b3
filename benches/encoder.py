"""How fast functions become vectors, and how fast a search with vectors answers.

The encoder is compared with the way of the published implementation: a mask of places times
places for every function, filled in Python, everything padded to the longest input that there
may be, and transformers' RobertaModel with the same weights. That model is measured a second
time with batches padded to their own longest, so that one sees what each difference is worth.

    .venv/bin/python benches/encoder.py [--quick]
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from alone import NOBODYS
from index import copies, library, planted
from transformers import RobertaConfig, RobertaModel

from report import Figure, median, percentile, show
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings
from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.models.batch import batches, collate
from tidemill.models.config import SIZES, EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.inputs import GraphInput, assembled, flow_of
from tidemill.models.tokenizer import Tokenizer
from tidemill.serving.embedder import Embedder
from tidemill.source.dataflow.packing import unpack
from tidemill.source.tokens import terms
from tidemill.store.filters import SearchFilters
from tidemill.store.store import Store
from tidemill.tasks.asking import experts_of
from tidemill.tasks.embedding import EMBEDDED_KINDS, embed
from tidemill.tasks.hybrid import ask, fused_search
from tidemill.tasks.indexing import index

SEED = 11
EXPERTS = "search-terms,search-tokens"
"""Those that are asked by default."""

METHODS = SearchFilters(kinds=frozenset({"method"}))
"""The kind of filter that costs most: one that leaves out some functions, and not by language."""

SHAPES = ((256, 64), (512, 128))
"""Tokens and nodes of the published search, and of its clone detection."""

AT_ONCE = 16
PATIENCE_MS = 10.0
REFUSAL = torch.finfo(torch.float32).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: functions for the encoder, of the tree, its copies, and queries."""

    functions: int
    tree: int
    copies: int
    queries: int


FULL = Size(functions=192, tree=10_000, copies=10, queries=400)
QUICK = Size(functions=48, tree=2_000, copies=2, queries=100)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="nothing needs preparing")
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    arguments = parser.parse_args()
    if arguments.prepare:
        return
    size = QUICK if arguments.quick else FULL
    with TemporaryDirectory(prefix="tidemill-") as name:
        work = Path(name)
        figures = [*_encoder_figures(work, size), *_search_figures(work, size)]
        show("encoder", figures, quick=arguments.quick)


def _encoder_figures(work: Path, size: Size) -> list[Figure]:
    """Measure forward passes, with all that makes their inputs from tokens and graphs."""
    root = planted(work / "some", copies(size.functions * 2, 1))
    index([root], settings=Settings(workers=1, store=work / "some-store" / "s"))
    package = open_expert(SHIPPED / "search-tokens")
    tokenizer = Tokenizer.load(package.file("tokenizer.json"))
    figures = []
    for tokens, nodes in SHAPES:
        config = EncoderConfig(
            vocab_size=tokenizer.vocab_size,
            **SIZES["tiny"],  # type: ignore[arg-type]  # whole numbers, every one
            pooling="mean",
            max_position_embeddings=tokens + 2,
            max_tokens=tokens,
            max_nodes=nodes,
        )
        inputs = inputs_of(work / "some-store" / "s", tokenizer, config, size.functions)
        figures += _compared(inputs, config)
    return figures


def inputs_of(
    store: Path, tokenizer: Tokenizer, config: EncoderConfig, count: int
) -> list[GraphInput]:
    """Return functions of a store as an encoder reads them, drawn by the seed."""
    with Store(store) as opened, opened.snapshot() as snapshot:
        keys = snapshot.without_vector("nobody", EMBEDDED_KINDS)
        chosen = stream(SEED, "functions").sample(keys, min(count, len(keys)))
        bodies = [body for key in chosen if (body := snapshot.body(key)) is not None]
    found = []
    for body in bodies:
        (spans,) = tokenizer.encode([body.text.decode("utf-8", "replace")])
        kept = spans.first(config.max_tokens)
        found.append(
            assembled(kept.ids, flow_of(kept, unpack(body.graph, body.text)), config=config)
        )
    return found


def _compared(inputs: Sequence[GraphInput], config: EncoderConfig) -> list[Figure]:
    """Run ours and the peers in turn on the same inputs; the fastest of three rounds counts."""
    encoder = Encoder(config, torch.Generator().manual_seed(SEED)).eval()
    peer = _roberta(encoder, config)
    places = config.max_tokens + config.max_nodes
    ways: dict[str, Callable[[], torch.Tensor]] = {
        "ours": lambda: _ours(encoder, inputs),
        "padded": lambda: _theirs(peer, inputs, config, places),
        "own": lambda: _theirs(peer, inputs, config, 0),
    }
    said = {name: way() for name, way in ways.items()}
    for name, vectors in said.items():
        if not torch.allclose(vectors, said["ours"], atol=1e-4):
            raise SystemExit(f"{name} computes something else")
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - begun)
    rates = {name: len(inputs) / seconds for name, seconds in best.items()}
    mean = np.mean([len(entry) for entry in inputs])
    bytes_ours = np.mean(
        [entry.ids.nbytes + entry.flow.spans.nbytes + entry.flow.edges.nbytes for entry in inputs]
    )
    return [
        Figure(
            name=f"6x256 forward at {places} places (mean {mean:.0f})",
            value=rates["ours"],
            unit="functions/s",
            peer=f"n x n mask {rates['padded']:.1f}; padded to its batch {rates['own']:.1f}",
            target="faster than both",
            met=rates["ours"] > max(rates["padded"], rates["own"]),
        ),
        Figure(
            name=f"an example at {places} places",
            value=float(bytes_ours),
            unit="bytes",
            peer=f"n x n mask and ids {places * places + 16 * places:,}",
            target="less",
            met=float(bytes_ours) < places * places,
        ),
    ]


def _ours(encoder: Encoder, inputs: Sequence[GraphInput]) -> torch.Tensor:
    found = torch.zeros(len(inputs), encoder.config.hidden_size)
    with torch.inference_mode():
        for chosen in batches([len(entry) for entry in inputs]):
            batch = collate([inputs[place] for place in chosen], encoder.config)
            found[chosen] = encoder(batch).tokens[:, 0]
    return found


def _roberta(encoder: Encoder, config: EncoderConfig) -> RobertaModel:
    model = RobertaModel(
        RobertaConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            intermediate_size=config.intermediate_size,
            max_position_embeddings=config.max_position_embeddings,
            type_vocab_size=1,
            layer_norm_eps=config.layer_norm_eps,
            pad_token_id=config.pad_token_id,
        ),
        add_pooling_layer=False,
    )
    model.load_state_dict(encoder.state_dict(), strict=False)
    model.train(mode=False)
    return model


def _theirs(
    model: RobertaModel, inputs: Sequence[GraphInput], config: EncoderConfig, padded: int
) -> torch.Tensor:
    """Go through inputs in their order, as a data loader does."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(inputs), AT_ONCE):
            some = inputs[start : start + AT_ONCE]
            width = padded or max(len(entry) for entry in some)
            rows = [_published(entry, config, width) for entry in some]
            ids, positions, masks = (
                torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)
            )
            words = model.embeddings.word_embeddings(ids)
            is_node, is_token = positions == 0, positions > 1
            means = (is_node[:, :, None] & is_token[:, None, :] & masks).float()
            means /= means.sum(dim=2, keepdim=True) + 1e-10
            words = words * ~is_node[..., None] + torch.einsum("bnt,btw->bnw", means, words)
            mask = torch.where(masks[:, None], 0.0, REFUSAL)
            states = model(inputs_embeds=words, position_ids=positions, attention_mask=mask)
            found.append(states.last_hidden_state[:, 0])
    return torch.cat(found)


def _published(
    entry: GraphInput, config: EncoderConfig, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ids, position ids and a mask of places times places, cell by cell where it must."""
    tokens, nodes = len(entry.ids), len(entry.flow.spans)
    ids = np.full(width, config.pad_token_id, dtype=np.int64)
    positions = np.full(width, 1, dtype=np.int64)
    ids[:tokens], positions[:tokens] = entry.ids, np.arange(2, tokens + 2)
    ids[tokens : tokens + nodes], positions[tokens : tokens + nodes] = config.unk_token_id, 0
    mask = np.zeros((width, width), dtype=bool)
    mask[:tokens, :tokens] = True
    for place, number in enumerate(ids[:tokens].tolist()):
        if number in {config.bos_token_id, config.eos_token_id}:
            mask[place, : tokens + nodes] = True
    for node, (first, last) in enumerate(entry.flow.spans.tolist()):
        mask[tokens + node, first:last] = True
        mask[first:last, tokens + node] = True
        mask[tokens + node, tokens + node] = True
    for target, source in entry.flow.edges.tolist():
        mask[tokens + target, tokens + source] = True
    for place in range(tokens + nodes, width):
        mask[place, place] = True
    return ids, positions, mask


def _search_figures(work: Path, size: Size) -> list[Figure]:
    """Index a large tree, let the experts see it, and ask."""
    settings = Settings(
        workers=2,
        store=work / "tree-store" / "s",
        search_experts=EXPERTS,
        experts=NOBODYS,
    )
    root = planted(work / "tree", copies(size.tree, size.copies))
    report = index([root], settings=settings)
    seen = embed(report.store, settings=settings)
    if seen.missing:
        raise SystemExit(f"experts are missing: {seen.missing}")
    both = report.seconds + seen.seconds
    store = Store(report.store)
    with store.snapshot() as snapshot:
        experts = experts_of(snapshot, settings).opened
        (vectors, *_) = (len(snapshot.vectors(one.expert_hash)) for one in experts.values())
    words, hybrid, methods = _milliseconds(store, experts, _queries(size.queries))
    at = f"{report.functions:,} functions, {vectors:,} vectors"
    half, last = median(hybrid), percentile(hybrid, 0.99)
    return [
        Figure(
            name="indexed end to end, two experts",
            value=report.functions / both,
            unit="functions/s",
            peer=f"words alone {report.functions / report.seconds:,.0f}",
        ),
        Figure(
            name=f"hybrid query p50, {at}",
            value=half,
            unit="ms",
            peer=f"words alone {median(words):.2f}",
            target=f"< {PATIENCE_MS:.0f} ms",
            met=half < PATIENCE_MS,
        ),
        Figure(
            name=f"hybrid query p99, {at}",
            value=last,
            unit="ms",
            peer=f"words alone {percentile(words, 0.99):.2f}",
        ),
        Figure(
            name="hybrid query p50, methods alone",
            value=median(methods),
            unit="ms",
            peer=f"of everything {half:.2f}",
        ),
    ]


def _milliseconds(
    store: Store, experts: Mapping[str, Embedder], queries: Sequence[str]
) -> tuple[list[float], list[float], list[float]]:
    """Time every query by words alone, of everything, and of methods alone."""
    # A store of its own, so that neither way finds in memory what the other has read.
    plain = Store(store.folder)
    words: list[float] = []
    hybrid: list[float] = []
    methods: list[float] = []
    for query in queries:
        wanted = list(dict.fromkeys(terms(query)))
        begun = time.perf_counter()
        with plain.snapshot() as snapshot:
            snapshot.search(wanted, limit=10)
        words.append(1e3 * (time.perf_counter() - begun))
        for filters, spent in ((SearchFilters(), hybrid), (METHODS, methods)):
            begun = time.perf_counter()
            with store.snapshot() as snapshot:
                asked = ask(experts, query, snapshot)
                fused_search(snapshot, wanted, asked, limit=10, filters=filters)
            spent.append(1e3 * (time.perf_counter() - begun))
    return words, hybrid, methods


def _queries(count: int) -> list[str]:
    """Return first sentences of documentation in the library, no two alike."""
    found = set()
    for _, text in library():
        for part in text.split('"""')[1::2]:
            sentence = part.strip().partition("\n")[0].partition(". ")[0]
            if 5 <= len(terms(sentence)) <= 15:
                found.add(sentence)
    return stream(SEED, "queries").sample(sorted(found), count)


if __name__ == "__main__":
    main()
