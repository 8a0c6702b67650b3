"""``/v1/embeddings`` and ``/v1/chains``: vectors from experts, and how they came about."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from tidemill.core.errors import InputError
from tidemill.faces.http.api.replies import ERRORS, vectors_of
from tidemill.faces.http.api.schemas import ChainRequest, EmbeddingRequest, EmbeddingResponse
from tidemill.faces.http.api.service import TheService
from tidemill.faces.http.strict_route import StrictRoute
from tidemill.serving.answer import Answer
from tidemill.serving.answer import Request as Question
from tidemill.serving.embedder import CodeText

__all__ = ["router"]

router: APIRouter = APIRouter(route_class=StrictRoute, tags=["embeddings"])

_WORD = re.compile(r"\w+")


@router.post("/v1/embeddings", response_model=EmbeddingResponse, responses=ERRORS)
async def embeddings(body: EmbeddingRequest, service: TheService) -> Response:
    """Return the vectors of texts, by the expert that is named or that the router chooses."""
    texts = _texts(body.input)
    experts, why = service.router.chosen(
        body.model, task=body.task, language=body.language, kind=body.kind
    )
    question = Question(
        operation="code" if body.kind == "code" else "queries",
        items=_items(texts, body.kind, body.language),
        experts=experts,
        why=why,
        seconds=body.seconds,
    )
    answer = await service.node.ask(question)
    vectors = vectors_of(answer)
    if body.dimensions not in {None, vectors.shape[1]}:
        raise InputError(
            f"{answer.hops[-1].expert} gives vectors of {vectors.shape[1]} numbers,"
            f" not of {body.dimensions}",
            hint="Leave dimensions out.",
        )
    return _response(answer, vectors, texts, as_base64=body.encoding_format == "base64")


@router.post("/v1/chains", response_model=EmbeddingResponse, responses=ERRORS)
async def chains(body: ChainRequest, service: TheService) -> Response:
    """Ask experts in turn; ``*`` stands for whom the one before it has named."""
    texts = _texts(body.input)
    question = Question(
        operation="code" if body.kind == "code" else "queries",
        items=_items(texts, body.kind, body.language),
        experts=tuple(body.experts),
        seconds=body.seconds,
    )
    answer = await service.node.ask(question)
    return _response(answer, vectors_of(answer), texts, as_base64=False)


def _texts(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _items(texts: Sequence[str], kind: str, language: str | None) -> tuple[Any, ...]:
    if kind == "query":
        return tuple(texts)
    named = language or ""
    return tuple(CodeText(text=text.encode(), language=named, graph=None) for text in texts)


def _response(
    answer: Answer, vectors: np.ndarray, texts: Sequence[str], *, as_base64: bool
) -> Response:
    words = sum(len(_WORD.findall(text)) for text in texts)
    content = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": place, "embedding": _written(vector, as_base64)}
            for place, vector in enumerate(vectors)
        ],
        "model": answer.hops[-1].expert,
        "usage": {"prompt_tokens": words, "total_tokens": words},
        "hops": [hop.to_dict() for hop in answer.hops],
    }
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")


def _written(vector: np.ndarray, as_base64: bool) -> list[float] | str:
    if as_base64:
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    numbers: list[float] = vector.tolist()
    return numbers
