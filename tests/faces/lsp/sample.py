"""Types by the names of what has them, and code that has none."""

import sys
import time
from collections.abc import Mapping, Sequence

from tidemill.tasks.types.source import Candidate, TypeQuestion

__all__ = ["APP", "BROKEN", "TABLE", "ScriptedTypes", "long_file"]

APP = """\
import { Store } from './store';

export function total(prices, factor) {
  let sum;
  for (const price of prices) sum += price.toFixed(2).length * factor;
  return sum;
}

export const größe = (text) => text.trim().length;

const store = new Store();
store.add(total([1, 2], 3), größe('😀'));
"""

BROKEN = APP.replace("  return sum;\n}", "  return sum.;\n")

TABLE: Mapping[str, Sequence[tuple[str, float]]] = {
    "prices": (("number[]", 0.83), ("Set<number>", 0.09)),
    "factor": (("string", 0.6), ("number", 0.3)),
    "text": (("string", 0.913), ("number", 0.05)),
    "sum": (("number", 0.5),),
    "price": (("Price", 0.7),),
}
"""Of ``factor`` the first is wrong: the compiler objects to it."""


class ScriptedTypes:
    """Whoever says what a table says.

    Args:
        table: Types by name, with how likely they are; other names get ``string``.
        seconds: How long a question takes.
        failure: Raised instead of an answer.
    """

    name = "scripted"

    def __init__(
        self,
        table: Mapping[str, Sequence[tuple[str, float]]] = TABLE,
        *,
        seconds: float = 0.0,
        failure: Exception | None = None,
    ) -> None:
        self._table = table
        self._seconds = seconds
        self._failure = failure
        self.asked: list[tuple[str, ...]] = []

    def candidates(self, files: Sequence[TypeQuestion]) -> list[Mapping[int, Sequence[Candidate]]]:
        """Return what the table says."""
        if self._failure is not None:
            raise self._failure
        time.sleep(self._seconds)
        sys.stdout.write("noise, as libraries make it\n")
        sys.stdout.flush()
        self.asked += [tuple(file.sites[number].name for number in file.wanted) for file in files]
        return [{number: self._of(file, number) for number in file.wanted} for file in files]

    def _of(self, file: TypeQuestion, number: int) -> list[Candidate]:
        rows = self._table.get(file.sites[number].name, (("string", 0.4),))
        return [Candidate(text=text, confidence=confidence) for text, confidence in rows]


def long_file(functions: int = 50) -> str:
    """A file of ten lines a function."""
    return "".join(
        f"export function f{number}(prices, factor, text) {{\n"
        f"  const first = prices[{number}];\n"
        f"  let sum = first;\n"
        f"  for (const price of prices) {{\n"
        f"    sum += price * factor;\n"
        f"  }}\n"
        f"  const parts = text.split(',');\n"
        f"  parts.push(text);\n"
        f"  return {{ sum, parts }};\n"
        f"}}\n"
        for number in range(functions)
    )
