"""What N:M sparse training costs in accuracy: methods and patterns, over three seeds.

The recipes images-resnet9 and images-vit are trained on CIFAR-10 (JPEG copy), and a shorter
search-code on its functions: dense, and with ways of making weights sparse, which are SR-STE
(sparse forward), SDGP (sparse gradients of data), SDWP (sparse weights backward) and BDWP (sparse
weights both ways). What counts is the accuracy on 5,000 images of the train part, or the mean
reciprocal rank on functions, that no run learns from, and its difference to dense training with the
same seed; a second figure is how many masks change between two measurements. Twice as many steps of
BDWP at 2:8 take as many multiply-adds as dense training, so that they are compared with it as well.
Products are made in bfloat16 where the processor multiplies it, else in fp32.

Seed 0 of everything comes first. Every run goes on where it was stopped, and several processes may
train at once: each takes the next run that no other is at. Without ``--train`` the bench shows what
is trained.

    .venv/bin/python benches/sparse_accuracy.py --prepare        (or tidemill data build cifar10)
    .venv/bin/python benches/sparse_accuracy.py --train [--seeds 3] [--only NAME] [--threads 1]
    .venv/bin/python benches/sparse_accuracy.py [--pictures]
    .venv/bin/python benches/sparse_accuracy.py --quick       (textures, a few steps: does it run?)
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import torch
from intervals import half_width
from sparse_runs import Result, Runs
from sparse_variants import QUICK_ONLY, SUBJECTS, VARIANTS, Variant

from report import Figure, show
from tidemill.core.errors import InputError, LockedError
from tidemill.core.files import make_private_directory
from tidemill.corpus.build import build_corpus
from tidemill.training.curve import Series, lines

REPOSITORY = Path(__file__).parents[1]
RUNS = REPOSITORY / "build" / "sparse-accuracy"
CORPORA = REPOSITORY / "build" / "corpus"
RECORDS = REPOSITORY / "benches" / "records" / "sparse_accuracy"
"""What finished runs came to: kept with the code, since all of them take many hours."""

PICTURES = REPOSITORY / "docs" / "pictures"
LOSS_TARGET = 1
"""Points that BDWP at 2:8 may cost; its authors' abstract reports .56 on average."""


def main() -> None:
    """Prepare, or train what is not trained yet, and show."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    if arguments.prepare:
        _prepare(arguments.corpora)
        return
    runs = _runs(arguments)
    wanted = arguments.only or (QUICK_ONLY if arguments.quick else [v.name for v in VARIANTS])
    chosen = [variant for variant in VARIANTS if variant.name in wanted]
    seeds = range(1 if arguments.quick else arguments.seeds)
    if arguments.train or arguments.quick:
        for seed in seeds:
            for variant in chosen:
                _trained(runs, variant, seed)
    done = [found for v in chosen for s in seeds if (found := runs.result(v, s))]
    if arguments.pictures and not arguments.quick:
        _draw(done)
    print(f"on valid parts{' (of textures)' * arguments.quick}, {arguments.threads} threads")
    show("sparse_accuracy", [*_figures(done, arguments.seeds)], quick=arguments.quick)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prepare", action="store_true", help="build the sets")
    parser.add_argument("--train", action="store_true", help="train what is not trained yet")
    parser.add_argument("--quick", action="store_true", help="textures, and a few steps")
    parser.add_argument("--pictures", action="store_true", help=f"draw the curves to {PICTURES}")
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--threads", type=int, default=1, help="of one process")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where runs are kept")
    parser.add_argument("--corpora", type=Path, default=CORPORA, help="the packed sets")
    names = [variant.name for variant in VARIANTS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="; ".join(names)
    )
    return parser.parse_args()


def _prepare(corpora: Path) -> None:
    """Build the sets that are not there; functions take half an hour."""
    for name in sorted({subject.corpus for subject in SUBJECTS.values()}):
        if not (corpora / name / "corpus.json").exists():
            build_corpus(name, output=corpora / name)


def _runs(arguments: argparse.Namespace) -> Runs:
    """Return where everything is; a quick run makes its set itself."""
    if not arguments.quick:
        corpora = arguments.corpora
        return Runs(folder=arguments.runs, records=RECORDS, corpora=corpora, quick=False)
    folder = arguments.runs / "quick"
    corpora = folder / "textures"
    if not (corpora / "corpus.json").exists():
        make_private_directory(folder)
        build_corpus("textures", output=corpora)
    return Runs(folder=folder, records=folder / "records", corpora=corpora, quick=True)


def _trained(runs: Runs, variant: Variant, seed: int) -> None:
    """Train a run that is not finished, unless another process is at it."""
    if runs.result(variant, seed) is not None:
        return
    try:
        runs.train(variant, seed)
    except (InputError, LockedError) as error:
        print(f"{variant.name}, seed {seed}: {error}", flush=True)
        return
    found = runs.result(variant, seed)
    if found is not None:
        print(
            f"{variant.name}, seed {seed}: {found.score:.4f} in {found.seconds:,.0f} s", flush=True
        )


def _figures(done: Sequence[Result], seeds: int) -> Iterator[Figure]:
    """Compare every variant with dense training of the same model, seed by seed."""
    found = {(one.variant, one.seed): one for one in done}
    for variant in VARIANTS:
        own = {s: found[variant.name, s] for s in range(seeds) if (variant.name, s) in found}
        if not own:
            continue
        values = [one.score for one in own.values()]
        figure = Figure(
            name=variant.name,
            value=fmean(values),
            unit=variant.subject.measure,
            peer=_told(values, [*own.values()]),
        )
        yield figure
        for dense in variant.peers:
            pairs = [
                (found[dense.name, s], one) for s, one in own.items() if (dense.name, s) in found
            ]
            if pairs:
                yield _loss(variant, dense, pairs)


def _loss(variant: Variant, dense: Variant, pairs: Sequence[tuple[Result, Result]]) -> Figure:
    is_judged = variant.label.startswith("bdwp 2:8") and dense.times == variant.times
    losses = [100 * (one.score - other.score) for one, other in pairs]
    return Figure(
        name=f"{variant.name}, less than {dense.label}",
        value=fmean(losses),
        unit="points",
        peer=_told(losses, [one for pair in pairs for one in pair]),
        target=f"<= {LOSS_TARGET} (abstract of BDWP: .56)" if is_judged else "",
        met=fmean(losses) <= LOSS_TARGET if is_judged else None,
    )


def _told(values: Sequence[float], runs: Sequence[Result]) -> str:
    """Return how many seeds there are, in which numbers, and half the interval of the mean."""
    numbers = " and ".join(sorted({one.precision for one in runs}))
    interval = f", 95 % +- {half_width(values):.4f}" if len(values) > 1 else ""
    return f"{len(values)} seeds in {numbers}{interval}"


def _draw(done: Sequence[Result]) -> None:
    """Draw means over seeds: what counts, and flips, of each model's runs of the usual length."""
    for model, subject in SUBJECTS.items():
        for kind, span in (("scores", subject.span), ("flips", None)):
            series = {
                variant.label: _mean_curve(
                    [getattr(one, kind) for one in done if one.variant == variant.name]
                )
                for variant in VARIANTS
                if variant.model == model and variant.times == 1
            }
            kept: Series = {name: points for name, points in series.items() if len(points) > 2}
            if kept:
                is_score = kind == "scores"
                said = f"{subject.measure} on the valid part" if is_score else "mask flip rate"
                path = PICTURES / f"sparse-{kind}-{model}.svg"
                path.write_text(lines(kept, f"{subject.about}: {said}", span=span))
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
