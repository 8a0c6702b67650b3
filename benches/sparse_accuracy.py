"""What N:M sparse training costs in accuracy: methods and patterns, over three seeds.

The recipes images-resnet9 and images-vit are trained on CIFAR-10 (JPEG copy), dense and with each
way of making weights sparse: SR-STE (sparse forward), SDGP (sparse gradients of data), SDWP (sparse
weights backward) and BDWP (sparse weights both ways). What counts is the accuracy on 5,000 images
of the train part that no run learns from, and its difference to dense training with the same seed;
a second figure is how many masks change between two measurements. Twice as many steps of BDWP at
2:8 take as many multiply-adds as dense training, so that they are compared with it as well.

Seed 0 of everything comes first. Every run goes on where it was stopped, and several processes may
train at once: each takes the next run that no other is at. Without ``--train`` the bench shows what
is trained.

    .venv/bin/tidemill data build cifar10 --output build/corpus/cifar10     (or --prepare)
    .venv/bin/python benches/sparse_accuracy.py --train [--seeds 3] [--only NAME] [--threads 1]
    .venv/bin/python benches/sparse_accuracy.py [--pictures]
    .venv/bin/python benches/sparse_accuracy.py --quick       (textures, a few steps: does it run?)
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import torch

from report import Figure, show
from tidemill.core.errors import LockedError, TidemillError
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.progress import Silence
from tidemill.corpus.build import build_corpus
from tidemill.corpus.packed import PackedCorpus, open_corpus
from tidemill.training.curve import Series, lines
from tidemill.training.journal import Entry, entries
from tidemill.training.recipe import Recipe, read_recipe
from tidemill.training.runs import RUN_FILE, remove_run, run_state
from tidemill.training.training import train

REPOSITORY = Path(__file__).parents[1]
RUNS = REPOSITORY / "build" / "sparse-accuracy"
CORPUS = REPOSITORY / "build" / "corpus" / "cifar10"
RECORDS = REPOSITORY / "benches" / "records" / "sparse_accuracy"
"""What finished runs came to: kept with the code, since all of them take many hours."""

PICTURES = REPOSITORY / "docs" / "pictures"
DATA = "CIFAR-10 (JPEG copy)"
DENSE = "dense"
T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Student's t for 95 %, by how many seeds there are."""

LOSS_TARGET = 0.01
"""What BDWP at 2:8 may cost; its authors' abstract reports .0056, averaged over their models."""

QUICK_ONLY = ("resnet9 dense", "resnet9 bdwp 2:8", "vit bdwp 2:8")
MODELS = {"resnet9": "ResNet-9, quarter width", "vit": "ViT, 4 x 96"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of training one model.

    Attributes:
        model: ``resnet9`` or ``vit``.
        method: As recipes call it, or ``dense``.
        pattern: N:M, or nothing for dense.
        times: As many steps as the recipe says, or twice as many.
    """

    model: str
    method: str
    pattern: str = ""
    times: int = 1

    @property
    def name(self) -> str:
        """As ``--only`` takes it."""
        return f"{self.model} {self.label}"

    @property
    def label(self) -> str:
        """Its name beside others of its model."""
        length = "" if self.times == 1 else f", {self.times} x steps"
        return f"{self.method} {self.pattern}".strip() + length

    @property
    def folder(self) -> str:
        """Its name as that of a folder."""
        return self.name.replace(",", "").replace(" ", "-").replace(":", "-")

    @property
    def peers(self) -> list["Variant"]:
        """Dense training that it is compared with: as long, and as many multiply-adds."""
        lengths = {self.times, 1} if self.method != DENSE else set()
        return [Variant(model=self.model, method=DENSE, times=times) for times in sorted(lengths)]

    def recipe(self, seed: int, *, quick: bool) -> Recipe:
        """Return the recipe that comes along, at this sparsity and with a seed."""
        plan = replace(read_recipe(f"images-{self.model}"), seed=seed)
        stage = plan.stages[0]
        plan = replace(plan, stages=(replace(stage, steps=self.times * stage.steps),))
        if quick:
            plan = replace(plan, stages=(replace(stage, steps=6, batch=32),), measure_every=3)
        if not self.pattern:
            return plan.at_sparsity("dense")
        return plan.at_sparsity(self.pattern, self.method)


VARIANTS = (
    Variant(model="resnet9", method=DENSE),
    *(Variant(model="resnet9", method=m, pattern="2:8") for m in ("srste", "sdgp", "sdwp", "bdwp")),
    *(
        Variant(model="resnet9", method=method, pattern=pattern)
        for pattern in ("2:4", "2:16")
        for method in ("srste", "bdwp")
    ),
    Variant(model="resnet9", method=DENSE, times=2),
    Variant(model="resnet9", method="bdwp", pattern="2:8", times=2),
    Variant(model="vit", method=DENSE),
    *(Variant(model="vit", method=method, pattern="2:8") for method in ("srste", "bdwp")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished run.

    Attributes:
        variant: Its name.
        seed: Its seed.
        accuracy: On the valid part, at the end.
        seconds: Time that training took.
        steps: Updates.
        recipe_hash: Names its recipe.
        corpus_hash: Names its set.
        threads: That products were made with.
        torch: The version.
        accuracies: Over steps.
        flips: Share of masks that changed since the last measurement, over steps.
    """

    variant: str
    seed: int
    accuracy: float
    seconds: float
    steps: int
    recipe_hash: str
    corpus_hash: str
    threads: int
    torch: str
    accuracies: list[tuple[int, float]]
    flips: list[tuple[int, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is trained on what, and where it is kept."""

    runs: Path
    records: Path
    corpus: PackedCorpus
    quick: bool

    def result(self, variant: Variant, seed: int) -> Result | None:
        """Return what a run came to, if it is finished and of the recipe and set of today."""
        path = self._result_path(variant, seed)
        if not path.exists():
            return None
        found = Result(**json.loads(path.read_text(encoding="utf-8")))
        today = (self.recipe(variant, seed).hash, self.corpus.hash)
        return found if (found.recipe_hash, found.corpus_hash) == today else None

    def train(self, variant: Variant, seed: int) -> None:
        """Train a run, or go on with it, and keep what it came to.

        Raises:
            LockedError: Another process is at it.
        """
        folder = self._folder(variant, seed)
        if (folder / RUN_FILE).exists() and not self._is_of_today(variant, seed):
            remove_run(folder)
        plan = self.recipe(variant, seed)
        report = train(plan, corpus=self.corpus.folder, folder=folder, progress=Silence())
        told = [entry for entry in entries(folder) if entry.measures]
        result = Result(
            variant=variant.name,
            seed=seed,
            accuracy=report.measures["accuracy"],
            seconds=report.seconds,
            steps=report.steps,
            recipe_hash=plan.hash,
            corpus_hash=self.corpus.hash,
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            accuracies=_over_steps(told, "accuracy"),
            flips=_over_steps(told, "flips"),
        )
        path = self._result_path(variant, seed)
        make_private_directory(path.parent)
        write_atomically(path, json.dumps(asdict(result), indent=1).encode())

    def recipe(self, variant: Variant, seed: int) -> Recipe:
        """Return a run's recipe."""
        return variant.recipe(seed, quick=self.quick)

    def _is_of_today(self, variant: Variant, seed: int) -> bool:
        state = run_state(self._folder(variant, seed))
        today = (self.recipe(variant, seed).hash, self.corpus.hash)
        return (state.recipe.hash, state.corpus_hash) == today

    def _folder(self, variant: Variant, seed: int) -> Path:
        return self.runs / f"{variant.folder}-{seed}"

    def _result_path(self, variant: Variant, seed: int) -> Path:
        return self.records / f"{variant.folder}-{seed}.json"


def main() -> None:
    """Prepare, or train what is not trained yet, and show."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    if arguments.prepare:
        if not (CORPUS / "corpus.json").exists():
            build_corpus("cifar10", output=CORPUS)
        return
    bench = _bench(arguments)
    wanted = arguments.only or (QUICK_ONLY if arguments.quick else [v.name for v in VARIANTS])
    chosen = [variant for variant in VARIANTS if variant.name in wanted]
    seeds = range(1 if arguments.quick else arguments.seeds)
    if arguments.train or arguments.quick:
        for seed in seeds:
            for variant in chosen:
                _trained(bench, variant, seed)
    done = [found for v in chosen for s in seeds if (found := bench.result(v, s))]
    if arguments.pictures and not arguments.quick:
        _draw(done)
    print(f"valid part of {'textures' if arguments.quick else DATA}, {arguments.threads} threads")
    show("sparse_accuracy", [*_figures(done, arguments.seeds)], quick=arguments.quick)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepare", action="store_true", help=f"build the set of {DATA}")
    parser.add_argument("--train", action="store_true", help="train what is not trained yet")
    parser.add_argument("--quick", action="store_true", help="textures, and a few steps")
    parser.add_argument("--pictures", action="store_true", help=f"draw the curves to {PICTURES}")
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--threads", type=int, default=1, help="of one process")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where runs are kept")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help=f"the packed {DATA}")
    names = [variant.name for variant in VARIANTS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help=", ".join(names)
    )
    return parser.parse_args()


def _bench(arguments: argparse.Namespace) -> Bench:
    """Open the set, which a quick run makes itself."""
    runs = arguments.runs / "quick" if arguments.quick else arguments.runs
    corpus = runs / "textures" if arguments.quick else arguments.corpus
    if arguments.quick and not (corpus / "corpus.json").exists():
        make_private_directory(runs)
        build_corpus("textures", output=corpus)
    try:
        return Bench(
            runs=runs,
            records=runs / "records" if arguments.quick else RECORDS,
            corpus=open_corpus(corpus),
            quick=arguments.quick,
        )
    except TidemillError as error:
        raise SystemExit(f"{error}\nbuild {DATA} with --prepare") from error


def _trained(bench: Bench, variant: Variant, seed: int) -> None:
    """Train a run that is not finished, unless another process is at it."""
    if bench.result(variant, seed) is not None:
        return
    try:
        bench.train(variant, seed)
    except LockedError:
        print(f"{variant.name}, seed {seed}: another process is at it", flush=True)
        return
    found = bench.result(variant, seed)
    if found is not None:
        told = f"{found.accuracy:.4f} after {found.seconds:,.0f} s"
        print(f"{variant.name}, seed {seed}: {told}", flush=True)


def _over_steps(told: Sequence[Entry], name: str) -> list[tuple[int, float]]:
    return [(entry.step, entry.measures[name]) for entry in told if name in entry.measures]


def _figures(done: Sequence[Result], seeds: int) -> Iterator[Figure]:
    """Compare every variant with dense training of the same model, seed by seed."""
    found = {(one.variant, one.seed): one for one in done}
    for variant in VARIANTS:
        own = {s: found[variant.name, s] for s in range(seeds) if (variant.name, s) in found}
        if not own:
            continue
        values = [one.accuracy for one in own.values()]
        figure = Figure(
            name=variant.name,
            value=fmean(values),
            unit="accuracy",
            peer=f"{len(values)} seeds{_interval(values)}",
        )
        yield figure
        for dense in variant.peers:
            losses = [
                found[dense.name, s].accuracy - one.accuracy
                for s, one in own.items()
                if (dense.name, s) in found
            ]
            if losses:
                yield _loss(variant, dense, losses)


def _loss(variant: Variant, dense: Variant, losses: Sequence[float]) -> Figure:
    is_judged = variant.label.startswith("bdwp 2:8") and dense.times == variant.times
    return Figure(
        name=f"{variant.name}, less than {dense.label}",
        value=100 * fmean(losses),
        unit="points",
        peer=f"{len(losses)} seeds{_interval([100 * loss for loss in losses])}",
        target=f"<= {100 * LOSS_TARGET:.0f} (abstract of BDWP: .56)" if is_judged else "",
        met=fmean(losses) <= LOSS_TARGET if is_judged else None,
    )


def _interval(values: Sequence[float]) -> str:
    """Return half the width of the 95 % interval of a mean, where there are several values."""
    if len(values) < 2:
        return ""
    half = T_95[len(values)] * stdev(values) / len(values) ** 0.5
    return f", 95 % +- {half:.4f}"


def _draw(done: Sequence[Result]) -> None:
    """Draw means over seeds: accuracy and flips of each model."""
    for model, called in MODELS.items():
        for kind, span in (("accuracies", (0.3, 0.95)), ("flips", None)):
            series = {
                variant.label: _mean_curve(
                    [getattr(one, kind) for one in done if one.variant == variant.name]
                )
                for variant in VARIANTS
                if variant.model == model
            }
            kept: Series = {name: points for name, points in series.items() if points}
            if kept:
                said = "accuracy on the valid part" if kind == "accuracies" else "mask flip rate"
                path = PICTURES / f"sparse-{kind}-{model}.svg"
                path.write_text(lines(kept, f"{called}, {DATA}: {said}", span=span))
                print(f"drawn: {path}")


def _mean_curve(curves: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    """Return the mean of several curves at the steps that all of them have."""
    if not curves:
        return []
    tables = [dict(curve) for curve in curves]
    steps = sorted(set.intersection(*(set(table) for table in tables)))
    return [(step, fmean(table[step] for table in tables)) for step in steps]


if __name__ == "__main__":
    main()
