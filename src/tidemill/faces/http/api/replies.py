"""How facts are answered: JSON, and the errors that every route may answer."""

import json
from typing import Any

import numpy as np
from starlette.responses import Response

from tidemill.core.errors import ExpertError
from tidemill.faces.http.api.schemas import ErrorResponse
from tidemill.serving.answer import Answer

__all__ = ["ERRORS", "facts", "vectors_of"]

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": words}
    for status, words in (
        (400, "the request cannot be used"),
        (401, "the token is missing or wrong"),
        (403, "the request comes from another site's page"),
        (404, "there is no such expert that may be used"),
        (413, "the body is too large"),
        (415, "the body is in a form that is not taken"),
        (421, "the server does not answer to that Host"),
        (422, "a field is missing, unknown or out of range"),
        (429, "too much is waiting; Retry-After says when to come again"),
        (501, "the server was installed without it"),
        (503, "the server cannot do it at this moment"),
        (504, "it took longer than the client would wait"),
        (507, "there is no room for it"),
    )
}
"""For the OpenAPI document."""


def facts(value: object) -> Response:
    """Answer with facts that are ready for JSON."""
    return Response(json.dumps(value, separators=(",", ":")), media_type="application/json")


def vectors_of(answer: Answer) -> np.ndarray:
    """Return an answer's vectors, one a row.

    Raises:
        ExpertError: It is something else.
    """
    if not all(isinstance(value, np.ndarray) for value in answer.values):
        raise ExpertError(f"{answer.hops[-1].expert} gives no vectors")
    return np.stack(answer.values)
