"""From settings to a gateway that answers, and to its end."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tidemill.core.settings import ResolvedSettings, Settings
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.binding import Address
from tidemill.faces.http.fleet.client import NodeClient
from tidemill.faces.http.fleet.fleet import Fleet, FleetPlan, NodeSource
from tidemill.faces.http.fleet.gateway import gateway
from tidemill.faces.http.fleet.member import WatchPlan
from tidemill.faces.http.fleet.node_server import MACHINE_SETTINGS, NodeServer
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.server import serve_async
from tidemill.faces.http.serving import ServePlan, binding_for

__all__ = ["NodePlan", "node_plan_for", "serve_fleet"]

_LOOK_CONNECTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """How the nodes behind a gateway serve.

    Attributes:
        settings: Those of every node.
        machine_settings: Names of those for which each machine has its own defaults.
        sharers: How many of them share one machine.
        watch: How nodes are watched.
    """

    settings: Settings
    machine_settings: Sequence[str] = ()
    sharers: int = 1
    watch: WatchPlan = field(default_factory=WatchPlan)


def node_plan_for(resolved: ResolvedSettings, *, local: int | None = None) -> NodePlan:
    """Return how nodes serve: what nobody has set is each machine's own, or shared out on one.

    Args:
        resolved: The settings in force here.
        local: How many nodes are to share this machine; None where each is a machine.
    """
    settings = resolved.settings
    unset = [name for name in MACHINE_SETTINGS if resolved.origins[name].layer == "default"]
    if local is None:
        return NodePlan(settings=settings, machine_settings=unset)
    shares = {name: max(1, getattr(settings, name) // max(1, local)) for name in unset}
    return NodePlan(settings=replace(settings, **shares), sharers=max(1, local))


async def serve_fleet(
    plan: ServePlan,
    nodes: NodeSource,
    node_plan: NodePlan,
    *,
    on_ready: Callable[[str, int], None] = lambda _, __: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve experts over several nodes until a signal, or until ``stop``.

    On each node an ordinary server is made; this one is the gateway before them. When it ends,
    what was asked is answered first, by it and by them.

    Args:
        plan: How the gateway serves; what it pins, each node pins.
        nodes: Says which machines there are.
        node_plan: How they serve.
        on_ready: Told the address, and how many nodes there are, when requests are answered.
        stop: Ends it like a signal.

    Raises:
        SettingError: The address is not allowed or cannot be had.
        MissingExtraError: The HTTP client is not installed.
        TidemillError: No node's server starts; what one of them said.
    """
    binding = binding_for(plan)
    limits = plan.limits or Limits()
    # Made for this run: it travels with the factory, and stands in no file and on no command line.
    token = BearerToken(secret=secrets.token_urlsafe(32))
    fleet = Fleet(
        nodes,
        FleetPlan(
            server=partial(_server, plan, node_plan, token),
            requests=NodeClient(token, connections=limits.connections),
            looks=NodeClient(token, connections=_LOOK_CONNECTIONS),
            watch=node_plan.watch,
        ),
    )

    def on_bound(address: Address) -> None:
        on_ready(address.url, len(fleet.members))

    try:
        await fleet.start()
        await serve_async(gateway(fleet), binding, limits=limits, on_bound=on_bound, stop=stop)
    finally:
        await fleet.close()


def _server(
    plan: ServePlan, node_plan: NodePlan, token: BearerToken, host: str
) -> Callable[[], NodeServer]:
    """Return what makes the server of a node, on the node."""
    there = replace(
        plan,
        host=host,
        port=0,
        hosts=(),
        origins=(),
        token_file=None,
        token=token,
        folder=plan.folder or Path.cwd(),
        sharers=node_plan.sharers,
    )
    return partial(NodeServer, there, node_plan.settings, tuple(node_plan.machine_settings))
