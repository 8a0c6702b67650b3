import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.experts.drafts import (
    CONFIG,
    TOKENIZER,
    edit_manifest,
    encoder_draft,
    packed,
    pruned,
    sparse_draft,
    static_draft,
    values,
)
from tidemill.core.errors import ExpertError, StoreError
from tidemill.experts.encodings import Storage
from tidemill.experts.names import MANIFEST
from tidemill.experts.package import ExpertPackage
from tidemill.experts.verification import check_shapes, sound_expert, verify_expert
from tidemill.models.shapes import tensor_shapes
from tidemill.sparsity.bits import packed_bits
from tidemill.sparsity.pattern import NMPattern


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


def forge(package: ExpertPackage, tensor: str, role: str, data: bytes) -> None:
    """Put other bytes at the beginning of a part, and right hashes everywhere."""
    piece = package.tensors[tensor].pieces[role]
    weights = package.folder / "model.safetensors"
    whole = bytearray(weights.read_bytes())
    start = package.data_start + piece.stored.start
    whole[start : start + len(data)] = data
    new = hashlib.sha256(whole[start : start + piece.stored.stored_bytes]).hexdigest()
    rewrite(package, weights.name, bytes(whole).replace(piece.sha256.encode(), new.encode()))


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
    forge(package, "table", "values", bytes(8) + bits.to_bytes(4, "little"))
    (finding,) = verify_expert(package.folder).findings
    assert "table: NaN or infinity among its values" in finding
    with pytest.raises(ExpertError, match="NaN or infinity"):
        sound_expert(package.folder)


def two_of_six(folder: Path, *, columns: int = 12) -> ExpertPackage:
    """A package with one packed tensor of two rows, whose indices are up to 5 and have 3 bits."""
    tensors = {"table": pruned(values(2, columns), NMPattern(2, 6)), "bias": values(3)}
    storage = {"table": Storage(encoding="2:6")}
    return packed(folder, static_draft(tensors=tensors, storage=storage))


def stream(*places: int) -> bytes:
    return packed_bits(np.array(places, np.uint8), 3).tobytes()


@pytest.mark.parametrize(
    ("role", "data", "reason"),
    [
        ("indices", stream(0, 1, 2, 6), "an index of 6 or more in row 0, group 1"),
        ("indices", stream(0, 1, 0, 1, 5, 2), "indices do not rise in row 1, group 0"),
        ("indices", stream(3, 3), "indices do not rise in row 0, group 0"),
        ("indices", stream(*[0, 1] * 4) + b"\1", "bytes that are not zero after its indices"),
        ("values", b"\0\0\xc0\x7f", "NaN or infinity among its values"),
        ("values", b"\0\0\x80\xff", "NaN or infinity among its values"),
    ],
)
def test_a_packed_tensor_that_lies_is_found_though_every_hash_is_right(
    tmp_path: Path, role: str, data: bytes, reason: str
) -> None:
    package = two_of_six(tmp_path)
    forge(package, "table", role, data)
    (finding,) = verify_expert(package.folder).findings
    assert f"model.safetensors: table: {reason}" in finding
    with pytest.raises(ExpertError, match=f"table: {reason}") as caught:
        sound_expert(package.folder)
    assert "get it again, or pack it again" in str(caught.value)


def test_a_packed_tensor_with_a_wrong_hash_is_named(tmp_path: Path) -> None:
    package = two_of_six(tmp_path)
    weights = package.folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    indices = package.tensors["table"].pieces["indices"].stored
    data[package.data_start + indices.start] ^= 1
    rewrite(package, weights.name, bytes(data))
    (finding,) = verify_expert(package.folder).findings
    assert "model.safetensors: table: wrong hash of its indices" in finding


@pytest.mark.parametrize(
    ("change", "reason", "remedy"),
    [
        (("2:6", "3:6"), "table: table:values has shape [2, 16], not [2, 24]", ""),
        (("2:6", "2:5"), "table: 48 inputs do not divide into groups of 5", "keep it dense"),
        (("2:6", "6:6"), "table: the pattern '6:6' drops nothing", "call it dense"),
        (("2:6", "2:64"), "table: unknown pattern '2:64'", "use a newer Tidemill"),
        (("2:6", "nm6"), "table: unknown encoding 'nm6'", "use a newer Tidemill"),
        (("[2,48]", "[2,54]"), "table: table:values has shape [2, 16], not [48]", ""),
        (("[2,48]", "[96]"), "table: 2:6 is for tensors of 2 or 4 dimensions", "keep it dense"),
    ],
)
def test_sizes_and_patterns_that_do_not_fit_are_refused_with_the_remedy(
    tmp_path: Path, change: tuple[str, str], reason: str, remedy: str
) -> None:
    package = two_of_six(tmp_path, columns=48)
    data = (package.folder / "model.safetensors").read_bytes()
    start = package.data_start
    old, new = (text.encode() for text in change)
    header = data[8:start].replace(old, new, 1).rstrip(b" ").ljust(start - 8)
    rewrite(package, "model.safetensors", data[:8] + header + data[start:])
    found = verify_expert(package.folder)
    assert found.package is None
    assert reason in found.findings[0]
    assert (found.hint or "").startswith(remedy)
    assert found.to_dict()["hint"] == found.hint
    with pytest.raises(ExpertError) as caught:
        sound_expert(package.folder)
    assert (remedy or "get it again, or pack it again") in str(caught.value)


@pytest.mark.parametrize("share", [0, 30, 70, 99])
def test_packed_weights_that_are_cut_off_are_refused(tmp_path: Path, share: int) -> None:
    package = two_of_six(tmp_path)
    data = (package.folder / "model.safetensors").read_bytes()
    rewrite(package, "model.safetensors", data[: len(data) * share // 100])
    (finding,) = verify_expert(package.folder).findings
    assert "model.safetensors" in finding


@pytest.mark.parametrize(
    ("pattern", "said", "reason"),
    [
        ("2:8", "dense", "attention.output.dense.weight is kept as 2:8, and expert.json says"),
        ("2:8", "2:4", "attention.output.dense.weight is kept as 2:8, and expert.json says 2:4"),
        ("", "2:8", "expert.json says 2:8, and no tensor is kept so"),
    ],
)
def test_manifest_and_tensors_have_one_sparsity(
    tmp_path: Path, pattern: str, said: str, reason: str
) -> None:
    package = packed(tmp_path, sparse_draft(pattern) if pattern else encoder_draft())
    edit_manifest(package, sparsity=said)
    (finding,) = verify_expert(package.folder).findings
    assert reason in finding


def test_the_sparsity_is_among_the_facts(tmp_path: Path) -> None:
    facts = verify_expert(packed(tmp_path, sparse_draft()).folder).to_dict()
    assert (facts["sparsity"], facts["hint"]) == ("2:8", None)
    # Four tensors of 64 values and two of 128, each with a padded line of indices.
    packed_bytes = 4 * (256 + 64) + 2 * (512 + 64)
    assert facts["sparse"] == {"tensors": 6, "packed_bytes": packed_bytes, "dense_bytes": 8192}
    facts = verify_expert(packed(tmp_path / "dense", encoder_draft()).folder).to_dict()
    assert (facts["sparsity"], facts["sparse"]) == ("dense", None)


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
