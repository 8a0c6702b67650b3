"""What nodes answer: read as far as it says who is asked, and passed on byte by byte."""

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidemill.core.errors import InputError
from tidemill.faces.http.api.experts import ExpertName
from tidemill.faces.http.api.replies import ERRORS
from tidemill.faces.http.api.schemas import ModelList
from tidemill.faces.http.fleet.client import NodeRequest
from tidemill.faces.http.fleet.replies import TheFleet, passed_on
from tidemill.faces.http.strict_route import StrictRoute

__all__ = ["expert_in", "router"]

router: APIRouter = APIRouter(route_class=StrictRoute, tags=["nodes"])

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,95}")
_ROUTER = "auto"


@router.post("/v1/embeddings", responses=ERRORS)
@router.post("/v1/chains", responses=ERRORS)
@router.post("/v1/search", responses=ERRORS)
@router.post("/v1/tasks/search", responses=ERRORS)
@router.post("/v1/tasks/clones", responses=ERRORS)
@router.post("/v1/tasks/route", responses=ERRORS)
async def forward(request: Request, fleet: TheFleet) -> Response:
    """Have the node answer that is likely to be the soonest."""
    try:
        expert = expert_in(await request.json())
    except InputError:
        # What cannot be read is for a node to refuse, in the words of any other server.
        expert = ""
    asked = NodeRequest(
        method="POST",
        path=request.url.path,
        body=await request.body(),
        content_type=request.headers.get("content-type", ""),
    )
    return passed_on(await fleet.ask(asked, expert=expert))


@router.get("/v1/models", response_model=ModelList, responses=ERRORS)
async def models(fleet: TheFleet) -> Response:
    """List the experts as OpenAI lists models; every node has the same."""
    return passed_on(await fleet.ask(NodeRequest(method="GET", path="/v1/models")))


@router.get("/v1/models/{name}", responses=ERRORS)
async def model(name: ExpertName, fleet: TheFleet) -> Response:
    """Return one expert as OpenAI returns a model."""
    return passed_on(await fleet.ask(NodeRequest(method="GET", path=f"/v1/models/{name}")))


def expert_in(body: object) -> str:
    """Return whom a request asks first; empty where its node decides, or where it says nothing.

    Args:
        body: The request's, as JSON.
    """
    if not isinstance(body, dict):
        return ""
    chain = body.get("experts")
    first = chain[0] if isinstance(chain, list) and chain else body.get("model")
    is_name = isinstance(first, str) and _NAME.fullmatch(first) and first != _ROUTER
    return str(first) if is_name else ""
