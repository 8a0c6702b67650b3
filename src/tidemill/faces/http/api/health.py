"""``/health``, ``/ready`` and ``/metrics``: for those who watch over servers."""

from collections.abc import Iterator
from itertools import accumulate

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.responses import Response
from typing_extensions import override

from tidemill.faces.http.api.replies import ERRORS, facts
from tidemill.faces.http.api.service import TheService
from tidemill.faces.http.problems import Problem
from tidemill.serving.node import Node
from tidemill.serving.telemetry import BOUNDS_SECONDS, Histogram

__all__ = ["router"]

router: APIRouter = APIRouter(tags=["health"])

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/health")
async def health() -> Response:
    """Say that the server lives."""
    return facts({"status": "ok"})


@router.get("/ready", responses=ERRORS)
async def ready(service: TheService) -> Response:
    """Say whether requests are taken."""
    if service.node.is_ready:
        return facts({"status": "ready", "workers": len(service.node.crew.members)})
    problem = Problem(status=503, message="no worker is ready", code="not_ready").retried_after(1)
    return Response(problem.content(), 503, dict(_decoded(problem)), "application/json")


@router.get("/metrics", responses=ERRORS)
async def metrics(service: TheService) -> Response:
    """Return the node's numbers as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_NodeCollector(service.node))
    return Response(generate_latest(registry), media_type=METRICS_TYPE)


def _decoded(problem: Problem) -> Iterator[tuple[str, str]]:
    for name, value in problem.headers:
        yield name.decode("latin-1"), value.decode("latin-1")


class _NodeCollector(Collector):
    """A node's numbers at the moment when they are asked for."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._gauges()
        told = self._node.telemetry
        for name, words, found in (
            ("queue", "waiting for other calls", told.queue),
            ("load", "waiting for an expert's bytes", told.load),
            ("compute", "computing one batch", told.compute),
        ):
            yield _histogram(f"tidemill_{name}_seconds", f"Seconds of {words}", found)

    def _counters(self) -> Iterator[Metric]:
        told, host = self._node.telemetry, self._node.host.counters
        calls = CounterMetricFamily(
            "tidemill_calls", "Calls by the tier of their expert", labels=["tier"]
        )
        for tier in ("active", "host", "disk"):
            calls.add_metric([tier], told.calls[tier])
        yield calls
        for name, words, value in (
            ("batches", "Batches computed", told.batches),
            ("items", "Items computed", told.items),
            ("switches", "Batches for another expert than the worker's last", told.switches),
            ("retries", "Calls that were made again", told.retries),
            ("lost_workers", "Workers that crashed, hung or ran out of memory", told.lost_workers),
            ("failed_loads", "Experts that could not be read", told.failed_loads),
            ("loads", "Experts read into the host tier", host.loads),
            ("evictions", "Experts that left the host tier", host.evictions),
            ("read_bytes", "Bytes read into the host tier", host.bytes_read),
        ):
            yield CounterMetricFamily(f"tidemill_{name}", words, value=value)

    def _gauges(self) -> Iterator[Metric]:
        status = self._node.status()
        used = GaugeMetricFamily("tidemill_tier_bytes", "Bytes in a tier", labels=["tier"])
        there = GaugeMetricFamily("tidemill_tier_experts", "Experts in a tier", labels=["tier"])
        for tier in status.tiers:
            used.add_metric([tier.name], tier.used_bytes)
            there.add_metric([tier.name], tier.experts)
        yield used
        yield there
        longest = self._node.telemetry.longest_wait_seconds
        yield GaugeMetricFamily(
            "tidemill_longest_wait_seconds", "Longest that a call has waited", value=longest
        )
        yield GaugeMetricFamily("tidemill_waiting", "Calls that wait", value=status.waiting)
        yield GaugeMetricFamily(
            "tidemill_workers", "Workers that compute", value=len(self._node.crew.members)
        )


def _histogram(name: str, words: str, found: Histogram) -> Metric:
    bounds = [*map(str, BOUNDS_SECONDS), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(found.counts)), strict=True))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=found.total)
