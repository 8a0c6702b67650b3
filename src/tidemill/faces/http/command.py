"""``tidemill serve``: this face's own verb, which the command line names by a string."""

import asyncio
import json
import logging
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.cluster import AUTO
from tidemill.core.errors import SettingError
from tidemill.core.settings import resolve
from tidemill.faces.http.fleet.fleet import NodeSource
from tidemill.faces.http.fleet.nodes import cluster_nodes, local_nodes
from tidemill.faces.http.fleet.serving import NodePlan, node_plan_for, serve_fleet
from tidemill.faces.http.serving import ServePlan, serve_experts

__all__ = ["serve"]


Host = Annotated[
    str, typer.Option("--host", help="Address to listen at; off loopback a token is wanted.")
]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0: any free one.")]
HostBytes = Annotated[
    str | None,
    typer.Option("--host-bytes", metavar="SIZE", help="Memory for packed experts, as 512M."),
]
ActiveBytes = Annotated[
    str | None,
    typer.Option("--active-bytes", metavar="SIZE", help="Memory for active experts, as 1G."),
]
Policy = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="Which expert leaves when room is needed."),
]
Pinned = Annotated[
    list[str] | None,
    typer.Option("--pin", metavar="NAME", help="An expert that stays; repeatable."),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A further name of this server."),
]
AllowedOrigins = Annotated[
    list[str] | None,
    typer.Option("--allow-origin", metavar="URL", help="A site whose pages may ask."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="The token's file; made where it is not there."),
]
AsRoot = Annotated[bool, typer.Option("--as-root", help="Serve even as root.")]
StoreFolder = Annotated[
    Path | None, typer.Option("--store", metavar="FOLDER", help="The store that searches ask.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Processes that compute.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Serve over the nodes of a Ray cluster: auto, or host:port of its head.",
    ),
]
Nodes = Annotated[
    int | None,
    typer.Option(
        "--nodes", metavar="N", help="Serve over N nodes that are processes of this machine."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Say where it listens as one JSON document.")]


def serve(  # noqa: PLR0913, PLR0917  a verb's parameters are its flags
    host: Host = "127.0.0.1",
    port: Port = 8420,
    host_bytes: HostBytes = None,
    active_bytes: ActiveBytes = None,
    policy: Policy = None,
    pin: Pinned = None,
    allow_host: AllowedHosts = None,
    allow_origin: AllowedOrigins = None,
    token_file: TokenFile = None,
    as_root: AsRoot = False,
    store: StoreFolder = None,
    workers: Workers = None,
    cluster: Cluster = None,
    nodes: Nodes = None,
    as_json: AsJson = False,
) -> None:
    """Serve the experts over HTTP, from three tiers of memory.

    Experts are read from disk when they are first asked for, kept under two budgets, and
    asked by several processes. An answer says who gave it, why, and what it waited for.
    Ctrl-C or SIGTERM ends it when everything that was asked is answered. Over a cluster there is
    a server on each node, and this one sends a request where its expert is, or where the queue
    is shortest.

    For example:

        tidemill serve --host-bytes 64M --pin search-tokens
    """
    budgets = {"host_bytes": host_bytes, "active_bytes": active_bytes, "cache_policy": policy}
    resolved = resolve({"store": store, "workers": workers, **budgets})
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    plan = ServePlan(
        host=host,
        port=port,
        pinned=tuple(pin or ()),
        hosts=tuple(allow_host or ()),
        origins=tuple(allow_origin or ()),
        token_file=token_file,
        as_root=as_root,
    )

    if cluster is None and nodes is None:
        settings = resolved.settings

        def on_ready(url: str) -> None:
            _say(url, {"workers": settings.workers}, as_json=as_json)

        asyncio.run(serve_experts(plan, settings, on_ready=on_ready))
    else:
        _serve_over(
            _source(cluster, nodes), plan, node_plan_for(resolved, local=nodes), as_json=as_json
        )


def _serve_over(
    source: AbstractContextManager[NodeSource], plan: ServePlan, there: NodePlan, *, as_json: bool
) -> None:
    def on_ready(url: str, count: int) -> None:
        _say(url, {"nodes": count}, as_json=as_json)

    with source as nodes:
        asyncio.run(serve_fleet(plan, nodes, there, on_ready=on_ready))


def _source(cluster: str | None, nodes: int | None) -> AbstractContextManager[NodeSource]:
    if cluster is not None and nodes is not None:
        raise SettingError(
            "--cluster and --nodes exclude each other",
            hint="A cluster says itself which nodes it has.",
        )
    return local_nodes(nodes) if nodes is not None else cluster_nodes(cluster or AUTO)


def _say(url: str, strength: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"url": url, **strength}))
    else:
        typer.echo(f"serving at {url}")
        typer.echo(f"  {url}/v1/models    who is there")
        typer.echo(f"  {url}/v1/experts   who is in which tier; or: tidemill experts top")
        typer.echo("Ctrl-C ends it when everything is answered")
    sys.stdout.flush()
