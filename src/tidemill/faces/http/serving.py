"""From settings to a server that answers: the node, the routes, the shell, and their end."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import SettingError
from tidemill.core.loopback import is_loopback
from tidemill.core.settings import Settings
from tidemill.experts.registry import open_registry
from tidemill.faces.http.api.application import application
from tidemill.faces.http.api.service import Service
from tidemill.faces.http.bearer import BearerToken, token_from
from tidemill.faces.http.binding import Address, Binding
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.server import serve_async
from tidemill.serving.node import Node, NodePlan
from tidemill.serving.routing import Router
from tidemill.tasks.asking import names_in

__all__ = ["DRAIN_SECONDS", "ServePlan", "binding_for", "node_plan", "serve_experts", "token_path"]

DRAIN_SECONDS = 30
"""How long what was asked may take to be answered when a server ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """How experts are served.

    Attributes:
        host: Address to listen at.
        port: 0 takes a free one.
        pinned: Experts that stay in memory.
        hosts: Further names of this server.
        origins: Sites whose pages may ask.
        token_file: File of the token; without one, a token is wanted off loopback alone, and
            its file is in the user's folder.
        token: The token itself, from somebody who has it already; then no file is looked at.
        as_root: Whether it may run with all rights.
        limits: What one client may take.
        folder: Where the store is looked for; by default the working folder.
        sharers: Servers that share this machine's processors, this one included.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    pinned: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    token_file: Path | None = None
    token: BearerToken | None = None
    as_root: bool = False
    limits: Limits | None = None
    folder: Path | None = None
    sharers: int = 1


async def serve_experts(
    plan: ServePlan,
    settings: Settings,
    *,
    on_ready: Callable[[str], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve experts until a signal, or until ``stop``; then answer what was asked, and end.

    Args:
        plan: How.
        settings: Where experts are, budgets and workers.
        on_ready: Told the address when requests are answered.
        stop: Ends it like a signal.

    Raises:
        SettingError: The address is not allowed or cannot be had.
        ExpertError: A pinned expert is unknown or damaged.
        CapacityError: Pinned experts do not fit, or no worker starts.
    """
    binding = binding_for(plan)
    node = Node(open_registry(settings), node_plan(settings, sharers=plan.sharers))
    try:
        await node.start()
        for name in plan.pinned:
            await node.pin(name)
        defaults = {
            "search": names_in(settings.search_experts),
            "clones": names_in(settings.clone_experts),
        }
        service = Service(
            node=node,
            router=Router(node, defaults),
            settings=settings,
            folder=plan.folder or Path.cwd(),
        )

        def on_bound(address: Address) -> None:
            on_ready(address.url)

        await serve_async(
            application(service), binding, limits=plan.limits, on_bound=on_bound, stop=stop
        )
        await node.drain(seconds=DRAIN_SECONDS)
    finally:
        await node.close()


def binding_for(plan: ServePlan) -> Binding:
    """Return where a plan has a server listen, and who may ask it.

    Raises:
        SettingError: The port is none, or the token's file is not good.
    """
    return Binding(
        host=plan.host,
        port=plan.port,
        token=_token(plan),
        hosts=plan.hosts,
        origins=plan.origins,
        drain_seconds=DRAIN_SECONDS,
        allow_root=plan.as_root,
    )


def node_plan(settings: Settings, *, sharers: int = 1) -> NodePlan:
    """Return how a node is made under some settings.

    Args:
        settings: Budgets and workers.
        sharers: Nodes that share this machine's processors.
    """
    processors = len(os.sched_getaffinity(0)) // sharers
    return NodePlan(
        host_bytes=settings.host_bytes,
        active_bytes=settings.active_bytes,
        workers=settings.workers,
        threads=max(1, processors // settings.workers),
        policy=settings.cache_policy,
    )


def token_path() -> Path:
    """Return where the token is kept where nobody says otherwise.

    Raises:
        SettingError: The user has no folder for settings.
    """
    if os.environ.get("XDG_CONFIG_HOME"):
        return Path(os.environ["XDG_CONFIG_HOME"], "tidemill", "token")
    if os.environ.get("HOME"):
        return Path(os.environ["HOME"], ".config", "tidemill", "token")
    raise SettingError("there is no folder for the token", hint="Name its file: --token-file")


def _token(plan: ServePlan) -> BearerToken | None:
    """Return the token that clients must show: always where one is given, and off loopback."""
    if plan.token is not None:
        return plan.token
    if plan.token_file is not None:
        return token_from(plan.token_file)
    return None if _is_loopback(plan.host) else token_from(token_path())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return is_loopback(host)
    except ValueError:
        return False
