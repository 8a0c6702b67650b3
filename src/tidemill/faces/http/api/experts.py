"""``/v1/models`` and ``/v1/experts``: who is there, in which tier, and moving them by hand."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from tidemill.core.errors import ExpertError
from tidemill.faces.http.api.replies import ERRORS, facts
from tidemill.faces.http.api.schemas import ModelList
from tidemill.faces.http.api.service import Service, TheService
from tidemill.faces.http.strict_route import StrictRoute
from tidemill.serving.status import ExpertStatus

__all__ = ["router"]

router: APIRouter = APIRouter(route_class=StrictRoute, tags=["experts"])

ExpertName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,95}$")]

OWNER = "tidemill"


@router.get("/v1/models", response_model=ModelList, responses=ERRORS)
async def models(service: TheService) -> Response:
    """List the experts as OpenAI lists models."""
    return facts({"object": "list", "data": [_model(one) for one in _sound(service)]})


@router.get("/v1/models/{name}", responses=ERRORS)
async def model(name: ExpertName, service: TheService) -> Response:
    """Return one expert as OpenAI returns a model."""
    return facts(_model(_one(service, name)))


@router.get("/v1/experts", responses=ERRORS)
async def experts(service: TheService) -> Response:
    """Return tiers, experts and workers: who is where, how large, and since when idle."""
    return facts(service.node.status().to_dict())


@router.get("/v1/experts/{name}", responses=ERRORS)
async def expert(name: ExpertName, service: TheService) -> Response:
    """Return where one expert is."""
    return facts(_one(service, name).to_dict())


@router.post("/v1/experts/{name}/load", responses=ERRORS)
async def load(name: ExpertName, service: TheService) -> Response:
    """Bring an expert into the host tier, before anybody asks it."""
    await service.node.load(name)
    return facts(_one(service, name).to_dict())


@router.post("/v1/experts/{name}/evict", responses=ERRORS)
async def evict(name: ExpertName, service: TheService) -> Response:
    """Take an expert out of memory; it stays on disk."""
    await service.node.evict(name)
    return facts(_one(service, name).to_dict())


@router.post("/v1/experts/{name}/pin", responses=ERRORS)
async def pin(name: ExpertName, service: TheService) -> Response:
    """Bring an expert into the host tier to stay."""
    await service.node.pin(name)
    return facts(_one(service, name).to_dict())


@router.post("/v1/experts/{name}/unpin", responses=ERRORS)
async def unpin(name: ExpertName, service: TheService) -> Response:
    """Let an expert go when its turn comes."""
    await service.node.pin(name, pinned=False)
    return facts(_one(service, name).to_dict())


def _sound(service: Service) -> list[ExpertStatus]:
    return [one for one in service.node.status().experts if not one.trouble]


def _one(service: Service, name: str) -> ExpertStatus:
    found = next((one for one in service.node.status().experts if one.name == name), None)
    if found is None:
        raise ExpertError(f"there is no expert {name}", hint="GET /v1/models lists them.")
    return found


def _model(one: ExpertStatus) -> dict[str, object]:
    return {
        "id": one.name,
        "object": "model",
        "created": 0,
        "owned_by": OWNER,
        "task": one.task,
        "languages": list(one.languages),
    }
