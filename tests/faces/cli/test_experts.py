import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.experts.drafts import (
    edit_manifest,
    encoder_draft,
    packed,
    sparse_draft,
    static_draft,
    values,
)
from tests.experts.huggingface import huggingface_folder

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the user's experts are there."""
    monkeypatch.setattr("tidemill.experts.registry.SHIPPED", tmp_path / "shipped")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder of a package outside the registry."""
    return packed(tmp_path / "made", static_draft()).folder


@pytest.fixture
def experts(tidemill: Run, made: Path) -> Run:
    """Runs commands where one expert is in the user's folder."""
    assert tidemill("experts", "import", str(made))[0] == 0
    return tidemill


def loaded(said: tuple[int, str, str]) -> Any:
    return json.loads(said[1])


def test_no_experts_are_no_error(tidemill: Run, tmp_path: Path) -> None:
    code, out, err = tidemill("experts", "list")
    assert (code, out) == (0, "")
    assert err == f"no experts here, and none in {tmp_path}/.local/share/tidemill/experts\n"
    assert loaded(tidemill("experts", "list", "--json"))["experts"] == []
    assert tidemill("experts", "verify")[0] == 0


def test_import_says_where_it_is_and_list_shows_it(tidemill: Run, made: Path) -> None:
    code, out, err = tidemill("experts", "import", str(made))
    assert (code, err) == (0, "")
    assert out.startswith("search-tiny is in: ")
    code, out, _ = tidemill("experts", "list")
    assert code == 0
    heading, row = out.splitlines()
    assert heading.split()[:3] == ["name", "languages", "architecture"]
    assert row.split()[:5] == ["search-tiny", "go,", "python", "static", "18"]
    assert row.endswith("MRR 0.5   you")


def test_list_as_json(experts: Run) -> None:
    (entry,) = loaded(experts("experts", "list", "--json"))["experts"]
    assert entry["manifest"]["task"] == "search"
    assert (entry["is_own"], entry["parameters"]) == (True, 18)


def test_list_tells_what_cannot_be_opened(experts: Run, tmp_path: Path) -> None:
    (tmp_path / ".local/share/tidemill/experts/search-empty").mkdir()
    code, out, _ = experts("experts", "list")
    assert code == 1
    assert "search-empty: " in out
    assert "expert.json is missing" in out
    assert experts("experts", "list", "--json")[0] == 1


def test_verify_everything_one_and_a_folder(experts: Run, made: Path) -> None:
    for words in ((), ("search-tiny",), (str(made),)):
        code, out, err = experts("experts", "verify", *words)
        assert (code, err) == (0, "")
        assert out == "ok    search-tiny  2 tensors, 18 values; no shapes follow from its config\n"
    assert loaded(experts("experts", "verify", "--json"))[0]["sound"] is True


def test_verify_names_what_is_wrong(experts: Run, made: Path) -> None:
    (made / "notes.txt").write_bytes(b"x" * 16)
    code, out, _ = experts("experts", "verify", "search-tiny", str(made))
    assert code == 1
    lines = out.splitlines()
    assert lines[1] == "FAIL  search-tiny"
    assert "notes.txt has another hash" in lines[2]
    facts = loaded(experts("experts", "verify", str(made), "--json"))
    assert "notes.txt has another hash" in facts[0]["findings"][0]


def test_sparsity_is_told(tidemill: Run, tmp_path: Path) -> None:
    package = packed(tmp_path / "made", sparse_draft())
    facts = loaded(tidemill("experts", "import", str(package.folder), "--json"))
    assert facts["sparsity"] == "2:8"
    row = tidemill("experts", "list")[1].splitlines()[1]
    assert row.split()[:4] == ["search-encoder", "any", "encoder", "2:8"]
    (entry,) = loaded(tidemill("experts", "list", "--json"))["experts"]
    assert entry["manifest"]["sparsity"] == "2:8"
    assert entry["sparse"] == {"tensors": 6, "packed_bytes": 2432, "dense_bytes": 8192}
    _, out, _ = tidemill("experts", "verify")
    assert out.endswith(" values; 2:8 in 6 of them: 2.4 kB instead of 8.2 kB\n")
    (facts,) = loaded(tidemill("experts", "verify", "--json"))
    assert (facts["sparsity"], facts["sparse"]) == ("2:8", entry["sparse"])


def test_a_pattern_of_a_newer_version_is_refused_with_the_remedy(
    tidemill: Run, tmp_path: Path
) -> None:
    package = packed(tmp_path / "made", sparse_draft())
    edit_manifest(package, sparsity="2:64")
    code, out, _ = tidemill("experts", "verify", str(package.folder))
    assert code == 1
    assert "unknown pattern '2:64'" in out
    assert out.splitlines()[-1].startswith("      use a newer Tidemill; this one knows 1:2 to")


def test_an_expert_goes_through_an_archive(experts: Run, tree: Path) -> None:
    code, out, _ = experts("experts", "pack", "search-tiny")
    assert code == 0
    assert out.startswith("wrote search-tiny.tidemill (")
    facts = loaded(experts("experts", "pack", "search-tiny", "-o", "b", "--json"))
    assert facts["bytes"] == (tree / "b").stat().st_size
    assert (tree / "b").read_bytes() == (tree / "search-tiny.tidemill").read_bytes()
    before = loaded(experts("experts", "list", "--json"))["experts"][0]["expert_hash"]
    assert experts("experts", "remove", "search-tiny")[0] == 0
    facts = loaded(experts("experts", "import", "search-tiny.tidemill", "--json"))
    assert (facts["name"], facts["expert_hash"]) == ("search-tiny", before)


def test_remove(experts: Run) -> None:
    code, out, _ = experts("experts", "remove", "search-tiny", "--json")
    assert code == 0
    assert json.loads(out)["removed"] == "search-tiny"
    assert experts("experts", "remove", "search-tiny")[0] == 3


def test_a_second_of_one_name_needs_a_word(experts: Run, made: Path) -> None:
    code, _, err = experts("experts", "import", str(made))
    assert code == 3
    assert "--replace" in err
    assert experts("experts", "import", str(made), "--replace")[0] == 0


def test_an_encoder_is_imported_under_a_name_and_exported(tidemill: Run, tree: Path) -> None:
    huggingface_folder(tree / "hf")
    options = ("--name", "clones-java", "--lang", "java", "--licence", "MIT", "--pooling", "mean")
    code, _, err = tidemill("experts", "import", "hf", *options)
    assert (code, err) == (0, "")
    (entry,) = loaded(tidemill("experts", "list", "--json"))["experts"]
    manifest = entry["manifest"]
    assert (manifest["task"], manifest["languages"]) == ("clones", ["java"])
    assert (manifest["licence"], manifest["base"]) == ("MIT", "hf")
    assert tidemill("experts", "verify")[1].startswith("ok    clones-java  ")
    assert tidemill("experts", "export", "clones-java", "out")[:2] == (0, "wrote out\n")
    assert (
        loaded(tidemill("experts", "export", "clones-java", "out2", "--json"))["folder"] == "out2"
    )
    assert (tree / "out" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "hf is no package, and an encoder needs a name"),
        (("--pooling", "mean"), "--pooling is for encoders"),
        (("--lang", "go"), "--lang is for encoders"),
    ],
)
def test_an_encoder_without_a_name_is_wrong_use(
    tidemill: Run, tree: Path, options: tuple[str, ...], reason: str
) -> None:
    huggingface_folder(tree / "hf")
    code, _, err = tidemill("experts", "import", "hf", *options)
    assert code == 2
    assert reason in err


def test_an_encoder_for_no_task_is_refused(tidemill: Run, tree: Path) -> None:
    huggingface_folder(tree / "hf")
    code, _, err = tidemill("experts", "import", "hf", "--name", "serach-x")
    assert code == 3
    assert "Did you mean search?" in err


def test_another_folder_of_experts(tidemill: Run, made: Path, tree: Path) -> None:
    assert tidemill("experts", "import", str(made), "--experts", "mine")[0] == 0
    assert (tree / "mine" / "search-tiny" / "expert.json").is_file()
    assert "search-tiny" in tidemill("experts", "list", "--experts", "mine")[1]
    assert tidemill("experts", "list")[1] == ""


def test_what_is_not_sound_is_not_packed(tidemill: Run, tmp_path: Path) -> None:
    tensors = dict(encoder_draft().tensors) | {"projection.weight": values(1, 1)}
    folder = packed(tmp_path / "made", encoder_draft(tensors=tensors)).folder
    for words in (("pack", str(folder)), ("export", str(folder), "out"), ("import", str(folder))):
        code, _, err = tidemill("experts", *words)
        assert code == 3
        assert "projection.weight has the shape [1, 1]" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list", "--experts", ""), 2),
        (("verify", "search-none"), 3),
        (("verify", "../nowhere"), 3),
        (("verify", "A"), 3),
        (("verify", ""), 2),
        (("import",), 2),
        (("import", ""), 2),
        (("import", "nowhere"), 3),
        (("import", "dates.py"), 3),
        (("import", "/dev/null"), 3),
        (("import", "x", "--pooling", "max"), 2),
        (("export", "search-none", "out"), 3),
        (("export", "search-none"), 2),
        (("pack", "search-none"), 3),
        (("remove", "search-none"), 3),
        (("remove", "../x"), 3),
        (("lst",), 2),
    ],
)
def test_errors_have_their_codes_and_say_so_in_json_too(
    tidemill: Run, words: tuple[str, ...], code: int
) -> None:
    said = tidemill("experts", *words)
    assert said[:2] == (code, "")
    assert said[2]
    assert "Traceback" not in said[2]
    as_json = tidemill("experts", *words, "--json")
    assert as_json[0] == code
    assert loaded(as_json)["exit_code"] == code
