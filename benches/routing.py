"""What routing is worth: mean quality by whoever is named, beside one expert for all and an oracle.

``routing-clones``, which comes with Tidemill, reads code whose language nobody says: C++ and Java
programs by problem (average precision), and Java and C# methods by their translations (reciprocal
rank); all of them held out. With ``--sprouts``, a run of ``tidemill experts sprout``: the
test part of its packages, each query by the experts of the registry (`TIDEMILL_EXPERTS`).

    .venv/bin/python benches/routing.py --prepare
    .venv/bin/python benches/routing.py [--quick] [--sprouts ~/.local/state/tidemill/runs/sprouts]
    .venv/bin/python benches/routing.py --train FOLDER
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from routing_clones import CORPORA, NAME, SETS, held, measured, others, sure_of, train

from report import Figure, show
from tidemill.corpus.build import build_corpus
from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.serving.router import packed_router

REGRET_SHARE = 0.5
"""Of the best single expert's regret, what the router's may be."""

REPORT = "router.json"


def main() -> None:
    """Prepare, train, or measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="build the sets")
    parser.add_argument("--train", type=Path, metavar="FOLDER", help="make routing-clones anew")
    parser.add_argument("--quick", action="store_true", help="fewer programs")
    parser.add_argument("--sprouts", type=Path, metavar="RUN", help="a run of sprouts")
    arguments = parser.parse_args()
    if arguments.prepare:
        for name in SETS:
            if not (CORPORA / name).is_dir():
                build_corpus(name, output=CORPORA / name)
        return
    if not all((CORPORA / name).is_dir() for name in SETS):
        raise SystemExit("the sets are not there; build them with --prepare")
    if arguments.train:
        print(train(arguments.train / NAME).folder)
        return
    figures = [*_clones(quick=arguments.quick)]
    if arguments.sprouts:
        figures += _sprouts(arguments.sprouts)
    show("routing", figures, quick=arguments.quick)


def _clones(*, quick: bool) -> Iterator[Figure]:
    """Measure the router that comes along."""
    router = packed_router(open_expert(SHIPPED / NAME))
    report = measured(router, held(1, members=10 if quick else 40))
    yield from _routed(NAME, report.to_dict())
    functions = others()
    yield Figure(
        name=f"{NAME}: sure about other languages ({len(functions):,})",
        value=sure_of(router, functions),
        unit="share",
        peer=f"about its own {report.coverage:.3f}",
    )


def _sprouts(run: Path) -> Iterator[Figure]:
    """Show what a run's router was measured at, on packages' held-out parts."""
    facts: dict[str, Any] = json.loads((run / REPORT).read_text(encoding="utf-8"))
    yield from _routed(facts["name"], facts["test"])
    strays = facts["strays"]
    if strays:
        yield Figure(
            name=f"{facts['name']}: queries of unknown packages ({strays['texts']:,.0f})",
            value=strays["routed"],
            unit="MRR",
            peer=f"base {strays['base']:.3f}; sure about {strays['coverage']:.3f}",
        )


def _routed(name: str, facts: Mapping[str, Any]) -> Iterator[Figure]:
    regret = facts["regret"] / max(facts["single_regret"], 1e-9)
    yield Figure(
        name=f"{name}: quality ({facts['texts']:,.0f})",
        value=facts["routed"],
        unit="mean",
        peer=f"base {facts['base']:.3f}, best single {facts['best_single']:.3f},"
        f" oracle by kind {facts['category_oracle']:.3f}, by text {facts['text_oracle']:.3f}",
        target="more than the base",
        met=facts["routed"] > facts["base"],
    )
    yield Figure(
        name=f"{name}: regret",
        value=regret,
        unit="of the best single's",
        peer=f"best single {facts['single_regret']:.4f}, router {facts['regret']:.4f}",
        target=f"at most {REGRET_SHARE}",
        met=regret <= REGRET_SHARE,
    )
    yield Figure(
        name=f"{name}: category found",
        value=facts["accuracy"],
        unit="share",
        peer=f"every category alike {facts['macro_accuracy']:.3f};"
        f" calibration error {facts['calibration_error']:.3f}",
    )
    yield Figure(
        name=f"{name}: coverage at {facts['least_confidence']:.2f}",
        value=facts["coverage"],
        unit="share",
        peer=f"of these found {facts['sure_accuracy']:.3f}; area under ROC {facts['auroc']:.3f}",
    )
    for point in facts["curve"]:
        yield Figure(
            name=f"{name}: coverage at {point['least_confidence']:.2f}",
            value=point["coverage"],
            unit="share",
            peer=f"of these found {point['accuracy']:.3f}; quality {point['routed']:.3f}",
        )


if __name__ == "__main__":
    main()
