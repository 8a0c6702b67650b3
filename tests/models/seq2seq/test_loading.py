import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.models.seq2seq.small import SMALL, a_batch, a_model, weights_of
from tidemill.core.errors import ExpertError
from tidemill.models.loading import Weights
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.greedy import greedy
from tidemill.models.seq2seq.loading import load_checkpoint, load_seq2seq
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.skeleton import Skeleton
from tidemill.models.tables import StoredTable
from tidemill.sparsity.masks import magnitude_mask
from tidemill.sparsity.packed import packed
from tidemill.sparsity.packed_layers import PackedLinear
from tidemill.sparsity.pattern import NMPattern

PATTERN = NMPattern(2, 8)
TIED = replace(SMALL, num_heads=2)
GATED = replace(TIED, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
BOTH = pytest.mark.parametrize("config", [TIED, GATED], ids=["relu-tied", "gated-untied"])


def sparse(config: Seq2SeqConfig, seed: int = 1) -> tuple[Weights, Seq2Seq]:
    """Weights with packed layers and a table of 8-bit words, and the same as a dense model."""
    found: dict[str, Any] = {}
    dense = a_model(config, seed)
    for name, part in dense.named_parameters():
        if "block" in name and part.ndim == 2 and "bias" not in name:
            mask = magnitude_mask(part, PATTERN)
            found[name] = packed(part, mask, PATTERN)
            part.mul_(mask)
        elif name == "shared.weight":
            scales = part.abs().amax(dim=1) / 127
            found[name] = StoredTable((part / scales[:, None]).round().to(torch.int8), scales)
            part.copy_(found[name].whole())
        else:
            found[name] = part.numpy()
    return found, dense


def scores_of(network: Seq2Seq) -> torch.Tensor:
    batch = a_batch(config=network.config)
    with torch.inference_mode():
        return network.scores(network(batch.ids, batch.there, batch.ids[:, :9]))


@BOTH
def test_packed_weights_answer_as_the_masked_model(config: Seq2SeqConfig) -> None:
    weights, dense = sparse(config)
    network = load_seq2seq(config.to_dict(), weights)
    layers = [part for part in network.modules() if isinstance(part, PackedLinear)]
    # Queries, keys and values are one product, as are keys and values of the encoder, and a gate.
    assert len(layers) == 2 * 4 + 2 * (2 + 3 + 2)
    torch.testing.assert_close(scores_of(network), scores_of(dense), atol=1e-4, rtol=0)
    batch = a_batch(config=config)
    written = [one.tokens for one in greedy(network, batch, most_tokens=12)]
    assert written == [one.tokens for one in greedy(dense, batch, most_tokens=12)]


@BOTH
def test_one_network_answers_for_each_expert_as_its_own_would(config: Seq2SeqConfig) -> None:
    experts = [sparse(config, seed) for seed in (1, 2)]
    shared = Skeleton(lambda: Seq2Seq(config), experts[0][0], Seq2Seq.join_products)
    fillings = [shared.filling(weights) for weights, _ in experts]
    for number in (0, 1, 0):
        with shared.holding(fillings[number]) as network:
            torch.testing.assert_close(
                scores_of(network), scores_of(experts[number][1]), atol=1e-4, rtol=0
            )


def test_dense_weights_answer_as_the_model_that_they_are_of() -> None:
    network = load_seq2seq(SMALL.to_dict(), weights_of(a_model()))
    assert torch.equal(scores_of(network), scores_of(a_model()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shared.weight": None}, "shared.weight is missing"),
        ({"lm_head.weight": np.zeros((40, 32), np.float32)}, "lm_head.weight is no tensor of"),
        ({"decoder.final_layer_norm.weight": np.zeros(31, np.float32)}, "is 31, and .* says 32"),
        ({"shared.weight": np.zeros((41, 32), np.float32)}, "is 41 x 32, and .* says 40 x 32"),
    ],
)
def test_tensors_that_are_not_the_config_s_are_refused(change: dict[str, Any], said: str) -> None:
    changed = weights_of(a_model()) | change
    weights = {name: part for name, part in changed.items() if part is not None}
    with pytest.raises(ExpertError, match=said):
        load_seq2seq(SMALL.to_dict(), weights)


def folder_of(
    path: Path,
    facts: dict[str, object] | None = None,
    *,
    network: Seq2Seq | None = None,
    extra: dict[str, torch.Tensor | None] | None = None,
) -> Path:
    """A folder as Hugging Face lays it out; what is None is left out."""
    model = network or a_model()
    tensors = model.state_dict() | (extra or {})
    there = {name: part.clone() for name, part in tensors.items() if part is not None}
    save_file(there, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(model.config.to_dict() | (facts or {})))
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("shared.weight",),
        ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"),
        ("shared.weight", "encoder.embed_tokens.weight", "lm_head.weight"),
        ("lm_head.weight",),
    ],
)
def test_the_table_of_words_is_found_under_all_of_its_names(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    words = a_model().state_dict()["shared.weight"]
    extra: dict[str, torch.Tensor | None] = {"shared.weight": None}
    extra |= dict.fromkeys(names, words)
    network = load_checkpoint(folder_of(tmp_path, extra=extra))
    assert torch.equal(scores_of(network), scores_of(a_model()))


@pytest.mark.parametrize("said_by", ["tie_word_embeddings", "scale_decoder_outputs"])
def test_a_head_that_is_not_there_is_the_table_of_words_unscaled(
    tmp_path: Path, said_by: str
) -> None:
    network = load_checkpoint(folder_of(tmp_path, {said_by: False}))
    assert not network.config.tie_word_embeddings
    tied = scores_of(a_model())
    torch.testing.assert_close(scores_of(network), tied * 32**0.5, atol=1e-3, rtol=0)


def test_what_t5_never_reads_is_left_out(tmp_path: Path) -> None:
    name = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
    load_checkpoint(folder_of(tmp_path, extra={name: torch.zeros(32, 3)}))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_floats_are_widened(tmp_path: Path, kind: torch.dtype) -> None:
    halved = {name: part.to(kind) for name, part in a_model().state_dict().items()}
    network = load_checkpoint(folder_of(tmp_path, extra=dict(halved)))
    expected = load_seq2seq(
        SMALL.to_dict(), {name: part.float().numpy() for name, part in halved.items()}
    )
    assert torch.equal(scores_of(network), scores_of(expected))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"encoder.embed_tokens.weight": torch.zeros(40, 32)}, "T5 has one for both sides"),
        ({"lm_head.weight": torch.zeros(40, 32)}, "says that they are one"),
        ({"shared.weight": None}, "shared.weight is missing"),
        ({"classifier.weight": torch.zeros(2)}, "classifier.weight is no tensor of this model"),
        ({"shared.weight": torch.zeros(40, 32, dtype=torch.int8)}, "numbers of kind 'I8'"),
    ],
)
def test_tensors_of_another_model_are_refused(
    tmp_path: Path, extra: dict[str, torch.Tensor | None], said: str
) -> None:
    with pytest.raises(ExpertError, match=said):
        load_checkpoint(folder_of(tmp_path, extra=extra))


def test_a_folder_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ExpertError, match=r"model\.safetensors is missing"):
        load_checkpoint(tmp_path)


def header_of(*, length: int | None = None, data: bytes = b"", **entries: object) -> bytes:
    text = json.dumps(entries).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def a_tensor(**change: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | change


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "no safetensors file, or cut off"),
        (b"\0" * 9, "no safetensors file, or cut off"),
        (header_of(length=1 << 40), "no safetensors file, or cut off"),
        (b"\2" + b"\0" * 7 + b"[]", "an object is wanted"),
        (b"\2" + b"\0" * 7 + b"{x", "no JSON"),
        ((20_000).to_bytes(8, "little") + b"[" * 20_000, "no JSON"),
        (header_of(w=3), "which is no tensor"),
        (header_of(w=a_tensor(shape="1")), "which is no tensor"),
        (header_of(w=a_tensor(shape=[True]), data=b"1234"), "are no sizes"),
        (header_of(w=a_tensor(shape=[-1]), data=b"1234"), "are no sizes"),
        (header_of(w=a_tensor(), data=b"123"), "bytes 0 to 4 of 3"),
        (header_of(w=a_tensor(shape=[2]), data=b"12345678"), "bytes 0 to 4 of 8"),
        (header_of(w=a_tensor(data_offsets=[4, 0]), data=b"1234"), "bytes 4 to 0"),
        (header_of(w=a_tensor(dtype="F64"), data=b"1234"), "numbers of kind 'F64'"),
        (header_of(w=a_tensor(shape=[1] * 65), data=b"1234"), "are no sizes"),
        (header_of(w=a_tensor(shape=[0], data_offsets=[0, 0])), "is missing"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(tmp_path: Path, file: bytes, said: str) -> None:
    folder_of(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(file)
    with pytest.raises(ExpertError, match=said):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, " " * (1 << 20) + "{}"])
def test_a_damaged_config_is_refused(tmp_path: Path, text: str) -> None:
    folder_of(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ExpertError, match=r"config\.json"):
        load_checkpoint(tmp_path)
