"""What the routes share: the node and the settings.

No route looks for clients that have gone: `ExchangeGuard` cancels what is done for them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from tidemill.core.settings import Settings
from tidemill.serving.node import Node
from tidemill.serving.routing import Router

__all__ = ["Service", "TheService"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """What the routes speak for.

    Attributes:
        node: The experts.
        router: Says who answers where nobody is named.
        settings: Those in force.
        folder: Where the store is looked for.
    """

    node: Node
    router: Router
    settings: Settings
    folder: Path


async def _service(request: Request) -> Service:  # else FastAPI asks a thread for it
    found: Service = request.app.state.service
    return found


TheService = Annotated[Service, Depends(_service)]
