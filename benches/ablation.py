"""What data flow brings: four ways of pre-training, each fine-tuned for search and for clones.

Every way has the same encoder (4 x 256; vectors are means over tokens), which begins as the same
bag of words, since at a budget this small transformers that begin from nothing learn nothing; and
the same examples in the same order and as many steps. They differ in what is read and asked in
pre-training: no data flow at all, data flow with both of the paper's objectives, and with either
one left out (GraphCodeBERT, table 5). The paper's other two looks at a trained model are taken as
well: does a function that returns another value score lower (figure 5, on forty-eight functions of
ours), and how much of what [CLS] attends are nodes (table 6). Training takes hours, goes on where
it was stopped, and may run in several processes at once: each takes the next arm that no other is
at. Without ``--train`` the bench shows what is trained.

    .venv/bin/python benches/ablation.py --prepare
    .venv/bin/python benches/ablation.py --train [--share 1.0] [--seeds 3]
    .venv/bin/python benches/ablation.py [--share 1.0] [--quick]
"""

import argparse
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from flips import FLIPS
from grouped import by_group
from intervals import half_width
from torch import Tensor
from trained import is_trained

from report import Figure, show
from tidemill.core.clock import SystemClock
from tidemill.core.errors import LockedError
from tidemill.core.files import write_atomically
from tidemill.core.locks import JobLock
from tidemill.core.progress import Silence
from tidemill.corpus.build import build_corpus
from tidemill.corpus.packed import open_corpus
from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.models.batch import collate
from tidemill.models.encoder import Encoder, SelfAttention
from tidemill.models.inputs import assembled, flow_of
from tidemill.models.loading import load_encoder
from tidemill.models.tokenizer import Tokenizer
from tidemill.serving.embedder import CodeText, open_embedder
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.dataflow.packing import pack
from tidemill.source.language import LANGUAGES
from tidemill.tasks.clones.semantic import FunctionText
from tidemill.tasks.clones.speakers import Speakers
from tidemill.training.assembly import Material
from tidemill.training.distributed import Workers
from tidemill.training.making import Workplace, made
from tidemill.training.recipe import recipe_from
from tidemill.training.runs import RUN_FILE, run_state
from tidemill.training.trainees.encoder import EncoderTrainee
from tidemill.training.training import train

REPOSITORY = Path(__file__).parents[1]
CORPORA = REPOSITORY / "build" / "corpus"
RUNS = REPOSITORY / "build" / "bench" / "ablation"
TOKENS = {"pretrained": 10_000_000, "search": 5_000_000, "clones": 5_000_000}
"""How many each part of an arm sees, where the share is 1."""

CORPUS = {"pretrained": "code-search", "search": "code-search", "clones": "poj104"}
BATCH = 16
"""A small one: with so few tokens, what counts is how often the weights are moved."""

PARTS = {"pretrained": 4, "search": 1, "clones": 1}
"""A batch is gone through in parts of about one length each, where nothing is contrasted."""

BAG = """
[[stages]]
objectives = ["search"]
depth = 0
steps = 200
batch = 128
learning_rate = 3e-3
"""
"""How every encoder begins: none of its layers yet, the same in every arm."""

MEMBERS = 4
LONGEST, NODES = 256, 64
READING_SECONDS = 3600.0
CLONES, PROGRAMS = ("clones-c", "clones-c-terms"), 100
ATTENDED = 64
"""Functions of a language whose attention is looked at."""

ARMS: Mapping[str, tuple[str, ...]] = {
    "no data flow": ("masked-language",),
    "ours": ("masked-language", "edges", "alignment"),
    "without edges": ("masked-language", "alignment"),
    "without alignment": ("masked-language", "edges"),
}
BASE = "no data flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One arm with one seed: the figures of its two fine-tuned experts."""

    arm: str
    seed: int
    search: Path
    clones: Path

    @property
    def mrr(self) -> float:
        """Over six languages, among 500 candidates each, on the valid part."""
        return run_state(self.search).measures["mrr"]

    @property
    def map_at_r(self) -> float:
        """On the valid problems, 100 programs each."""
        return run_state(self.clones).measures["map_at_r"]


def main() -> None:
    """Prepare, or train what is not trained yet, and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the two sets")
    parser.add_argument("--share", type=float, default=1.0, help="of the tokens, to try it out")
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--train", action="store_true", help="train what is not trained yet")
    parser.add_argument("--quick", action="store_true", help="changes nothing: showing is quick")
    arguments = parser.parse_args()
    if arguments.prepare:
        for name in sorted(set(CORPUS.values())):
            build_corpus(name, output=CORPORA / name)
        return
    if not (CORPORA / "poj104").is_dir():
        raise SystemExit("the sets are not there; build them with --prepare")
    done = []
    for seed in range(arguments.seeds):
        for arm in ARMS:
            found = _arm(arm, seed, arguments.share, train_it=arguments.train)
            if found is not None:
                done.append(found)
    show("ablation", [*_figures(done, arguments.share)])


def _arm(arm: str, seed: int, share: float, *, train_it: bool) -> Trained | None:
    """Train an arm, or go on; None where another process is at it or nothing is to be trained."""
    folder = RUNS / f"share-{share:g}" / f"{arm.replace(' ', '-')}-{seed}"
    start: Path | None = None
    for part in TOKENS:
        run = folder / part
        if not _is_whole(run, part, (arm, seed), start):
            if not train_it:
                return None
            try:
                _train(run, part, arm, seed, share=share, start=start)
            except LockedError:
                return None
            print(f"{arm}, seed {seed}: {part} {run_state(run).measures}", flush=True)
        start = start or run / "expert"
    return Trained(arm=arm, seed=seed, search=folder / "search", clones=folder / "clones")


def _is_whole(run: Path, part: str, arm: tuple[str, int], start: Path | None) -> bool:
    """Whether a part is trained, by its recipe, set and start of today but for the steps."""
    if not (run / RUN_FILE).exists():
        return False
    steps = run_state(run).recipe.stages[-1].steps
    plan = recipe_from(_facts(_recipe(part, *arm, steps)))
    return is_trained(run, plan, open_corpus(CORPORA / CORPUS[part]), start)


def _train(run: Path, part: str, arm: str, seed: int, *, share: float, start: Path | None) -> None:
    """Train a part with as many steps as its share of tokens makes."""
    corpus = CORPUS[part]
    with JobLock(RUNS, "read", SystemClock(), wait_seconds=READING_SECONDS):
        _linked(_read(corpus, 0 if arm == BASE else NODES, start), run)
        steps = max(1, round(share * TOKENS[part] / BATCH / _mean(corpus, start)))
    recipe = run / "recipe.toml"
    write_atomically(recipe, _recipe(part, arm, seed, steps).encode())
    train(recipe, corpus=CORPORA / corpus, folder=run, start=start)


def _recipe(part: str, arm: str, seed: int, steps: int) -> str:
    """Return the recipe of one training, as TOML."""
    names = {"pretrained": ARMS[arm], "search": ("search",), "clones": ("groups",)}
    listed = ", ".join(f'"{name}"' for name in names[part])
    return f"""\
name = "{"clones" if part == "clones" else "search"}-{part}"
about = "{arm}"
task = "{"clones" if part == "clones" else "search"}"
corpus = "{CORPUS[part]}"
seed = {seed}
precision = "fp32"
storage = "fp32"

[model]
kind = "encoder"
size = "mini"
pooling = "mean"
vector_size = 256
max_tokens = {LONGEST}
max_nodes = {0 if arm == BASE else NODES}

{BAG if part == "pretrained" else ""}
[[stages]]
objectives = [{listed}]
steps = {steps}
batch = {BATCH}
accumulate = {PARTS[part]}
members = {MEMBERS}
learning_rate = 3e-4
warmup = 0.1
temperature = {0.1 if part == "clones" else 0.05}
"""


@cache
def _read(corpus: str, nodes: int, start: Path | None) -> Path:
    """Read a corpus once for all runs; return where it is kept, with the tokenizer."""
    folder = RUNS / f"read-{corpus}-{nodes}"
    _trainee(corpus, nodes, start, folder)
    return folder


def _trainee(corpus: str, nodes: int, start: Path | None, folder: Path) -> EncoderTrainee:
    arm = BASE if nodes == 0 else "ours"
    plan = recipe_from(_facts(_recipe("clones" if corpus == "poj104" else "search", arm, 0, 1)))
    packed = open_corpus(CORPORA / corpus)
    learnt = list(packed.examples("train"))
    place = Workplace(
        folder=folder,
        corpus_hash=packed.hash,
        team=Workers(device=torch.device("cpu")),
        readers=2,
        progress=Silence(),
        start=open_expert(start) if start else None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    examples = [*learnt, *packed.examples("valid")]
    trainee = made(plan, Material(examples=examples, learnt=len(learnt)), place)
    if not isinstance(trainee, EncoderTrainee):
        raise SystemExit("the recipe is no encoder's")
    return trainee


def _facts(text: str) -> dict[str, object]:
    return tomllib.loads(text)


@cache
def _mean(corpus: str, start: Path | None) -> float:
    """Return the mean tokens of an example, as cut."""
    found = _trainee(corpus, 0, start, _read(corpus, 0, start)).examples
    return float(found.code.lengths().mean() + found.query.lengths().mean())


def _linked(read: Path, run: Path) -> None:
    """Give a run what is read already."""
    run.mkdir(parents=True, exist_ok=True)
    for path in read.iterdir():
        if not (run / path.name).exists():
            os.link(path, run / path.name)


def _figures(done: Sequence[Trained], share: float) -> Iterator[Figure]:
    """Compare every arm with the one that knows no data flow, seed by seed."""
    by_arm = {arm: {one.seed: one for one in done if one.arm == arm} for arm in ARMS}
    size = f"{share:g} of {TOKENS['pretrained']:,} + {TOKENS['search']:,} tokens"
    for name, unit in (("mrr", "MRR"), ("map_at_r", "MAP@R")):
        for arm, seeds in by_arm.items():
            if not seeds:
                continue
            values = [getattr(one, name) for one in seeds.values()]
            common = sorted(seeds.keys() & by_arm[BASE].keys())
            gains = [getattr(seeds[s], name) - getattr(by_arm[BASE][s], name) for s in common]
            told = f"{len(values)} seeds, {size}"
            if arm != BASE and len(gains) > 1:
                told += f"; over {BASE} {fmean(gains):+.4f} +- {half_width(gains):.4f}"
            yield Figure(name=f"{unit}, {arm}", value=fmean(values), unit=unit, peer=told)
    for arm, seeds in by_arm.items():
        if seeds:
            kept = [_kept(one.search / "expert") for one in seeds.values()]
            peer = f"{len(FLIPS)} functions, {len(kept)} seeds; chance .5"
            yield Figure(name=f"figure 5, {arm}", value=fmean(kept), unit="share", peer=peer)
    ours = by_arm["ours"]
    if ours:
        yield from _attention(ours[min(ours)].search / "expert")
        yield from _beside(ours[min(ours)].clones / "expert")


def _beside(expert: Path) -> Iterator[Figure]:
    """Look whether a graph-guided encoder adds to the two experts that are asked for clones."""
    groups: dict[str, list[FunctionText]] = {}
    for one in open_corpus(CORPORA / "poj104").examples("valid"):
        if len(groups.setdefault(one.group, [])) < PROGRAMS:
            text = FunctionText(language=one.language, text=one.code.encode())
            groups[one.group].append(text)
    names = [group for group, texts in groups.items() for _ in texts]
    programs = [text for texts in groups.values() for text in texts]
    two = {name: open_embedder(open_expert(SHIPPED / name)) for name in CLONES}
    encoder = {"encoder": open_embedder(open_expert(expert))}
    means = []
    for embedders in (two, encoder, two | encoder):
        vectors = Speakers(embedders=embedders, languages=frozenset()).vectors(programs)
        means.append(float(by_group(vectors, names).map_at_r.mean()))
    yield Figure(
        name="clones, two experts and ours",
        value=means[2],
        unit="MAP@R",
        peer=f"{' + '.join(CLONES)} {means[0]:.3f}; ours by itself {means[1]:.3f}",
    )


def _kept(expert: Path) -> float:
    """Return the share of functions that score higher when they return what is asked for."""
    embedder = open_embedder(open_expert(expert))
    won = 0.0
    for flip in FLIPS:
        right, wrong = embedder.code([_python(flip.code), _python(flip.flipped)])
        (query,) = embedder.queries([flip.query])
        won += 0.5 + 0.5 * float(np.sign(query @ right - query @ wrong))
    return won / len(FLIPS)


def _python(text: str) -> CodeText:
    data = text.encode()
    graph = text_graph(data, LANGUAGES["python"])
    return CodeText(text=data, language="python", graph=pack(graph) if graph else b"")


def _attention(folder: Path) -> Iterator[Figure]:
    """Yield, by language, what share of [CLS]'s attention nodes have, beside their share."""
    package = open_expert(folder)
    tensors = {name: part.to_float32() for name, part in package.tensors.items()}
    encoder = load_encoder(package.config, tensors)
    tokenizer = Tokenizer.load(package.file("tokenizer.json"))
    texts: dict[str, list[str]] = {}
    for example in open_corpus(CORPORA / "code-search").examples("valid"):
        if len(texts.setdefault(example.language, [])) < ATTENDED:
            texts[example.language].append(example.code)
    for language, codes in sorted(texts.items()):
        shares, looks = zip(
            *(_looks(encoder, tokenizer, code, language) for code in codes), strict=True
        )
        share, look = fmean(shares), fmean(looks)
        yield Figure(
            name=f"table 6, {language}",
            value=look,
            unit="of [CLS]'s look",
            peer=f"nodes are {share:.3f} of the places",
        )


def _looks(encoder: Encoder, tokenizer: Tokenizer, code: str, language: str) -> tuple[float, float]:
    """Return the nodes' share of places without specials, and of what [CLS] attends of them."""
    (spans,) = tokenizer.encode([code])
    kept = spans.first(encoder.config.max_tokens)
    graph = text_graph(code.encode(), LANGUAGES[language])
    entry = assembled(kept.ids, flow_of(kept, graph), config=encoder.config) if graph else None
    if entry is None:
        return 0.0, 0.0
    batch = collate([entry], encoder.config)
    seen: list[Tensor] = []
    hooks = [
        part.register_forward_pre_hook(_looking(seen))
        for part in encoder.modules()
        if isinstance(part, SelfAttention)
    ]
    with torch.inference_mode():
        encoder(batch)
    for hook in hooks:
        hook.remove()
    attended = torch.stack(seen).mean(dim=0)
    tokens = attended[~torch.cat([batch.is_special[0], torch.zeros_like(batch.is_node[0])])]
    nodes = int(batch.is_node.sum())
    on_nodes = tokens[len(tokens) - nodes :].sum() / tokens.sum()
    return nodes / len(tokens), float(on_nodes)


def _looking(seen: list[Tensor]) -> Callable[[SelfAttention, tuple[Tensor, Tensor]], None]:
    """Return a hook that notes what the first place attends, mean over heads."""

    def note(module: SelfAttention, given: tuple[Tensor, Tensor]) -> None:
        hidden, mask = given
        width = hidden.shape[2] // module.heads
        query = module.query(hidden[:, :1]).view(1, module.heads, width)
        key = module.key(hidden).view(1, -1, module.heads, width)
        scores = torch.einsum("bhw,bphw->bhp", query, key) / width**0.5
        scores = scores.masked_fill(~mask[:, 0, :1], -torch.inf)
        seen.append(scores.softmax(dim=2)[0].mean(dim=0))

    return note


if __name__ == "__main__":
    main()
