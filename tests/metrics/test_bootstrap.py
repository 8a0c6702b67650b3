"""Bootstrap intervals: known distributions, repeatability, clusters."""

import math

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream
from tidemill.metrics.bootstrap import cluster_interval, percentile_interval


def test_it_agrees_with_the_normal_approximation() -> None:
    values = np.random.default_rng(3).normal(10.0, 2.0, size=2_000)
    found = percentile_interval(values, stream(1, "interval"), resamples=4_000)
    half = 1.96 * values.std() / math.sqrt(2_000)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=half / 10)
    assert found.high == pytest.approx(values.mean() + half, abs=half / 10)
    assert (found.resampled, found.units, found.confidence) == ("values", 2_000, 0.95)


@pytest.mark.claim("house.metrics.intervals")
def test_it_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    covered = 0
    for number in range(300):
        values = (generator.random(80) < 0.4).astype(float)
        found = percentile_interval(values, stream(number), resamples=300, confidence=0.9)
        covered += found.low <= 0.4 <= found.high
    # Binomial(300, .9): five standard deviations are .087.
    assert covered / 300 == pytest.approx(0.9, abs=0.087)


def test_the_same_stream_gives_the_same_interval() -> None:
    values = np.arange(50.0)
    first = percentile_interval(values, stream(5, "a"))
    assert first == percentile_interval(values, stream(5, "a"))
    assert first != percentile_interval(values, stream(5, "b"))


def test_a_wider_confidence_is_a_wider_interval() -> None:
    values = np.arange(50.0)
    narrow = percentile_interval(values, stream(5), confidence=0.5)
    wide = percentile_interval(values, stream(5), confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_equal_values_have_no_spread() -> None:
    found = percentile_interval(np.full(9, 0.25), stream(0))
    assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)


def test_clusters_of_one_are_single_values() -> None:
    values = np.random.default_rng(0).random(40)
    single = percentile_interval(values, stream(2))
    clustered = cluster_interval(values, list(range(40)), stream(2))
    assert (clustered.low, clustered.high) == pytest.approx((single.low, single.high))
    assert (clustered.resampled, clustered.units) == ("clusters", 40)


def test_alike_values_in_a_cluster_widen_the_interval() -> None:
    levels = np.random.default_rng(1).random(10)
    values = np.repeat(levels, 50)
    clusters = [f"package {number}" for number in range(10) for _ in range(50)]
    clustered = cluster_interval(values, clusters, stream(3))
    single = percentile_interval(values, stream(3))
    ratio = (clustered.high - clustered.low) / (single.high - single.low)
    assert ratio == pytest.approx(math.sqrt(50), rel=0.3)
    assert clustered.mean == pytest.approx(single.mean)


def test_large_clusters_weigh_more() -> None:
    values = np.array([0.0] * 9 + [1.0])
    found = cluster_interval(values, ["a"] * 9 + ["b"], stream(0))
    assert found.mean == pytest.approx(0.1)
    assert (found.low, found.high) == (0.0, 1.0)


def test_many_values_are_drawn_in_blocks() -> None:
    found = percentile_interval(np.arange(30_000.0), stream(4), resamples=300)
    assert found.low < found.mean < found.high


def test_it_tells_its_facts() -> None:
    assert percentile_interval(np.array([1.0, 1.0]), stream(0)).to_dict() == {
        "mean": 1.0,
        "low": 1.0,
        "high": 1.0,
        "confidence": 0.95,
        "resampled": "values",
        "units": 2,
    }


@pytest.mark.parametrize("values", [[], [[1.0]], [math.nan], [1.0, math.inf]])
def test_what_has_no_mean_is_refused(values: object) -> None:
    # Where shapes are checked at run time, that check comes first.
    with pytest.raises((InputError, TypeCheckError)):
        percentile_interval(np.array(values), stream(0))


@pytest.mark.parametrize(("resamples", "confidence"), [(0, 0.9), (10, 0.0), (10, 1.0)])
def test_figures_out_of_range_are_refused(resamples: int, confidence: float) -> None:
    with pytest.raises(InputError, match="no interval"):
        percentile_interval(np.array([1.0]), stream(0), resamples=resamples, confidence=confidence)


def test_every_value_needs_a_cluster() -> None:
    with pytest.raises(InputError, match="2 values have 1 clusters"):
        cluster_interval(np.array([1.0, 2.0]), ["a"], stream(0))
