import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.experts.drafts import (
    CONFIG,
    TOKENIZER,
    edit_manifest,
    encoder_draft,
    packed,
    static_draft,
    values,
)
from tidemill.core.errors import ExpertError, StoreError
from tidemill.experts.names import MANIFEST
from tidemill.experts.package import ExpertPackage
from tidemill.experts.verification import check_shapes, sound_expert, verify_expert
from tidemill.models.shapes import tensor_shapes


@pytest.fixture
def package(tmp_path: Path) -> ExpertPackage:
    return packed(tmp_path, encoder_draft())


def rewrite(package: ExpertPackage, name: str, data: bytes) -> None:
    """Put other bytes into a file, and their facts into the manifest."""
    (package.folder / name).write_bytes(data)
    facts = json.loads((package.folder / MANIFEST).read_text())
    sha256 = hashlib.sha256(data).hexdigest()
    files = facts["files"] | {name: {"sha256": sha256, "bytes": len(data)}}
    edit_manifest(package, files=files)


def test_a_sound_package_has_no_findings(package: ExpertPackage) -> None:
    found = verify_expert(package.folder)
    assert (found.sound, found.findings, found.shapes_checked) == (True, (), True)
    facts = found.to_dict()
    assert facts["name"] == "search-encoder"
    assert facts["tensors"] == len(encoder_draft().tensors)
    assert facts["expert_hash"] == package.expert_hash
    assert sound_expert(package.folder).name == package.name


@pytest.mark.claim("house.experts.verified")
def test_any_flipped_byte_is_found_and_its_file_named(package: ExpertPackage) -> None:
    for path in sorted(package.folder.iterdir()):
        data = path.read_bytes()
        for place in {0, len(data) // 3, len(data) - 2}:
            flipped = bytearray(data)
            flipped[place] ^= 0x11
            path.write_bytes(flipped)
            found = verify_expert(package.folder)
            assert not found.sound, (path.name, place)
            assert any(path.name in finding for finding in found.findings), found.findings
        path.write_bytes(data)
    assert verify_expert(package.folder).sound


@pytest.mark.claim("house.experts.numbers")
@pytest.mark.parametrize("bits", [0x7FC0_0000, 0x7F80_0000, 0xFF80_0000])
def test_nan_and_infinity_are_found_though_every_hash_is_right(tmp_path: Path, bits: int) -> None:
    package = packed(tmp_path)
    weights = package.folder / "model.safetensors"
    tensor = package.tensors["table"]
    data = bytearray(weights.read_bytes())
    stored = tensor.pieces["values"].stored
    start = package.tensors.header.data_start + stored.start
    data[start + 8 : start + 12] = bits.to_bytes(4, "little")
    new = hashlib.sha256(data[start : start + stored.stored_bytes]).hexdigest()
    old = tensor.pieces["values"].sha256
    rewrite(package, weights.name, bytes(data).replace(old.encode(), new.encode()))
    (finding,) = verify_expert(package.folder).findings
    assert "table: NaN or infinity among its values" in finding
    with pytest.raises(ExpertError, match="NaN or infinity"):
        sound_expert(package.folder)


@pytest.mark.claim("house.experts.verified")
def test_shapes_are_those_of_the_config(tmp_path: Path) -> None:
    tensors = dict(encoder_draft().tensors)
    tensors["projection.weight"] = values(9, 16)
    package = packed(tmp_path, encoder_draft(tensors=tensors))
    (finding,) = verify_expert(package.folder).findings
    assert "projection.weight has the shape [9, 16], and by config.json it is [8, 16]" in finding


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"projection.weight": None}, "the tensor projection.weight is missing"),
        ({"more.weight": (1, 1)}, "the architecture has no tensor more.weight"),
        ({"projection.weight": (8, 17)}, "has the shape"),
    ],
)
def test_every_tensor_is_there_and_no_other(change: dict[str, Any], reason: str) -> None:
    shapes: dict[str, Any] = dict(tensor_shapes(CONFIG.to_dict())) | change
    with pytest.raises(ExpertError, match=reason):
        check_shapes(CONFIG.to_dict(), {n: shape for n, shape in shapes.items() if shape})


def test_an_encoder_needs_a_config_that_says_which(tmp_path: Path) -> None:
    package = packed(tmp_path, encoder_draft(config={"model_type": "other"}))
    (finding,) = verify_expert(package.folder).findings
    assert "model_type is 'other'" in finding


def test_other_architectures_have_shapes_of_their_own(tmp_path: Path) -> None:
    found = verify_expert(packed(tmp_path).folder)
    assert (found.sound, found.shapes_checked) == (True, False)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("features.json", b'{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ("features.json", b"[1]", "an object is wanted"),
        ("features.json", b"\x80\x04K\x01.", "a pickle"),
        ("notes.txt", b"\xff\xfe", "not UTF-8"),
        ("notes.txt", b"PK\x03\x04", "a zip file"),
        ("README.md", b"# no front matter\n", "begins with front matter"),
    ],
)
def test_files_are_what_their_names_promise(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    package = packed(tmp_path)
    rewrite(package, name, data)
    (finding,) = verify_expert(package.folder).findings
    assert reason in finding
    assert name in finding


def test_every_id_of_the_tokenizer_has_a_row(tmp_path: Path) -> None:
    tokenizer = json.loads(json.dumps(TOKENIZER))
    tokenizer["added_tokens"].append({"id": 40, "content": "\n"})
    texts = {"tokenizer.json": json.dumps(tokenizer)}
    (finding,) = verify_expert(packed(tmp_path, encoder_draft(texts=texts)).folder).findings
    assert "ids up to 40, and config.json has 40 words" in finding
    wrong = encoder_draft(name="search-wrong", texts={"tokenizer.json": "{}"})
    (finding,) = verify_expert(packed(tmp_path, wrong).folder).findings
    assert "model must be an object" in finding


def test_several_faults_are_all_told(tmp_path: Path) -> None:
    package = packed(tmp_path)
    for name in ("features.json", "notes.txt"):
        path = package.folder / name
        path.write_bytes(b"{" * path.stat().st_size)
    findings = verify_expert(package.folder).findings
    assert "search-tiny: features.json has another hash" in findings[0]
    assert len(findings) == 3
    with pytest.raises(ExpertError, match=r"and 2 more"):
        sound_expert(package.folder)


def test_what_cannot_be_opened_is_a_finding_and_what_is_not_there_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = verify_expert(tmp_path / "empty")
    assert found.findings == (f"{tmp_path / 'empty'}: no expert: expert.json is missing",)
    assert found.to_dict()["name"] == "empty"
    with pytest.raises(StoreError):
        verify_expert(tmp_path / "nowhere")


def test_progress_counts_every_byte_up_to_the_total(package: ExpertPackage) -> None:
    told: list[tuple[int, int | None]] = []

    class Listener:
        def advance(self, done: int, total: int | None, note: str) -> None:
            assert note.startswith("search-encoder: ")
            told.append((done, total))

    verify_expert(package.folder, progress=Listener())
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_the_draft_of_another_architecture_is_sound(tmp_path: Path) -> None:
    draft = static_draft(name="routing-x", task="routing", architecture="convolution")
    assert verify_expert(packed(tmp_path, draft).folder).sound
