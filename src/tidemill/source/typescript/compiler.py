"""Where a TypeScript compiler is."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import MissingToolError

__all__ = ["Compiler", "compiler_in", "find_compiler"]

FEATURE = "asking for types"
HINT = "npm install --save-dev typescript@5.9"
OLDEST, NEWEST = (5, 0), (7, 0)
"""From 7 on, the package has no interface for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A compiler that can be asked.

    Attributes:
        node: The program that runs it.
        module: Folder of the npm package ``typescript``.
        version: Its version.
    """

    node: Path
    module: Path
    version: str


def find_compiler(near: Path, named: Path | None = None) -> Compiler:
    """Find the compiler that a project would use.

    Args:
        near: A file or folder of the project; the nearest ``node_modules`` above it counts.
        named: A folder to take instead: of the package, or one whose ``node_modules`` has it.

    Raises:
        MissingToolError: There is no node, or no compiler that can be asked.
    """
    node = shutil.which("node")
    if node is None:
        raise MissingToolError(FEATURE, tool="Node.js", hint=f"Install it, then: {HINT}")
    folders = [named] if named is not None else [near.absolute(), *near.absolute().parents]
    for folder in folders:
        for place in (folder, folder / "node_modules" / "typescript"):
            found = compiler_in(place, Path(node))
            if found is not None:
                return found
    tool = f"TypeScript 5, which is not in {named or near}"
    raise MissingToolError(FEATURE, tool=tool, hint=HINT)


def compiler_in(module: Path, node: Path) -> Compiler | None:
    """Return the compiler of an npm package, or None where it is none that can be asked."""
    try:
        facts = json.loads((module / "package.json").read_bytes()[: 1 << 20])
        version = str(facts["version"])
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_compiler = facts.get("name") == "typescript" and OLDEST <= numbers < NEWEST
    if not is_compiler or not os.access(module / "lib" / "typescript.js", os.R_OK):
        return None
    return Compiler(node=node, module=module, version=version)
