"""The server in a process of its own, with types from a table."""

import json
import logging
import sys
from pathlib import Path

from tests.faces.lsp.sample import ScriptedTypes
from tidemill.core.settings import Settings
from tidemill.faces.lsp.configuration import Configuration
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.serving import Plan, serve_pipes

__all__ = ["main"]


def main(facts: dict[str, object]) -> int:
    """Serve whoever has started this process."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    compiler = facts.get("typescript")
    limits: dict[str, int] = facts.get("limits") or {}  # type: ignore[assignment]  # by name
    plan = Plan(
        source=ScriptedTypes,
        settings=Settings(typescript=Path(str(compiler)) if compiler else Path("/nowhere")),
        limits=Limits(**limits),
        configuration=Configuration(debounce_milliseconds=20),
    )
    return serve_pipes(plan)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
