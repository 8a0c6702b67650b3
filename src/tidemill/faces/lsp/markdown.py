"""Code and figures in Markdown, whatever the code holds."""

import re

__all__ = ["code", "percent"]

LONGEST = 80
TICKS = re.compile("`+")


def code(text: str, longest: int = LONGEST) -> str:
    """Return code as a span in Markdown: on one line, cut, and nothing in it counts as markup.

    Args:
        text: The code.
        longest: Characters that are shown.
    """
    line = " ".join(text.split()) or " "
    line = line if len(line) <= longest else f"{line[: longest - 1]}…"
    fence = "`" * (1 + max((len(run) for run in TICKS.findall(line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def percent(confidence: float) -> str:
    """Return a confidence as people read it: below one hundred and above none."""
    return f"{min(max(round(100 * confidence), 1), 99)}%"
