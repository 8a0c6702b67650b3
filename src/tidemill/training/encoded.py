"""Examples as an encoder reads them: token ids and data flow, in flat columns.

Parsing and tokenising is done once for a corpus, over processes, and kept.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.progress import Progress
from tidemill.models.inputs import NO_FLOW, Flow, flow_of, within
from tidemill.models.tokenizer import Tokenizer
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES
from tidemill.training.columns import Ragged, ragged
from tidemill.training.reading import Texts, TrainingExample, read_examples

__all__ = ["EncodedSet", "encode"]

IDS = np.zeros(0, np.int32)
PAIRS = np.zeros((0, 2), np.int32)

Arrays = NDArray[np.int32]
Encoded = list[tuple[Arrays, Arrays, Arrays, Arrays]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedSet:
    """Tokenised examples.

    Attributes:
        code: Token ids of each text, without specials.
        spans: Token spans of its data-flow nodes.
        edges: Their edges.
        query: Token ids of each query; empty where there is none.
    """

    code: Ragged
    spans: Ragged
    edges: Ragged
    query: Ragged

    def __len__(self) -> int:
        return len(self.code)

    def flow(self, row: int) -> Flow:
        """Return the data flow of one example."""
        return Flow(spans=self.spans[row], edges=self.edges[row])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the columns by name, to be kept in a file."""
        names = ("code", "spans", "edges", "query")
        return {
            f"{name}.{part}": getattr(getattr(self, name), part)
            for name in names
            for part in ("values", "offsets")
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "EncodedSet":
        """Return the set whose `arrays` these are."""
        columns = {
            name: Ragged(
                values=arrays[f"{name}.values"],
                offsets=arrays[f"{name}.offsets"].astype(np.int64),
            )
            for name in ("code", "spans", "edges", "query")
        }
        return cls(**columns)


def encode(
    examples: Sequence[TrainingExample],
    tokenizer: Path,
    *,
    limits: tuple[int, int],
    workers: int,
    progress: Progress,
) -> EncodedSet:
    """Tokenise examples and trace their data flow.

    Args:
        examples: In the order of the rows to be.
        tokenizer: A ``tokenizer.json``.
        limits: Tokens and nodes that are kept of a text; without nodes nothing is parsed.
        workers: Processes.
        progress: Told of every batch.

    Raises:
        InputError: A worker failed.
    """
    read = functools.partial(_encoded, tokenizer=tokenizer, limits=limits)
    rows = read_examples(examples, read, workers=workers, progress=progress)
    code, spans, edges, query = zip(*rows, strict=True) if rows else ((), (), (), ())
    return EncodedSet(
        code=ragged(code, IDS),
        spans=ragged(spans, PAIRS),
        edges=ragged(edges, PAIRS),
        query=ragged(query, IDS),
    )


def _encoded(shard: list[Texts], *, tokenizer: Path, limits: tuple[int, int]) -> Encoded:
    """What a worker does."""
    model = _loaded(tokenizer)
    most_tokens, most_nodes = limits
    codes = model.encode([code for _, code, _ in shard])
    queries = model.encode([query for _, _, query in shard])
    rows: Encoded = []
    for (language, text, _), code, query in zip(shard, codes, queries, strict=True):
        kept = code.first(most_tokens)
        graph = text_graph(text.encode(), LANGUAGES[language]) if most_nodes else None
        flow = within(flow_of(kept, graph), len(kept), most=most_nodes) if graph else NO_FLOW
        rows.append((kept.ids, flow.spans, flow.edges, query.first(most_tokens).ids))
    return rows


@functools.lru_cache(maxsize=2)
def _loaded(tokenizer: Path) -> Tokenizer:
    return Tokenizer.load(tokenizer)
