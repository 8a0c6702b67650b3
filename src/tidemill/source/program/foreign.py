"""What calls outside the program return, and what they hand to functions they are given.

For packages that are known, from the documentation of Node.js and of the packages named.
``mysql.createConnection()`` makes a ``Connection``; ``res.status(404)`` is the response
again; a function that is handed to ``app.get`` is called with a request and a response.
"""

from collections.abc import Iterator, Mapping

from tidemill.source.program.found import CALLED
from tidemill.source.program.typenames import last_part

__all__ = ["HANDLERS", "RETURNS", "handler_types", "names_by_type"]

RESPONSE = (
    "status",
    "type",
    "contentType",
    "set",
    "header",
    "append",
    "attachment",
    "cookie",
    "clearCookie",
    "links",
    "location",
    "vary",
)
COLLECTION_OWNERS = ("Db:collection", "Connection:collection")

RETURNS: Mapping[str, str] = {
    **{f"Response:{method}": "Response" for method in RESPONSE},
    **dict.fromkeys(("ServerResponse:setHeader", "ServerResponse:writeHead"), "ServerResponse"),
    **dict.fromkeys(COLLECTION_OWNERS, "Collection"),
    "express": "Application",
    "express.Router": "Router",
    "Application:route": "Route",
    "Router:route": "Route",
    "fastify": "FastifyInstance",
    "mysql.createConnection": "Connection",
    "mysql.createPool": "Pool",
    "mysql2.createConnection": "Connection",
    "mysql2.createPool": "Pool",
    "mariadb.createConnection": "Connection",
    "mariadb.createPool": "Pool",
    "Pool:connect": "PoolClient",
    "Pool:getConnection": "PoolConnection",
    "Pool:promise": "Pool",
    "Connection:promise": "Connection",
    "better-sqlite3": "Database",
    "knex": "Knex",
    "mongoose.model": "Model",
    "MongoClient:db": "Db",
    "mongodb.MongoClient.connect": "MongoClient",
    "MongoClient:connect": "MongoClient",
    "axios.create": "AxiosInstance",
}
"""The type of a call's value by the full name of what is called; promises are looked through."""

EXPRESS = ("Request", "Response", "NextFunction")
FASTIFY = ("FastifyRequest", "FastifyReply")
SERVER = ("IncomingMessage", "ServerResponse")
VERBS = ("all", "delete", "get", "head", "options", "patch", "post", "put")

HANDLERS: Mapping[str, tuple[str, ...]] = {
    **{
        f"{owner}:{verb}": EXPRESS
        for owner in ("Application", "Express", "Router", "IRouter", "Route")
        for verb in (*VERBS, "use")
    },
    **{f"FastifyInstance:{verb}": FASTIFY for verb in VERBS},
    **{f"{module}.createServer": SERVER for module in ("http", "https")},
    "koa:use": ("Context",),
}
"""The types of what a function gets that is handed to a call, by the call's full name."""

MARK = f"{CALLED}."


def names_by_type(full_name: str) -> Iterator[str]:
    """Yield a full name, and the same by the types of what the calls in it return.

    ``pg.Pool:connect().query`` is ``PoolClient:query`` as well.
    """
    yield full_name
    called, mark, rest = full_name.partition(MARK)
    while mark:
        returned = RETURNS.get(called, RETURNS.get(_own(called)))
        if returned is None:
            return
        yield f"{returned}:{rest}"
        called, mark, rest = f"{returned}:{rest}".partition(MARK)


def handler_types(full_name: str, parameters: int) -> tuple[str, ...]:
    """Return the types of what a function gets that is handed to a call.

    Args:
        full_name: Of what is called.
        parameters: How many the function has; one of four is told of an error first.
    """
    types = HANDLERS.get(full_name, HANDLERS.get(_own(full_name), ()))
    if types == EXPRESS and parameters > len(EXPRESS):
        return ("Error", *types)
    return types


def _own(full_name: str) -> str:
    """Return a member's name without the module of its type."""
    head, colon, member = full_name.partition(":")
    return f"{last_part(head)}:{member}" if colon else full_name
