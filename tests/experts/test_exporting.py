"""Exported folders in the hands of transformers, and back again."""

import importlib
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tests.experts.drafts import CONFIG, encoder_draft, packed, sparse_draft, static_draft, values
from tests.experts.huggingface import FACTS, huggingface_folder, tensors_of
from tidemill.core.errors import ExpertError, InputError
from tidemill.experts.encodings import Storage
from tidemill.experts.exporting import PROJECTION_FILE, export_huggingface
from tidemill.experts.importing import import_huggingface
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import write_expert
from tidemill.experts.tensor_writer import storage_for
from tidemill.models.shapes import tensor_shapes


def transformers() -> Any:
    """The library, whose import takes seconds."""
    return importlib.import_module("transformers")


def with_pooler(folder: Path, **storage: Storage) -> ExpertPackage:
    config = replace(CONFIG, pooling="pooler", projection_size=0).to_dict()
    tensors = {
        name: values(*shape, seed=number) * 0.1
        for number, (name, shape) in enumerate(sorted(tensor_shapes(config).items()))
    }
    chosen = storage_for(tensors, matrices=storage["matrices"]) if storage else {}
    return packed(folder, encoder_draft(config=config, tensors=tensors, storage=chosen))


@pytest.mark.claim("house.experts.export")
@pytest.mark.slow
@pytest.mark.parametrize("matrices", [Storage(), Storage(encoding="int8-rows")])
def test_roberta_model_loads_it_and_computes_with_its_weights(
    tmp_path: Path, matrices: Storage
) -> None:
    library = transformers()
    expert = with_pooler(tmp_path, matrices=matrices)
    export_huggingface(expert, tmp_path / "out")
    theirs, report = library.RobertaModel.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys"))
    fields = set(library.RobertaConfig().to_dict()) & set(expert.config)
    config = library.RobertaConfig(**{name: expert.config[name] for name in fields})
    ours = library.RobertaModel(config)
    ours.load_state_dict(
        {name: torch.from_numpy(t.to_float32().copy()) for name, t in expert.tensors.items()}
    )
    tokenizer = library.AutoTokenizer.from_pretrained(tmp_path / "out")
    batch = tokenizer(["ab cab", "z"], padding=True, return_tensors="pt")
    assert batch["input_ids"][0, 0] == 0
    assert set(batch) == {"input_ids", "attention_mask"}
    with torch.no_grad():
        expected = ours.eval()(**batch)
        found = theirs.eval()(**batch)
    assert torch.equal(found.pooler_output, expected.pooler_output)


@pytest.mark.claim("house.experts.import", "house.experts.export")
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roberta", "bert"])
def test_what_transformers_saved_comes_back_and_computes_the_same(
    tmp_path: Path, kind: str
) -> None:
    library = transformers()
    facts = {name: fact for name, fact in FACTS.items() if name != "model_type"}
    if kind == "bert":
        facts |= {"max_position_embeddings": 32}
        original = library.BertModel(library.BertConfig(**facts))
    else:
        original = library.RobertaModel(library.RobertaConfig(**facts))
    with torch.no_grad():
        for number, parameter in enumerate(original.parameters()):
            parameter.add_(torch.from_numpy(values(*parameter.shape, seed=number)) * 0.1)
    source = huggingface_folder(tmp_path / "source")
    original.save_pretrained(source)
    draft = import_huggingface(source, name="search-code", task="search")
    expert = write_expert(tmp_path / "search-code", draft)
    export_huggingface(expert, tmp_path / "out")
    again = library.RobertaModel.from_pretrained(tmp_path / "out").eval()
    ids = torch.tensor([[0, 7, 8, 9, 2], [0, 30, 2, 1, 1]])
    mask = (ids != 1).long()
    with torch.no_grad():
        expected = original.eval()(input_ids=ids, attention_mask=mask)
        found = again(input_ids=ids, attention_mask=mask)
    torch.testing.assert_close(found.pooler_output, expected.pooler_output, atol=1e-6, rtol=0)
    there = mask.bool()
    torch.testing.assert_close(found[0][there], expected[0][there], atol=1e-6, rtol=0)


@pytest.mark.claim("house.experts.export")
def test_a_projection_goes_into_a_file_of_its_own(tmp_path: Path) -> None:
    expert = packed(tmp_path, encoder_draft())
    export_huggingface(expert, tmp_path / "out")
    own = load_file(tmp_path / "out" / PROJECTION_FILE)
    assert np.array_equal(
        own["projection.weight"], expert.tensors["projection.weight"].to_float32()
    )
    assert "projection.weight" not in load_file(tmp_path / "out" / "model.safetensors")


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_import_undoes_export(tmp_path: Path, dtype: str) -> None:
    expert = with_pooler(tmp_path, matrices=Storage(dtype=dtype))
    export_huggingface(expert, tmp_path / "out")
    draft = import_huggingface(tmp_path / "out", name=expert.name, task="search")
    again = write_expert(tmp_path / "again", draft)
    assert dict(again.config) == dict(expert.config)
    assert {n: t.identity for n, t in again.tensors.items()} == {
        n: t.identity for n, t in expert.tensors.items()
    }


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_packed_weights_are_exported_with_their_zeros(tmp_path: Path, dtype: str) -> None:
    config = replace(CONFIG, projection_size=0).to_dict()
    tensors = dict(encoder_draft().tensors)
    del tensors["projection.weight"]
    expert = packed(tmp_path, sparse_draft("2:8", dtype, config=config, tensors=tensors))
    export_huggingface(expert, tmp_path / "out")
    draft = import_huggingface(
        tmp_path / "out", name=expert.name, task="search", config={"pooling": config["pooling"]}
    )
    for name, tensor in expert.tensors.items():
        assert np.array_equal(draft.tensors[name], tensor.to_float32())
        if tensor.sparse:
            assert draft.storage[name] == Storage(dtype=dtype)
            groups = draft.tensors[name].reshape(-1, 8)
            assert ((groups != 0).sum(axis=1) == 2).all()
    again = write_expert(tmp_path / "again", draft)
    assert again.manifest.sparsity == "dense"


def test_the_table_of_positions_begins_where_roberta_begins(tmp_path: Path) -> None:
    facts = FACTS | {"model_type": "bert", "pad_token_id": 0, "max_position_embeddings": 32}
    tokenizer = json.loads((huggingface_folder(tmp_path / "x") / "tokenizer.json").read_text())
    for token, number in zip(tokenizer["added_tokens"], (2, 0, 3, 1, 4), strict=True):
        token["id"] = number
    source = huggingface_folder(tmp_path / "bert", facts, tensors_of(facts))
    (source / "tokenizer.json").write_text(json.dumps(tokenizer))
    draft = import_huggingface(source, name="search-bert", task="search")
    assert draft.config["pad_token_id"] == 0
    export_huggingface(write_expert(tmp_path / "search-bert", draft), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    table = load_file(tmp_path / "out" / "model.safetensors")[
        "embeddings.position_embeddings.weight"
    ]
    # One row for padding, id 0, and then BERT's own.
    assert config["max_position_embeddings"] == len(table) == 33
    theirs = tensors_of(facts)["embeddings.position_embeddings.weight"]
    assert np.array_equal(table[1:], theirs)


def test_others_may_read_what_is_exported(tmp_path: Path) -> None:
    export_huggingface(with_pooler(tmp_path), tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) & 0o055
    assert {stat.S_IMODE(p.stat().st_mode) & 0o044 for p in (tmp_path / "out").iterdir()} == {0o044}


def test_an_expert_without_a_tokenizer_is_exported_without(tmp_path: Path) -> None:
    export_huggingface(packed(tmp_path, encoder_draft(texts={})), tmp_path / "out")
    assert not list((tmp_path / "out").glob("tokenizer*"))


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="of the architecture static"):
        export_huggingface(packed(tmp_path, static_draft()), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="is there already"):
        export_huggingface(with_pooler(tmp_path), tmp_path)
