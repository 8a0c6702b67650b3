"""What the gateway's routes share: the fleet, and how a node's answer is passed on."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from tidemill.faces.http.fleet.fleet import Answered, Fleet
from tidemill.faces.http.problems import Problem

__all__ = ["NODE_HEADER", "TheFleet", "no_node", "passed_on", "refusal"]

NODE_HEADER = "tidemill-node"
"""Says whose answer it is."""


async def _fleet(request: Request) -> Fleet:  # else FastAPI asks a thread for it
    found: Fleet = request.app.state.fleet
    return found


TheFleet = Annotated[Fleet, Depends(_fleet)]


def passed_on(answered: Answered) -> Response:
    """Answer with what a node answered, and say which."""
    reply = answered.reply
    response = Response(reply.body, reply.status)
    response.headers[NODE_HEADER] = answered.node
    if reply.content_type:
        response.headers["content-type"] = reply.content_type
    if reply.retry_after:
        response.headers["retry-after"] = reply.retry_after
    return response


def refusal(problem: Problem) -> Response:
    """Answer with a problem."""
    response = Response(problem.content(), problem.status)
    response.raw_headers = list(problem.head())
    return response


def no_node() -> Response:
    """Answer that nobody answered."""
    problem = Problem(
        status=503, message="no node answers; ask again a little later", code="no_node"
    )
    return refusal(problem.retried_after(1))
