import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file as save_torch

from tests.experts.drafts import TOKENIZER, values
from tests.experts.huggingface import FACTS, huggingface_folder, tensors_of
from tidemill.core.errors import ExpertError, StoreError
from tidemill.experts.importing import POSITIONS, import_huggingface
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.experts.verification import verify_expert
from tidemill.models.config import encoder_config


def imported(folder: Path, **options: Any) -> ExpertDraft:
    return import_huggingface(folder, name="search-code", task="search", **options)


@pytest.mark.claim("house.experts.import")
def test_an_encoder_becomes_a_sound_expert(tmp_path: Path) -> None:
    draft = imported(huggingface_folder(tmp_path / "hf"), languages=("python",), licence="MIT")
    package = write_expert(tmp_path / "expert", draft)
    found = verify_expert(package.folder)
    assert (found.findings, found.shapes_checked) == ((), True)
    config = encoder_config(package.config)
    assert (config.pooling, config.input_mode, config.max_tokens) == ("pooler", "tokens", 32)
    assert (package.manifest.base, package.manifest.licence) == ("hf", "MIT")
    theirs = tensors_of(FACTS)
    assert set(package.tensors) == set(theirs)
    for name, tensor in package.tensors.items():
        assert np.array_equal(tensor.to_float32(), theirs[name])


@pytest.mark.claim("house.experts.import")
@pytest.mark.parametrize("prefix", ["", "roberta.", "encoder.", "model.encoder.", "bert."])
def test_prefixes_heads_and_buffers_are_taken_off(tmp_path: Path, prefix: str) -> None:
    theirs = tensors_of(FACTS)
    kept: dict[str, Any] = {prefix + name: tensor for name, tensor in theirs.items()}
    kept |= {
        "lm_head.bias": values(40),
        "lm_head.dense.weight": values(16, 16),
        "cls.predictions.bias": values(40),
        f"{prefix}embeddings.position_ids": np.arange(34)[None],
    }
    assert set(imported(huggingface_folder(tmp_path / "hf", tensors=kept)).tensors) == set(theirs)


def test_old_names_of_norms_are_known(tmp_path: Path) -> None:
    theirs = tensors_of(FACTS)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in theirs.items()
    }
    assert set(imported(huggingface_folder(tmp_path / "hf", tensors=old)).tensors) == set(theirs)


def test_a_pooler_is_kept_only_for_pooling_by_it(tmp_path: Path) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    mean = imported(folder, config={"pooling": "mean", "input_mode": "graph"})
    assert not [name for name in mean.tensors if name.startswith("pooler.")]
    assert (mean.config["pooling"], mean.config["input_mode"]) == ("mean", "graph")
    bare = tensors_of(FACTS, pooler=False)
    draft = imported(huggingface_folder(tmp_path / "bare", tensors=bare))
    assert draft.config["pooling"] == "mean"
    with pytest.raises(ExpertError, match=r"pooler\.dense\.bias is missing"):
        imported(tmp_path / "bare", config={"pooling": "pooler"})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_weights_keep_their_kind_of_float_to_the_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    theirs = {name: torch.from_numpy(t).to(dtype) for name, t in tensors_of(FACTS).items()}
    save_torch(theirs, folder / "model.safetensors")
    package = write_expert(tmp_path / "expert", imported(folder))
    for name, tensor in package.tensors.items():
        assert np.array_equal(tensor.to_float32(), theirs[name].float().numpy())
        assert tensor.stored_bytes <= -(-tensor.size * dtype.itemsize // 64) * 64


def test_berts_table_of_positions_is_moved(tmp_path: Path) -> None:
    facts = FACTS | {"model_type": "bert", "pad_token_id": 0, "max_position_embeddings": 32}
    theirs = tensors_of(facts)
    draft = imported(huggingface_folder(tmp_path / "hf", facts, theirs))
    assert draft.config["max_position_embeddings"] == 34
    table = draft.tensors[POSITIONS]
    assert np.array_equal(table[2:], theirs[POSITIONS])
    assert not table[:2].any()
    assert draft.config["model_type"] == "roberta"


def test_ids_come_from_the_tokenizer(tmp_path: Path) -> None:
    config = imported(huggingface_folder(tmp_path / "hf", FACTS | {"bos_token_id": 9})).config
    assert [config[f"{name}_token_id"] for name in ("bos", "pad", "eos", "unk", "mask")] == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


@pytest.mark.claim("house.experts.import")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "gpt2"}, "model_type is 'gpt2'"),
        ({"model_type": None}, "model_type is None"),
        ({"is_decoder": True}, "is_decoder is set"),
        ({"add_cross_attention": True}, "add_cross_attention is set"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"auto_map": {"AutoModel": "x.Y"}}, "auto_map asks to run code"),
        ({"hidden_size": 17}, "heads do not divide"),
        ({"max_position_embeddings": "34"}, "max_position_embeddings is '34'"),
        ({"max_position_embeddings": None}, "max_position_embeddings is None"),
        ({"num_hidden_layers": 2}, r"encoder\.layer\.1\..* is missing"),
        ({"vocab_size": 31}, "ids up to 31, and config.json has a vocab_size of 31"),
    ],
)
def test_other_configs_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    (folder / "config.json").write_text(json.dumps(FACTS | changes))
    with pytest.raises(ExpertError, match=reason):
        imported(folder)


@pytest.mark.claim("house.experts.import", "house.experts.refusals")
@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("pytorch_model.bin", b"", "a pickle"),
        ("modeling.py", b"", "code"),
        ("kernel.so", b"", "code"),
        ("notes", b"\x80\x04K\x01.", "a pickle"),
        ("vocab.txt", b"PK\x03\x04", "a zip file"),
        ("tokenizer_config.json", b'{"auto_map": {}}', "auto_map asks to run code"),
    ],
)
def test_pickles_and_code_beside_the_weights_are_refused(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    (folder / name).write_bytes(data)
    with pytest.raises(ExpertError, match=reason):
        imported(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"classifier.dense.weight": values(2, 2)}, r"no tensor classifier\.dense\.weight"),
        ({"embeddings.word_embeddings.weight": None}, "0 tables of words"),
        ({"other.embeddings.word_embeddings.weight": values(40, 16)}, "2 tables of words"),
        ({"pooler.dense.bias": np.zeros(16)}, "of kind F64"),
        ({"pooler.dense.bias": np.zeros(16, dtype=np.int32)}, "of kind I32"),
        ({"pooler.dense.bias": values(15)}, "has the shape"),
    ],
)
def test_other_tensors_are_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    tensors = {n: t for n, t in (tensors_of(FACTS) | change).items() if t is not None}
    with pytest.raises(ExpertError, match=reason):
        imported(huggingface_folder(tmp_path / "hf", tensors=tensors))


def test_a_strange_prefix_is_refused(tmp_path: Path) -> None:
    tensors = {f"odd.{name}": tensor for name, tensor in tensors_of(FACTS).items()}
    with pytest.raises(ExpertError, match="no encoder"):
        imported(huggingface_folder(tmp_path / "hf", tensors=tensors))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_every_file_is_needed(tmp_path: Path, name: str) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    (folder / name).unlink()
    with pytest.raises(ExpertError, match=name.replace(".", r"\.")):
        imported(folder)
    with pytest.raises(StoreError):
        imported(tmp_path / "nowhere")


def test_a_field_that_no_encoder_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="has no field 'poling'"):
        imported(huggingface_folder(tmp_path / "hf"), config={"poling": "mean"})


def test_a_name_for_another_task_is_refused_when_it_is_packed(tmp_path: Path) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    draft = import_huggingface(folder, name="search-code", task="clones")
    with pytest.raises(ExpertError, match="call it clones-<scope>"):
        write_expert(tmp_path / "expert", draft)


def test_positions_that_begin_too_late_are_refused(tmp_path: Path) -> None:
    folder = huggingface_folder(tmp_path / "hf")
    late = json.loads(json.dumps(TOKENIZER))
    late["added_tokens"][1]["id"] = 5
    (folder / "tokenizer.json").write_text(json.dumps(late))
    with pytest.raises(ExpertError, match="positions begin after row 2"):
        imported(folder)
