"""``/v1/experts`` and ``/v1/nodes``: who has what, and moving experts by hand, on all nodes."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from tidemill.core.errors import ExpertError
from tidemill.faces.http.api.experts import ExpertName
from tidemill.faces.http.api.replies import ERRORS, facts
from tidemill.faces.http.fleet.client import NodeLostError, NodeRequest
from tidemill.faces.http.fleet.fleet import Answered, Fleet
from tidemill.faces.http.fleet.member import Member
from tidemill.faces.http.fleet.replies import TheFleet, no_node, passed_on
from tidemill.faces.http.fleet.union import union
from tidemill.faces.http.strict_route import StrictRoute

__all__ = ["router"]

router: APIRouter = APIRouter(route_class=StrictRoute, tags=["experts"])

Move = Annotated[Literal["load", "evict", "pin", "unpin"], Path(description="what is done")]
NodeName = Annotated[
    str | None, Query(max_length=128, description="one node alone; else all that are there")
]


@router.get("/v1/experts", responses=ERRORS)
async def experts(fleet: TheFleet) -> Response:
    """Return tiers, experts and workers of all nodes together, and who has which expert."""
    return facts(await _all(fleet))


@router.get("/v1/experts/{name}", responses=ERRORS)
async def expert(name: ExpertName, fleet: TheFleet) -> Response:
    """Return where one expert is."""
    return facts(_one(name, await _all(fleet)))


@router.post("/v1/experts/{name}/{move}", responses=ERRORS)
async def move(name: ExpertName, move: Move, fleet: TheFleet, node: NodeName = None) -> Response:
    """Load, evict, pin or unpin an expert, on all nodes or on one."""
    members = fleet.there if node is None else [fleet.member(node)]
    request = NodeRequest(method="POST", path=f"/v1/experts/{name}/{move}")
    answers = await asyncio.gather(*(_moved(member, request) for member in members))
    found = [answer for answer in answers if answer is not None]
    if not found:
        return no_node()
    failed = next((answer for answer in found if answer.reply.status != 200), None)
    if failed is not None:
        return passed_on(failed)
    return facts(_one(name, await _all(fleet)))


@router.get("/v1/nodes", responses=ERRORS)
async def nodes(fleet: TheFleet) -> Response:
    """Return each node: whether it is there, what waits for it, and how much it has in memory."""
    return facts({"nodes": [_shown(member) for member in fleet.members.values()]})


async def _moved(member: Member, request: NodeRequest) -> Answered | None:
    try:
        return Answered(node=member.name, reply=await member.send(request, ""))
    except NodeLostError:
        # A new server has nothing in memory, and what was pinned by hand is so no more.
        return None


async def _all(fleet: Fleet) -> dict[str, Any]:
    there = await fleet.look()
    return union({member.name: member.knowledge.report.facts for member in there})


def _one(name: str, shown: dict[str, Any]) -> dict[str, Any]:
    for one in shown["experts"]:
        if one["name"] == name:
            found: dict[str, Any] = one
            return found
    raise ExpertError(f"there is no expert {name}", hint="GET /v1/models lists them.")


def _shown(member: Member) -> dict[str, object]:
    known = member.knowledge
    view = known.view({})
    return {
        "name": member.name,
        "is_there": known.is_there,
        "url": member.place.url if member.place else None,
        "pid": member.place.pid if member.place else None,
        "waiting": view.waiting,
        "workers": view.workers,
        "resident": len(known.report.resident),
        "requests": member.requests,
        "losses": member.losses,
        "trouble": member.trouble.message if member.trouble else "",
    }
