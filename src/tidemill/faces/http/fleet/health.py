"""``/health``, ``/ready`` and ``/metrics`` of a gateway."""

from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response
from typing_extensions import override

from tidemill.faces.http.api.health import METRICS_TYPE
from tidemill.faces.http.api.replies import ERRORS, facts
from tidemill.faces.http.fleet.fleet import Fleet
from tidemill.faces.http.fleet.replies import TheFleet, no_node

__all__ = ["router"]

router: APIRouter = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Response:
    """Say that the gateway lives."""
    return facts({"status": "ok"})


@router.get("/ready", responses=ERRORS)
async def ready(fleet: TheFleet) -> Response:
    """Say whether requests are taken, and how many nodes answer them."""
    there = len(fleet.there)
    return facts({"status": "ready", "nodes": there}) if there else no_node()


@router.get("/metrics", responses=ERRORS)
async def metrics(fleet: TheFleet) -> Response:
    """Return the gateway's numbers as Prometheus reads them; each node has its own."""
    registry = CollectorRegistry()
    registry.register(_FleetCollector(fleet))
    return Response(generate_latest(registry), media_type=METRICS_TYPE)


class _FleetCollector(Collector):
    """A fleet's numbers at the moment when they are asked for."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @override
    def collect(self) -> Iterator[Metric]:
        members = self._fleet.members.values()
        yield _counted(
            "requests", "Requests sent to a node", {one.name: one.requests for one in members}
        )
        yield _counted("retries", "Requests that a node left unanswered", dict(self._fleet.retries))
        yield _counted(
            "losses",
            "Servers that were lost and made anew",
            {one.name: one.losses for one in members},
        )
        yield GaugeMetricFamily(
            "tidemill_nodes_there", "Nodes that answer", value=len(self._fleet.there)
        )
        yield GaugeMetricFamily(
            "tidemill_call_seconds",
            "Seconds that a call takes a worker on the average, seen from the gateway",
            value=self._fleet.call_seconds.average,
        )


def _counted(name: str, words: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"tidemill_node_{name}", words, labels=["node"])
    for node, value in sorted(values.items()):
        family.add_metric([node], value)
    return family
