"""Equation 6 of GraphCodeBERT, cell by cell, on the function of the paper's figure 1."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidemill.models.batch import batches, collate
from tidemill.models.config import EncoderConfig
from tidemill.models.inputs import Flow, GraphInput, assembled, flow_of, within
from tidemill.models.tokenizer import Tokenizer
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES

CONFIG = EncoderConfig(
    vocab_size=400,
    hidden_size=8,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=8,
)
FIGURE = """\
def max(a, b):
    x = 0
    if b > a:
        x = b
    else:
        x = a
    return x
"""

# The figure's variables in order of the text, and whose value comes from whose.
VARIABLES = ["a", "b", "x", "0", "b", "a", "x", "b", "x", "a", "x"]
COMES_FROM = {
    (2, 3),
    (4, 1),
    (5, 0),
    (6, 7),
    (7, 1),
    (8, 9),
    (9, 0),
    (10, 6),
    (10, 8),
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train([FIGURE, "return the larger one"] * 3, vocab_size=400)


def figure(tokenizer: Tokenizer) -> tuple[GraphInput, list[str]]:
    """The figure as an input, and the text of each token."""
    comment, code = tokenizer.encode(["return the larger one", FIGURE])
    graph = text_graph(FIGURE.encode(), LANGUAGES["python"])
    assert graph is not None
    found = assembled(code.ids, flow_of(code, graph), config=CONFIG, comment=comment.ids)
    texts = [FIGURE[a:b] for a, b in zip(code.starts, code.ends, strict=True)]
    return found, ["[CLS]", *["word"] * len(comment), "[SEP]", *texts, "[SEP]"]


@pytest.mark.claim("gcb.attention.mask", "gcb.input.layout")
def test_the_mask_of_figure_1_is_equation_6_in_every_cell(tokenizer: Tokenizer) -> None:
    found, texts = figure(tokenizer)
    mask = collate([found], CONFIG).mask()[0, 0]
    tokens = len(texts)
    # Each variable was read from the token that stands at its place in the text.
    read_from, place = [], found.code_start
    for name in VARIABLES:
        place = texts.index(name, place)
        read_from.append(place)
        place += 1
    assert len(mask) == tokens + len(VARIABLES)
    for row in range(len(mask)):
        for column in range(len(mask)):
            expected = attends(row, column, texts, read_from)
            assert bool(mask[row, column]) == expected, (row, column)


def attends(row: int, column: int, texts: list[str], read_from: list[int]) -> bool:
    """Equation 6, with its set W u C u specials taken as the tokens (as in the reference)."""
    tokens = len(texts)
    if row < tokens and column < tokens:
        return True
    if row < tokens:
        return texts[row].startswith("[") or read_from[column - tokens] == row
    if column < tokens:
        return read_from[row - tokens] == column
    return row == column or (row - tokens, column - tokens) in COMES_FROM


def test_positions_are_those_of_roberta_and_nodes_have_none(tokenizer: Tokenizer) -> None:
    found, texts = figure(tokenizer)
    batch = collate([found, assembled(np.array([7, 8], np.int32), config=CONFIG)], CONFIG)
    assert batch.positions[0].tolist() == list(range(2, 2 + len(texts)))
    assert batch.positions[1].tolist() == [2, 3, 4, 5] + [1] * (len(texts) - 4)
    assert batch.is_node.sum(dim=1).tolist() == [len(VARIABLES), 0]


@pytest.mark.claim("gcb.attention.sparse")
def test_an_input_is_spans_and_edges_not_a_matrix(tokenizer: Tokenizer) -> None:
    found, _ = figure(tokenizer)
    places = len(found)
    numbers = (found.ids.size, found.flow.spans.size, found.flow.edges.size)
    assert sum(numbers) == len(found.ids) + 2 * len(VARIABLES) + 2 * len(COMES_FROM)
    assert found.nbytes == 4 * sum(numbers) < places * places


@st.composite
def flows(draw: st.DrawFn) -> tuple[Flow, int]:
    tokens = draw(st.integers(1, 30))
    starts = sorted(draw(st.lists(st.integers(0, tokens - 1), max_size=8)))
    spans = [(start, draw(st.integers(start + 1, tokens))) for start in starts]
    number = st.integers(0, max(len(spans) - 1, 0))
    edges = draw(st.lists(st.tuples(number, number), max_size=12)) if spans else []
    return (
        Flow(
            spans=np.array(spans, np.int32).reshape(-1, 2),
            edges=np.array(edges, np.int32).reshape(-1, 2),
        ),
        tokens,
    )


@given(flows(), st.integers(0, 30), st.integers(0, 8))
def test_a_flow_cut_short_keeps_what_lies_within(
    given: tuple[Flow, int], cut: int, most: int
) -> None:
    flow, tokens = given
    cut = min(cut, tokens)
    kept = within(flow, cut, most=most)
    assert len(kept.spans) <= most
    assert (kept.spans <= cut).all()
    assert (kept.spans[:, 0] < kept.spans[:, 1]).all()
    assert not len(kept.edges) or kept.edges.max() < len(kept.spans)
    count = min(most, int((flow.spans[:, 0] < cut).sum()))
    assert len(kept.spans) == count
    assert len(kept.edges) == sum(bool((edge < count).all()) for edge in flow.edges)


@given(flows())
def test_no_row_of_a_mask_is_empty(given: tuple[Flow, int]) -> None:
    flow, tokens = given
    entry = assembled(np.full(tokens, 9, np.int32), flow, config=CONFIG)
    batch = collate([entry, assembled(np.zeros(0, np.int32), config=CONFIG)], CONFIG)
    mask = batch.mask()
    assert bool(mask.any(dim=-1).all())
    assert torch.equal(
        batch.covers.sum(dim=2)[0], torch.from_numpy(np.diff(entry.flow.spans)[:, 0])
    )


def test_batches_hold_every_text_once_and_little_padding() -> None:
    lengths = [300, 5, 7, 9_000, 6, 310]
    found = batches(lengths, most=1_000)
    assert sorted(place for batch in found for place in batch) == list(range(6))
    assert [3] in found
    for batch in found:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or longest * len(batch) <= 1_000
