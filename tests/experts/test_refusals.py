import io
import json
import pickle  # noqa: TID251  only to make what must be refused
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.experts.drafts import packed, static_draft
from tidemill.core.errors import ExpertError
from tidemill.experts.folder import stamped_files
from tidemill.experts.package import open_expert
from tidemill.experts.refusals import HEAD_BYTES, refuse_code, refuse_magic, refuse_name

FORBIDDEN = ["a.pkl", "a.pt", "A.PTH", "pytorch_model.bin", "a.ckpt", "model.py", "k.so", "a.pyc"]


@pytest.mark.claim("house.experts.refusals")
@pytest.mark.parametrize("name", FORBIDDEN)
def test_pickles_and_code_are_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match=r"a pickle|code"):
        refuse_name(name)
    package = packed(tmp_path)
    (package.folder / name).write_bytes(b"")
    with pytest.raises(ExpertError, match=name):
        open_expert(package.folder)
    with pytest.raises(ExpertError, match=name):
        stamped_files(package.folder)


def array(values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def torch_file() -> bytes:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, buffer)
    return buffer.getvalue()


BEGINNINGS = [
    (pickle.dumps({"a": 1}), "a pickle"),
    (pickle.dumps({"a": 1}, protocol=2), "a pickle"),
    (torch_file(), "a zip file, as torch.save writes"),
    (array(np.array([{}], dtype=object)), "an array of pickled objects"),
    (array(np.zeros(3)), "a bare array"),
    (b"\x1f\x8b\x08", "a compressed"),
    (b"\x7fELF\x02", "code"),
]


@pytest.mark.claim("house.experts.refusals")
@pytest.mark.parametrize(("data", "reason"), BEGINNINGS)
def test_pickles_and_programs_are_refused_by_how_they_begin(data: bytes, reason: str) -> None:
    with pytest.raises(ExpertError, match=f"there: {reason}"):
        refuse_magic(data[:HEAD_BYTES], where="there")


@pytest.mark.parametrize("data", [b"", b"{}", b"---\nlicense: mit", b"\x08\0\0\0\0\0\0\0{}"])
def test_other_beginnings_are_let_in(data: bytes) -> None:
    refuse_magic(data, where="there")


@pytest.mark.claim("house.experts.refusals")
@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code", "custom_pipelines"])
def test_a_config_that_asks_for_code_is_refused(key: str, tmp_path: Path) -> None:
    configs: tuple[dict[str, object], ...] = ({key: {}}, {"a": [{"b": {key: False}}]})
    for config in configs:
        with pytest.raises(ExpertError, match=f"{key} asks to run code"):
            refuse_code(json.loads(json.dumps(config)), where="config.json")
        with pytest.raises(ExpertError, match=f"{key} asks to run code"):
            packed(tmp_path, static_draft(config=config))
    assert not list(tmp_path.iterdir())


def test_deep_configs_are_walked_without_recursion() -> None:
    config: object = {"auto_map": 1}
    for _ in range(100_000):
        config = [config]
    with pytest.raises(ExpertError, match="auto_map"):
        refuse_code(config, where="config.json")
