"""Who answers what: sprouts against their base on the valid part, then figures on the test part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from jaxtyping import Int

from tidemill.training.routing.mapping import (
    Confidences,
    ExpertMap,
    Scores,
    fit_map,
    routed_scores,
)
from tidemill.training.routing.measuring import RoutingReport, routing_report
from tidemill.training.sprouting.judging import Asked, Judge
from tidemill.training.sprouting.queries import PackageQueries

__all__ = ["BASE", "JudgedPart", "JudgedParts", "Weighed", "weighed"]

BASE = 0
"""The base's place among the experts."""

LEAST = 0.15
"""Confidence below which the base answers in any case: nobody need be asked about such texts."""

SAMPLED = 4
"""Packages about which every sprout is asked, to find one that might do for all."""

FINALISTS = 3
"""Sprouts, the best of these, that are asked about all packages."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPart:
    """Texts of one part, and what the router says of them.

    Attributes:
        name: ``valid`` or ``test``.
        texts: The queries.
        confidences: Of the router.
    """

    name: str
    texts: PackageQueries
    confidences: Confidences

    @property
    def taken_for(self) -> Int[np.ndarray, " texts"]:
        """The likeliest category of each text."""
        found: Int[np.ndarray, " texts"] = self.confidences.argmax(axis=1)
        return found

    def routed(self, fitted: ExpertMap) -> Int[np.ndarray, " texts"]:
        """Return whom a map names for each text."""
        sure = self.confidences.max(axis=1) >= fitted.least_confidence
        return np.where(sure, fitted.experts[self.taken_for], fitted.default)

    def asked_about_all(self, expert: int) -> Asked:
        """Return an expert with all texts."""
        return Asked(expert=expert, chosen=np.ones(len(self.texts), dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighed:
    """A map, and what it is worth.

    Attributes:
        fitted: Who answers what.
        best_single: The one expert that is best for all, by the valid part.
        valid: Mean scores on the part that chose both: ``base``, ``best_single``, ``routed``.
        test: Figures on the held-out part.
        strays: The same part of packages that are no categories: ``texts``, ``coverage``, ``base``
            and ``routed``; empty where there are none.
    """

    fitted: ExpertMap
    best_single: int
    valid: Mapping[str, float]
    test: RoutingReport
    strays: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedParts:
    """What a router is judged by.

    Attributes:
        valid: What chooses.
        test: What is held out.
        strays: Held-out texts of packages that are no categories.
        owners: The expert of each category: its sprout, or the base where it has none.
    """

    valid: JudgedPart
    test: JudgedPart
    strays: JudgedPart
    owners: Sequence[int]


def weighed(judge: Judge, parts: JudgedParts) -> Weighed:
    """Ask experts about what the router would send them, and choose the map.

    Args:
        judge: Asks them.
        parts: By what.

    Raises:
        ExpertError: An expert is damaged.
        InputError: A package's pairs are damaged.
        CapacityError: The disk is full, or a worker died.
    """
    valid, owners = parts.valid, np.array(parts.owners)
    everyone = ExpertMap(experts=owners, default=BASE, least_confidence=LEAST)
    base, own = [valid.asked_about_all(BASE)], _sent(valid, everyone)
    sample = _sample(valid, owners)
    # About as much again for the test part, which is asked when the map is known.
    judge.total = 2 * judge.shards(valid.texts, base + own) + judge.shards(valid.texts, sample)
    judge.total += (FINALISTS + 1) * judge.shards(valid.texts, base)
    scores = judge.scores(valid.texts, valid.name, base + own)
    single = _single(judge, valid, scores, sample)
    fitted = fit_map(scores, valid.confidences, default=BASE, least=LEAST)
    test, strays = _held_out(judge, parts, fitted, single)
    return Weighed(
        fitted=fitted,
        best_single=single,
        valid={
            "base": float(scores[:, BASE].mean()),
            "best_single": float(scores[:, single].mean()),
            "routed": float(routed_scores(scores, valid.confidences, fitted).mean()),
        },
        test=test,
        strays=strays,
    )


def _sent(part: JudgedPart, fitted: ExpertMap) -> list[Asked]:
    """Return each sprout with the texts that a map sends to it."""
    routed = part.routed(fitted)
    experts = np.unique(routed[routed != BASE]).tolist()
    return [Asked(expert=expert, chosen=routed == expert) for expert in experts]


def _sample(valid: JudgedPart, owners: Int[np.ndarray, " categories"]) -> list[Asked]:
    """Return every sprout with a few packages, spread evenly, none of them its own."""
    packages = np.unique(np.linspace(0, len(owners) - 1, SAMPLED).astype(np.int64))
    sprouts = np.unique(owners[owners != BASE]).tolist()
    labels = valid.texts.labels
    asked = [
        Asked(expert=expert, chosen=np.isin(labels, packages) & (owners[labels] != expert))
        for expert in sprouts
    ]
    return [one for one in asked if one.chosen.any()]


def _single(judge: Judge, valid: JudgedPart, scores: Scores, sample: Sequence[Asked]) -> int:
    """Return the one expert that is best for all; its scores join the others.

    All are asked about a few packages, and the best of them about every text.
    """
    found = judge.scores(valid.texts, valid.name, sample)
    gains = np.array(
        [(found[one.chosen, one.expert] - scores[one.chosen, BASE]).mean() for one in sample]
    )
    best = np.argsort(-np.nan_to_num(gains, nan=-np.inf), kind="stable")[:FINALISTS]
    finalists = [sample[place].expert for place in best.tolist()]
    whole = judge.scores(
        valid.texts, valid.name, [valid.asked_about_all(expert) for expert in finalists]
    )
    means: dict[int, float] = {
        BASE: _mean(scores, BASE),
        **{one: _mean(whole, one) for one in finalists},
    }
    single, _ = max(means.items(), key=itemgetter(1))
    if single != BASE:
        scores[:, single] = whole[:, single]
    return single


def _mean(scores: Scores, expert: int) -> float:
    return float(scores[:, expert].mean())


def _held_out(
    judge: Judge, parts: JudgedParts, fitted: ExpertMap, single: int
) -> tuple[RoutingReport, dict[str, float]]:
    """Measure on texts that chose nothing.

    Besides whom the map names, each package's own sprout is asked about it, for the oracle.
    """
    test, strays, alone = parts.test, parts.strays, {BASE, single}
    routed, own = test.routed(fitted), np.array(parts.owners)[test.texts.labels]
    asked = [test.asked_about_all(expert) for expert in sorted(alone)]
    asked += [
        Asked(expert=expert, chosen=(routed == expert) | (own == expert))
        for expert in np.unique(np.concatenate([routed, own])).tolist()
        if expert not in alone
    ]
    sent = [strays.asked_about_all(BASE), *_sent(strays, fitted)] if len(strays.texts) else []
    judge.total = judge.done + judge.shards(test.texts, asked) + judge.shards(strays.texts, sent)
    scores = judge.scores(test.texts, test.name, asked)
    report = routing_report(scores, test.confidences, test.texts.labels, fitted)
    return report, _stray_figures(judge, strays, fitted, sent)


def _stray_figures(
    judge: Judge, strays: JudgedPart, fitted: ExpertMap, sent: Sequence[Asked]
) -> dict[str, float]:
    if not sent:
        return {}
    scores = judge.scores(strays.texts, strays.name, sent)
    sure = strays.confidences.max(axis=1) >= fitted.least_confidence
    return {
        "texts": len(strays.texts),
        "coverage": float(sure.mean()),
        "base": _mean(scores, BASE),
        "routed": float(routed_scores(scores, strays.confidences, fitted).mean()),
    }
