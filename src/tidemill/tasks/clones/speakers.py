"""Experts that know what functions do, as clone detection asks them.

Experts of the same languages speak together: their vectors stand side by side, so that
cosines add up. How near two functions must be was measured for those that come with Tidemill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.core.settings import Settings
from tidemill.serving.embedder import CodeText, Embedder
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.dataflow.packing import pack
from tidemill.source.language import LANGUAGES
from tidemill.tasks.asking import names_in, opened_experts
from tidemill.tasks.clones.semantic import FunctionText, FunctionVectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["THRESHOLDS", "Speakers", "clone_experts"]

THRESHOLDS: Mapping[str, float] = {"clones-c + clones-c-terms": 0.96, "clones-java": 0.85}
"""The least cosine, by the names of those that speak together, as `Speakers.name` joins them.

In C and C++ one in 100,000 pairs of programs for different problems is as near (POJ-104, valid
part). In Java, what is as near on the valid part of ``java-methods`` and bears another name was
nearly the same wherever we looked, and 99 in 100 rewritten copies are as near.
"""

OTHER_THRESHOLD = 0.9
_MEASURED_TOGETHER = frozenset(
    name for names in THRESHOLDS if " + " in names for name in names.split(" + ")
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Speakers:
    """Experts that know the same languages.

    Attributes:
        embedders: By name.
        languages: What they know; empty for every language.
    """

    embedders: Mapping[str, Embedder]
    languages: frozenset[str]

    @property
    def name(self) -> str:
        """Their names."""
        return " + ".join(sorted(self.embedders))

    @property
    def threshold(self) -> float:
        """The least cosine of two functions that do the same."""
        return THRESHOLDS.get(self.name, OTHER_THRESHOLD)

    def vectors(self, functions: Sequence[FunctionText]) -> "NDArray[np.float32]":
        """Return a row for each function, zeros where nobody knows anything of it."""
        import numpy as np

        texts = [_code_text(function) for function in functions]
        rows = np.concatenate([one.code(texts) for one in self.embedders.values()], axis=1)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def clone_experts(settings: Settings) -> tuple[list[FunctionVectors], dict[str, str]]:
    """Open the experts of the setting ``clone_experts``.

    Returns:
        Those that can be asked, and why others cannot be, by name.
    """
    found = opened_experts(names_in(settings.clone_experts), settings, task="clones")
    by_languages: dict[frozenset[str], dict[str, Embedder]] = {}
    for name, embedder in found.opened.items():
        by_languages.setdefault(found.languages[name], {})[name] = embedder
    speakers: list[FunctionVectors] = []
    for languages, embedders in by_languages.items():
        one = Speakers(embedders=embedders, languages=languages)
        if one.name not in THRESHOLDS and embedders.keys() & _MEASURED_TOGETHER:
            reason = "it is asked only together with those that it was measured with"
            found.missing.update(dict.fromkeys(embedders, reason))
        else:
            speakers.append(one)
    return speakers, found.missing


def _code_text(function: FunctionText) -> CodeText:
    graph = text_graph(function.text, LANGUAGES[function.language])
    return CodeText(
        text=function.text, language=function.language, graph=pack(graph) if graph else b""
    )
