"""How large a unit's graph may grow before it is left out.

Edges, and the changes that branches and loops hand on, can grow with the square of the
text. A unit over a limit has no graph, and says so.
"""

from tidemill.core.errors import InputError

__all__ = ["MAX_CHANGES", "MAX_EDGES", "MAX_SCOPES", "MAX_STEPS", "too_large"]

MAX_EDGES = 1_000_000
MAX_STEPS = 10_000_000
MAX_CHANGES = 1_500_000
MAX_SCOPES = 5_000


def too_large(what: str) -> InputError:
    """Return the error that refuses a graph of ``what``."""
    return InputError(
        f"a data-flow graph of {what}",
        hint="it is left out; a unit of this shape is usually generated code",
    )
