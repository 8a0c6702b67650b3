"""How a file names another one that it imports from."""

import posixpath
import re
from collections import Counter

from tidemill.tasks.types.project import ProjectFile

__all__ = ["Style", "specifier", "style_of"]

RELATIVE = re.compile(rb"""(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"])(\.[^'"\n]*)\1""")
ENDINGS = (
    ".d.ts",
    ".d.mts",
    ".d.cts",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mts",
    ".cts",
    ".mjs",
    ".cjs",
)
RUNNING = {".ts": ".js", ".tsx": ".js", ".jsx": ".jsx", ".mts": ".mjs", ".cts": ".cjs"}
"""What a file is called when it runs, as modules of Node.js want it."""

KEPT = frozenset({".mts", ".cts", ".mjs", ".cjs", ".d.mts", ".d.cts"})
"""Endings that can never be left out."""

Style = str
"""``none``: no ending is written; ``running``: that of the file that runs; ``own``: its own."""


def style_of(file: ProjectFile) -> Style | None:
    """Return how a file writes the endings of what it imports; None where nothing shows it."""
    counted: Counter[Style] = Counter()
    for found in RELATIVE.finditer(file.text):
        ending = posixpath.splitext(found[2].decode("utf-8", "replace"))[1]
        if ending in {".ts", ".tsx", ".mts", ".cts"}:
            counted["own"] += 1
        elif ending in {".js", ".jsx", ".mjs", ".cjs"}:
            counted["running"] += 1
        else:
            counted["none"] += 1
    return counted.most_common(1)[0][0] if counted else None


def specifier(importer: str, target: str, style: Style) -> str:
    """Return the text that means a file where it is imported.

    Args:
        importer: Path of the file that imports.
        target: Path of what it imports.
        style: How endings are written.
    """
    way = posixpath.relpath(target, posixpath.dirname(importer))
    ending = next((end for end in ENDINGS if way.endswith(end)), "")
    stem = way.removesuffix(ending)
    plain = ending.replace(".d", "")
    if style == "running" or ending in KEPT:
        stem += RUNNING.get(plain, plain)
    elif style == "own":
        stem += plain
    return stem if stem.startswith("../") else f"./{stem}"
