"""How well clones are found: by problem, by type, and across languages.

POJ-104: programs ask for programs of the same problem, on problems that nobody trained on;
with ``--folds N`` every problem is once in the part that is not trained on (N trainings).
Java and C#: methods ask for their translations, with all identifiers renamed. BigCloneBench: each
type of pairs by itself, and the mean over the types; pairs of the weakest type are known to be
mislabelled for the most part (Krinke and Ragkhitwetsagul, arXiv 2505.04311). Peers in the
same run: n-grams without learning, and jscpd.

    .venv/bin/python benches/clones.py --prepare
    .venv/bin/python benches/clones.py [--quick] [--folds 5]
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from alone import NOBODYS
from grouped import BLOCK, Retrieved, by_group
from numpy.typing import NDArray
from trained import is_trained
from tree_sitter import Node

from report import Figure, show
from tidemill.core.randomness import stream
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.build import build_corpus
from tidemill.corpus.example import Example, Pair
from tidemill.corpus.packed import open_corpus, write_corpus
from tidemill.experts.package import open_expert
from tidemill.metrics.bootstrap import cluster_interval
from tidemill.metrics.ranking import ranking_of, reciprocal_rank
from tidemill.models.lexemes import code_lexemes
from tidemill.models.ngrams import NgramSpace, TokenHashes, count_ngrams
from tidemill.serving.embedder import open_embedder
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import captures_of, parse_fragment
from tidemill.tasks.clones.semantic import FunctionText
from tidemill.tasks.clones.speakers import Speakers, clone_experts
from tidemill.training.recipe import read_recipe
from tidemill.training.training import train

REPOSITORY = Path(__file__).parents[1]
CORPORA = REPOSITORY / "build" / "corpus"
RUNS = REPOSITORY / "build" / "bench" / "clones"
JSCPD = REPOSITORY / "build" / "peers" / "jscpd"
SETS = ("poj104", "bigclonebench", "gcj-java", "translation-java-cs")
EXPERTS = "clones-c-terms,clones-c,clones-java"
"""Those that come with Tidemill, whatever the settings say."""

SEED = 7
POJ_TARGET, POJ_FLOOR = 0.84, 0.834
RENAMED_FLOOR = 0.63
FALSE_SHARE = 1e-5
IDENTIFIERS = {
    "java": "[(identifier) (type_identifier)] @name",
    "csharp": "(identifier) @name",
}
TYPES = ("T1", "T2", "ST3", "MT3", "WT3/T4")

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[Example]], Vectors]


def main() -> None:
    """Prepare, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the sets and install jscpd")
    parser.add_argument("--quick", action="store_true", help="fewer programs and pairs")
    parser.add_argument("--folds", type=int, default=0, help="parts of the problems, to train on")
    arguments = parser.parse_args()
    if arguments.prepare:
        _prepare()
        return
    if not (CORPORA / SETS[0]).is_dir():
        raise SystemExit("the sets are not there; build them with --prepare")
    settings = Settings(clone_experts=EXPERTS, experts=NOBODYS, data=resolve().settings.data)
    speakers, missing = clone_experts(settings)
    for name, reason in missing.items():
        print(f"not asked: {name}: {reason}")
    if missing:
        raise SystemExit("the experts that come with Tidemill cannot all be asked")
    known = {one.name: one for one in speakers if isinstance(one, Speakers)}
    figures = [
        *_poj(known["clones-c + clones-c-terms"], 100 if arguments.quick else 500),
        *(_folds(arguments.folds) if arguments.folds else ()),
        *(() if arguments.quick else _java_csharp()),
        *_bigclonebench(known["clones-java"], 2_000 if arguments.quick else 100_000),
        *_code_jam(known["clones-java"]),
    ]
    show("clones", figures, quick=arguments.quick)


def _prepare() -> None:
    for name in SETS:
        build_corpus(name, output=CORPORA / name)
    JSCPD.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--prefix", str(JSCPD), "jscpd@4"], check=True)


def _poj(speakers: Speakers, members: int) -> Iterator[Figure]:
    """Measure the valid problems."""
    corpus = open_corpus(CORPORA / "poj104")
    programs = _drawn(list(corpus.examples("valid")), members)
    groups = [one.group for one in programs]
    unlearned = _tf_idf(list(corpus.examples("train")))
    peer = f"n-grams without learning {by_group(unlearned(programs), groups).map_at_r.mean():.3f}"
    for name, embedder in sorted(speakers.embedders.items()):
        one = Speakers(embedders={name: embedder}, languages=speakers.languages)
        found = by_group(_embedded(one)(programs), groups)
        yield _retrieval(f"POJ-104 valid, {name} alone", found, groups, peer=peer)
    vectors = _embedded(speakers)(programs)
    found = by_group(vectors, groups)
    yield _retrieval(
        "POJ-104 valid, both", found, groups, peer=peer, target=POJ_TARGET, floor=POJ_FLOOR
    )
    yield _least_cosine("POJ-104 valid", vectors, groups)


def _folds(count: int) -> Iterator[Figure]:
    """Train as often as there are parts, each time without one, and measure on that one."""
    corpus = open_corpus(CORPORA / "poj104")
    programs = [*corpus.examples("train"), *corpus.examples("valid")]
    problems = sorted({one.group for one in programs})
    order = stream(SEED, "folds").sample(problems, len(problems))
    found: list[Retrieved] = []
    groups: list[str] = []
    for fold in range(count):
        left_out = set(order[fold::count])
        splits = {
            "train": [one for one in programs if one.group not in left_out],
            "valid": [one for one in programs if one.group in left_out],
        }
        speakers = _trained(
            f"poj-fold-{fold}-of-{count}-{corpus.hash[:8]}",
            splits,
            ("clones-c-terms", "clones-c"),
            frozenset({"cpp"}),
        )
        own = [one.group for one in splits["valid"]]
        found.append(by_group(_embedded(speakers)(splits["valid"]), own))
        groups += own
        print(f"fold {fold}: MAP@R {found[-1].map_at_r.mean():.3f}", flush=True)
    joined = Retrieved(
        map_at_r=np.concatenate([one.map_at_r for one in found]),
        precision_at_r=np.concatenate([one.precision_at_r for one in found]),
    )
    name = f"POJ-104, {len(problems)} problems in {count} parts"
    yield _retrieval(name, joined, groups, target=POJ_TARGET)


def _java_csharp() -> Iterator[Figure]:
    """Train on translated methods, all identifiers renamed, and ask for translations."""
    corpus = open_corpus(CORPORA / "translation-java-cs")
    splits = {
        split: [_renamed(one) for one in corpus.examples(split)] for split in ("train", "valid")
    }
    recipes = Path(__file__).parent / "recipes"
    names = (str(recipes / "clones-renamed-terms.toml"), str(recipes / "clones-renamed.toml"))
    name = f"java-csharp-{corpus.hash[:8]}"
    speakers = _trained(name, splits, names, frozenset({"java", "csharp"}))
    unlearned = _tf_idf(splits["train"])
    for asking, answering in (("java", "csharp"), ("csharp", "java")):
        asked, answers = (
            sorted((one for one in splits["valid"] if one.language == name), key=_group)
            for name in (asking, answering)
        )
        figures = {}
        for name, embed in (("both", _embedded(speakers)), ("unlearned", unlearned)):
            ranking = ranking_of(embed(asked) @ embed(answers).T, np.eye(len(asked)))
            figures[name] = float(reciprocal_rank(ranking).mean())
        yield Figure(
            name=f"{asking} to {answering}, renamed ({len(asked)})",
            value=figures["both"],
            unit="MRR",
            peer=f"n-grams without learning {figures['unlearned']:.3f}",
            target=f"more than {RENAMED_FLOOR}, a linear map",
            met=figures["both"] > RENAMED_FLOOR,
        )


def _bigclonebench(speakers: Speakers, most: int) -> Iterator[Figure]:
    """Measure each type of pairs against those that are none.

    jscpd says yes or no, so what is compared with it is what we find at our threshold.
    """
    corpus = open_corpus(CORPORA / "bigclonebench")
    pairs = [*corpus.pairs("train"), *corpus.pairs("valid")]
    pairs = _drawn_pairs(pairs, most)
    wanted = {end for pair in pairs for end in (pair.left, pair.right)}
    methods = [
        one for split in ("train", "valid") for one in corpus.examples(split) if one.id in wanted
    ]
    place = {one.id: number for number, one in enumerate(methods)}
    ends = np.array([[place[pair.left], place[pair.right]] for pair in pairs])
    kinds = np.array([pair.kind for pair in pairs])
    ways = {
        "ours": _cosines(_embedded(speakers)(methods), ends),
        "n-grams": _cosines(_tf_idf(methods)(methods), ends),
    }
    told = {"ours": ways["ours"] >= speakers.threshold, "jscpd": _jscpd(methods, ends)}
    areas: dict[str, list[float]] = {name: [] for name in ways}
    for kind in TYPES:
        for name, scores in ways.items():
            areas[name].append(_area(scores[kinds == kind], scores[kinds == "none"]))
        recall, copied = (float(told[name][kinds == kind].mean()) for name in told)
        yield Figure(
            name=f"BigCloneBench {kind} ({int((kinds == kind).sum()):,})",
            value=areas["ours"][-1],
            unit="AUC",
            peer=f"n-grams {areas['n-grams'][-1]:.3f}; found {recall:.3f}, by jscpd {copied:.3f}",
        )
    wrong, copied = (float(told[name][kinds == "none"].mean()) for name in told)
    means = {name: float(np.mean(values)) for name, values in areas.items()}
    yield Figure(
        name="BigCloneBench, mean over types",
        value=means["ours"],
        unit="AUC",
        peer=f"n-grams {means['n-grams']:.3f}",
        target="more than n-grams without learning",
        met=means["ours"] > means["n-grams"],
    )
    yield Figure(
        name="BigCloneBench, called clones that are none",
        value=wrong,
        unit="share",
        peer=f"jscpd {copied:.4f}",
    )


def _code_jam(speakers: Speakers) -> Iterator[Figure]:
    """Measure the problems of a contest; nobody trained on any."""
    programs = list(open_corpus(CORPORA / "gcj-java").examples("test"))
    groups = [one.group for one in programs]
    unlearned = by_group(_tf_idf(programs)(programs), groups)
    found = by_group(_embedded(speakers)(programs), groups)
    peer = f"n-grams without learning {unlearned.map_at_r.mean():.3f}"
    yield _retrieval("Code Jam, 12 problems", found, groups, peer=peer)


def _trained(
    name: str,
    splits: Mapping[str, list[Example]],
    recipes: Sequence[str],
    languages: frozenset[str],
) -> Speakers:
    """Train experts on a set of this bench, or take those that are trained."""
    folder = RUNS / name
    corpus = folder / "corpus"
    if not corpus.exists():
        facts = {"name": name, "about": "", "sources": [], "dropped": {}}
        write_corpus(corpus, {**splits, "test": []}, {}, facts)
    embedders = {}
    for recipe in recipes:
        run = folder / Path(recipe).stem
        if not is_trained(run, read_recipe(recipe), open_corpus(corpus)):
            train(recipe, corpus=corpus, folder=run)
        embedders[Path(recipe).stem] = open_embedder(open_expert(run / "expert"))
    return Speakers(embedders=embedders, languages=languages)


def _embedded(speakers: Speakers) -> Embed:
    def vectors(examples: Sequence[Example]) -> Vectors:
        texts = [FunctionText(language=one.language, text=one.code.encode()) for one in examples]
        parts = [speakers.vectors(texts[at : at + 512]) for at in range(0, len(texts), 512)]
        return np.concatenate(parts)

    return vectors


def _tf_idf(learnt: Sequence[Example]) -> Embed:
    """Return 1-3-grams of tokens with variables made one, weighted (1 + ln tf) * idf."""
    texts = [_lexemes(one) for one in learnt]
    space: NgramSpace = count_ngrams(texts, longest=3, least=5, most=1 << 15)
    counts = np.ones(len(space))
    for text in texts:
        counts[space.bag(text).features] += 1
    idf = np.log((len(texts) + 1) / counts).astype(np.float32)

    def vectors(examples: Sequence[Example]) -> Vectors:
        rows = np.zeros((len(examples), len(space)), dtype=np.float32)
        for place, one in enumerate(examples):
            bag = space.bag(_lexemes(one))
            rows[place, bag.features] = bag.weights * idf[bag.features]
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows

    return vectors


def _lexemes(one: Example) -> TokenHashes:
    data = one.code.encode()
    graph = text_graph(data, LANGUAGES[one.language])
    return code_lexemes(data, one.language, graph.own_names if graph else frozenset())


def _retrieval(
    name: str,
    found: Retrieved,
    groups: Sequence[str],
    *,
    peer: str = "",
    target: float | None = None,
    floor: float | None = None,
) -> Figure:
    interval = cluster_interval(found.map_at_r, groups, stream(SEED, name), resamples=1_000)
    about = f"{interval.low:.3f}..{interval.high:.3f} over {len(set(groups))} problems"
    wanted = "" if target is None else f"at least {target}"
    floors = "" if floor is None else f"; floor {floor}, a linear map and a convolution"
    mean = float(found.map_at_r.mean())
    return Figure(
        name=name,
        value=mean,
        unit="MAP@R",
        peer=f"{about}; P@R {found.precision_at_r.mean():.3f}{'; ' if peer else ''}{peer}",
        target=wanted + floors,
        met=None if target is None else mean >= target,
    )


def _least_cosine(name: str, vectors: Vectors, groups: Sequence[str]) -> Figure:
    """Return the cosine that one in a hundred thousand pairs of different groups reaches."""
    label = np.unique(groups, return_inverse=True)[1]
    strange = []
    for start in range(0, len(label), BLOCK):
        rows = slice(start, start + BLOCK)
        scores = np.tril(vectors[rows] @ vectors[: start + BLOCK].T, k=start - 1)
        differs = label[rows, None] != label[None, : start + BLOCK]
        strange.append(np.sort(scores[differs])[-2_000:])
    pairs = (len(label) ** 2 - sum(np.bincount(label) ** 2)) / 2
    highest = np.sort(np.concatenate(strange))[::-1]
    cosine = float(highest[min(len(highest) - 1, int(pairs * FALSE_SHARE))])
    fellows = [
        float((scores[np.tril_indices(len(scores), k=-1)] >= cosine).mean())
        for scores in (vectors[label == one] @ vectors[label == one].T for one in np.unique(label))
    ]
    return Figure(
        name=f"{name}, cosine of 1 in 100,000 strangers",
        value=cosine,
        unit="cosine",
        peer=f"{np.mean(fellows):.3f} of the pairs of one problem are as near",
    )


def _cosines(vectors: Vectors, ends: NDArray[np.int64]) -> NDArray[np.float64]:
    products = vectors[ends[:, 0]] * vectors[ends[:, 1]]
    return np.asarray(products.sum(axis=1), dtype=np.float64)


def _area(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """Return the chance that a clone scores higher than no clone, ties half (area under ROC)."""
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    upto = np.searchsorted(ordered, positives, side="right")
    return float((below + upto).mean() / 2 / len(negatives))


def _jscpd(methods: Sequence[Example], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return True for pairs of methods that jscpd's copies join, also of three lines.

    It reports each copied part with one other place, so that of many copies most pairs are
    joined only through others.
    """
    program = JSCPD / "node_modules" / ".bin" / "jscpd"
    with tempfile.TemporaryDirectory(prefix="tidemill-") as name:
        folder = Path(name)
        (folder / "code").mkdir()
        for number, one in enumerate(methods):
            (folder / "code" / f"{number}.java").write_text(one.code, encoding="utf-8")
        command = [str(program), "--silent", "--reporters", "json", "--min-lines", "3"]
        subprocess.run(
            [*command, "--output", str(folder / "out"), str(folder / "code")],
            check=True,
            capture_output=True,
        )
        report = json.loads((folder / "out" / "jscpd-report.json").read_text(encoding="utf-8"))
    leader = list(range(len(methods)))
    for part in report["duplicates"]:
        names: list[str] = [part[side]["name"] for side in ("firstFile", "secondFile")]
        left, right = (_led(leader, int(Path(name).stem)) for name in names)
        leader[max(left, right)] = min(left, right)
    return np.array([_led(leader, a) == _led(leader, b) for a, b in ends.tolist()])


def _led(leader: list[int], place: int) -> int:
    """Return the first of those that are joined with a place."""
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place


def _renamed(one: Example) -> Example:
    """Give every identifier of a method a name of its own that says nothing."""
    data = one.code.encode()
    tree = parse_fragment(data, LANGUAGES[one.language])
    nodes = captures_of(tree, IDENTIFIERS[one.language])["name"]
    chance = stream(SEED, "renamed", one.id)
    names: dict[bytes, bytes] = {}
    parts, end = [], 0
    for node in sorted(nodes, key=_start):
        start, stop = node.start_byte - tree.offset, node.end_byte - tree.offset
        if end <= start < stop <= len(data):
            name = names.setdefault(data[start:stop], b"x%016x" % chance.getrandbits(64))
            parts += [data[end:start], name]
            end = stop
    renamed = b"".join([*parts, data[end:]])
    return replace(one, code=renamed.decode("utf-8", "replace"))


def _start(node: Node) -> int:
    return node.start_byte


def _group(one: Example) -> str:
    return one.group


def _drawn(programs: list[Example], members: int) -> list[Example]:
    by_group: dict[str, list[Example]] = {}
    for one in programs:
        by_group.setdefault(one.group, []).append(one)
    return [one for name in sorted(by_group) for one in by_group[name][:members]]


def _drawn_pairs(pairs: list[Pair], most: int) -> list[Pair]:
    if len(pairs) <= most:
        return pairs
    return [pairs[place] for place in stream(SEED, "pairs").sample(range(len(pairs)), most)]


if __name__ == "__main__":
    main()
