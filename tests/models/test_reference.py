"""The published implementation's input, and its mask with transformers' encoder."""

from dataclasses import replace

import torch

from tests.models.test_encoder import CONFIG, twins
from tidemill.models.batch import collate
from tidemill.models.inputs import GraphInput
from tidemill.models.reference import reference_input
from tidemill.models.tokenizer import Tokenizer
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.language import LANGUAGES
from tidemill.source.leaves import leaves_of
from tidemill.source.parsing import parse_fragment

CODE = 'def f(a, b):\n    """Not a comment here."""\n    x = a  # but this is\n    return x + b\n'
TOKENIZER = Tokenizer.train([CODE] * 4, vocab_size=400, style="exact")
REFERENCE = replace(CONFIG, input_mode="reference", vocab_size=400, max_tokens=40, max_nodes=8)


def read(code: str, tokens: int = 40, nodes: int = 8) -> GraphInput:
    language = LANGUAGES["python"]
    leaves = leaves_of(parse_fragment(code.encode(), language))
    config = replace(REFERENCE, max_tokens=tokens, max_nodes=nodes)
    return reference_input(leaves, text_graph(code.encode(), language), TOKENIZER, config)


def test_leaves_are_words_strings_are_whole_and_comments_are_gone() -> None:
    leaves = leaves_of(parse_fragment(CODE.encode(), LANGUAGES["python"]))
    words = [leaf.text.decode() for leaf in leaves]
    assert words[:8] == ["def", "f", "(", "a", ",", "b", ")", ":"]
    assert words[8:] == ['"""Not a comment here."""', "x", "=", "a", "return", "x", "+", "b"]
    assert all(CODE.encode()[leaf.start : leaf.end] == leaf.text for leaf in leaves)


def test_a_method_without_its_class_has_its_own_leaves_only() -> None:
    text = b"int g(int a) { return a; }"
    leaves = leaves_of(parse_fragment(text, LANGUAGES["java"]))
    assert leaves[0].text == b"int"
    assert b"".join(leaf.text for leaf in leaves) == text.replace(b" ", b"")


def test_each_leaf_is_read_as_a_word_after_a_space() -> None:
    found = read("x = a\ny = x\n")
    expected = [TOKENIZER.encode([word])[0].ids.tolist() for word in ("x", " =", " a", " y")]
    flat = [number for ids in expected for number in ids]
    assert found.ids.tolist()[0] == 0
    assert found.ids.tolist()[1 : 1 + len(flat)] == flat
    assert found.ids.tolist()[-1] == 2


def test_code_is_cut_for_nodes_and_nodes_fill_what_is_left() -> None:
    code = "def f(a):\n" + "".join(f"    a = a + {number}\n" for number in range(30))
    found = read(code, tokens=20, nodes=6)
    assert len(found.ids) == 20 + 6 - min(6, 200)
    assert len(found.flow.spans) == 20 + 6 - len(found.ids)
    assert found.flow.edges.max() < len(found.flow.spans)
    short = read("b = a\nc = b\n", tokens=200, nodes=2)
    assert len(short.flow.spans) > 2


def test_a_node_whose_tokens_were_cut_shows_nothing() -> None:
    code = "def f(a):\n    return [" + ", ".join(f"'s{n}'" for n in range(40)) + ", a]\n"
    found = read(code, tokens=16, nodes=8)
    empty = found.flow.spans[:, 0] == found.flow.spans[:, 1]
    assert empty.any()
    config = replace(REFERENCE, max_tokens=16)
    batch = collate([found], config)
    assert not bool(batch.covers[0][torch.from_numpy(empty)].any())


def test_the_mask_is_added_and_gives_what_roberta_gives() -> None:
    ours, theirs = twins(replace(CONFIG, vocab_size=400))
    found = [read(CODE), read("b = a\nc = b\n")]
    batch = collate(found, REFERENCE)
    mask = batch.mask()
    tokens = batch.ids.shape[1]
    assert set(mask.flatten().tolist()) == {-10_000.0, 0.0}
    assert (mask[0, 0, tokens:, tokens:].diagonal() == -10_000.0).all()
    words = theirs.embeddings.word_embeddings(batch.ids)
    embedded = torch.cat([words, torch.bmm(batch.means(), words)], dim=1)
    positions = torch.cat([batch.positions, torch.zeros_like(batch.is_node, dtype=torch.long)], 1)
    with torch.no_grad():
        hidden = ours(batch)
        expected = theirs(inputs_embeds=embedded, position_ids=positions, attention_mask=mask)[0]
    torch.testing.assert_close(
        hidden.tokens[batch.is_token], expected[:, :tokens][batch.is_token], atol=1e-5, rtol=0
    )
