"""``/v1/search`` and ``/v1/tasks``: what people and editors ask for, by the server's experts."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from tidemill.faces.http.api.replies import ERRORS, facts, vectors_of
from tidemill.faces.http.api.schemas import RouteRequest, SearchRequest, SimilarRequest
from tidemill.faces.http.api.service import Service, TheService
from tidemill.faces.http.strict_route import StrictRoute
from tidemill.serving.answer import Request as Question
from tidemill.serving.embedder import CodeText
from tidemill.serving.node_experts import NodeExperts
from tidemill.store.filters import SearchFilters
from tidemill.tasks.clones.speakers import OTHER_THRESHOLD, THRESHOLDS
from tidemill.tasks.search import SearchAnswer, search

__all__ = ["router"]

router: APIRouter = APIRouter(route_class=StrictRoute, tags=["tasks"])


@router.post("/v1/search", responses=ERRORS)
@router.post("/v1/tasks/search", responses=ERRORS)
async def find(body: SearchRequest, service: TheService) -> Response:
    """Search the server's index by words and experts."""
    loop = asyncio.get_running_loop()
    answer = await asyncio.to_thread(_searched, body, service, loop)
    return facts(_plain(asdict(answer)))


@router.post("/v1/tasks/clones", responses=ERRORS)
async def similar(body: SimilarRequest, service: TheService) -> Response:
    """Compare functions: how near each two of them are, and which do the same."""
    experts, why = service.router.chosen(
        body.model, task="clones", language=body.language, kind="code"
    )
    question = Question(
        operation="code",
        items=tuple(
            CodeText(text=text.encode(), language=body.language, graph=None)
            for text in body.functions
        ),
        experts=experts,
        why=why,
        seconds=body.seconds,
    )
    answer = await service.node.ask(question)
    vectors = vectors_of(answer)
    near = vectors @ vectors.T
    name = answer.hops[-1].expert
    threshold = body.threshold
    if threshold is None:
        threshold = THRESHOLDS.get(name, OTHER_THRESHOLD)
    pairs = [
        {"first": int(one), "second": int(other), "cosine": round(float(near[one, other]), 6)}
        for one, other in zip(*np.nonzero(np.triu(near >= threshold, 1)), strict=True)
    ]
    hops = [hop.to_dict() for hop in answer.hops]
    return facts({"pairs": pairs, "threshold": threshold, "hops": hops})


@router.post("/v1/tasks/route", responses=ERRORS)
async def route(body: RouteRequest, service: TheService) -> Response:
    """Say which expert would answer a text, and why, without asking it."""
    found = await service.router.explained(body.input, task=body.task, language=body.language)
    return facts(found)


def _searched(
    body: SearchRequest, service: Service, loop: asyncio.AbstractEventLoop
) -> SearchAnswer:
    filters = SearchFilters(
        languages=frozenset(body.languages),
        paths=tuple(body.paths),
        kinds=frozenset(body.kinds),
    )
    return search(
        body.query,
        settings=service.settings,
        filters=filters,
        limit=body.limit,
        cwd=service.folder,
        experts=NodeExperts(service.node, loop),
    )


def _plain(value: object) -> object:
    """Return facts in the terms of JSON."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case Path():
            return str(value)
        case _:
            return value
