import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.experts.folder import FileFact
from tidemill.experts.manifest import Manifest, Metric, Training, read_manifest
from tidemill.experts.registry import SHIPPED

FILES = {
    name: FileFact(sha256=f"{number}" * 64, bytes=number)
    for number, name in enumerate(("README.md", "config.json", "model.safetensors", "notes.txt"))
}
MANIFEST = Manifest(
    name="search-tiny",
    task="search",
    languages=("go", "python"),
    architecture="static",
    sparsity="dense",
    files=FILES,
    metrics=(Metric(name="MRR", value=0.5, data="stdlib", split="test"),),
    licence="MIT",
    base="other",
    training=Training(recipe="r", recipe_hash="h", steps=1, seed=2, data_hash="d"),
    created_by="tidemill 0.1.0",
)
VARIANTS = ("", "dense", "2:8")
LINES = st.text(min_size=1, max_size=20).filter(str.isprintable)


@given(
    st.lists(
        st.builds(
            Metric,
            name=LINES,
            value=st.floats(-1e9, 1e9),
            unit=LINES | st.just(""),
            data=LINES,
            split=LINES,
            commit=st.just(""),
            variant=st.just("") | st.sampled_from(["dense", "2:8"]),
        ),
        max_size=3,
    ),
    LINES | st.none(),
    st.sampled_from(["dense", "2:8", "1:2"]),
    st.none() | st.just(MANIFEST.training),
)
def test_what_is_written_is_read(
    metrics: list[Metric], base: str | None, sparsity: str, training: Training | None
) -> None:
    manifest = replace(
        MANIFEST, metrics=tuple(metrics), base=base, sparsity=sparsity, training=training
    )
    assert read_manifest(manifest.to_json(), where="f") == manifest
    assert manifest.to_json() == manifest.to_json()


def test_files_are_written_in_the_order_of_their_names() -> None:
    backwards = replace(MANIFEST, files=dict(reversed(list(FILES.items()))))
    assert backwards.to_json() == MANIFEST.to_json()


METRIC: dict[str, Any] = MANIFEST.metrics[0].to_dict()

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"format": "other"}, "no tidemill-expert"),
    ({"version": 2}, "version 2, and this Tidemill reads up to 1"),
    ({"version": 2, "new_field": 1}, "version 2"),
    ({"version": 0}, "a whole number from 1"),
    ({"version": True}, "a whole number"),
    ({"novel": 1}, "unknown field 'novel'"),
    ({"name": "../search-x"}, "no name of an expert"),
    ({"name": "clones-x"}, "call it search-<scope>"),
    ({"task": "cooking"}, "no task"),
    ({"languages": ["python", "go"]}, "must be sorted"),
    ({"languages": ["go", "go"]}, "each there once"),
    ({"languages": ["C#"]}, "no language"),
    ({"architecture": "a/b"}, "no architecture"),
    ({"sparsity": "sparse"}, "f: unknown sparsity 'sparse'"),
    ({"sparsity": "2:64"}, "f: unknown pattern '2:64'"),
    ({"sparsity": "02:8"}, "f: the pattern '02:8' is not spelled 2:8"),
    ({"sparsity": "8:8"}, "f: the pattern '8:8' drops nothing"),
    ({"licence": ""}, "licence must be a line of text"),
    ({"licence": "MIT\nevil"}, "without control characters"),
    ({"base": ""}, "base must be"),
    ({"created_by": 1}, "created_by must be"),
    ({"metrics": [{"name": "x"}]}, "the field commit is missing"),
    ({"metrics": {}}, "metrics must be a list"),
    ({"metrics": [METRIC | {"variant": ""}]}, "variant must be a line of text"),
    ({"metrics": [METRIC | {"variants": "2:8"}]}, "unknown field 'variants'"),
    ({"training": {"recipe": "x"}}, "training: the field"),
    ({"files": {}}, "README.md is not among them"),
    ({"files": []}, "files must be an object"),
]


@pytest.mark.claim("house.experts.strict")
@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_other_facts_are_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    data = json.dumps(MANIFEST.to_dict() | changes).encode()
    with pytest.raises(ExpertError, match=reason):
        read_manifest(data, where="f")


@pytest.mark.claim("house.experts.strict")
@pytest.mark.parametrize("field", sorted(MANIFEST.to_dict()))
def test_every_field_is_needed(field: str) -> None:
    facts = {name: fact for name, fact in MANIFEST.to_dict().items() if name != field}
    with pytest.raises(ExpertError):
        read_manifest(json.dumps(facts).encode(), where="f")


def test_a_field_that_is_there_twice_is_refused() -> None:
    data = MANIFEST.to_json().replace(b'"task"', b'"name": "x", "task"')
    with pytest.raises(ExpertError, match="the key 'name' is there twice"):
        read_manifest(data, where="f")


def test_a_variant_is_written_only_where_there_is_one() -> None:
    assert "variant" not in METRIC
    named = replace(MANIFEST.metrics[0], variant="2:8")
    assert named.to_dict() == METRIC | {"variant": "2:8"}


def test_what_was_measured_of_another_version_is_not_its_own() -> None:
    found = [Metric(name=v or "x", value=1, data="d", split="s", variant=v) for v in VARIANTS]
    for sparsity in ("dense", "2:8"):
        manifest = replace(MANIFEST, metrics=tuple(found), sparsity=sparsity)
        assert [metric.variant for metric in manifest.own_metrics] == ["", sparsity]


def test_manifests_of_those_that_come_along_are_written_as_they_are_read() -> None:
    for path in SHIPPED.glob("*/expert.json"):
        assert read_manifest(path.read_bytes(), where=str(path)).to_json() == path.read_bytes()


FACT = {"sha256": "0" * 64, "bytes": 1}


@pytest.mark.claim("house.experts.paths")
@pytest.mark.parametrize(
    ("name", "fact", "reason"),
    [
        ("../x.json", FACT, "no name of a file"),
        ("/etc/x.json", FACT, "no name of a file"),
        ("a\\b.json", FACT, "no name of a file"),
        ("a\0.json", FACT, "no name of a file"),
        ("x.pkl", FACT, "a pickle"),
        ("model.py", FACT, "code"),
        ("x.png", FACT, "of no kind"),
        ("expert.json", FACT, "cannot hold its own hash"),
        ("NOTES.txt", FACT, "differ in case alone"),
        ("x.json", {"sha256": "0" * 63, "bytes": 1}, "64 hexadecimal digits"),
        ("x.json", {"sha256": "A" * 64, "bytes": 1}, "64 hexadecimal digits"),
        ("x.json", {"sha256": "0" * 64, "bytes": -1}, "a whole number from 0"),
        ("x.json", {"sha256": "0" * 64}, "the field bytes is missing"),
    ],
)
def test_files_that_cannot_be_are_refused(name: str, fact: object, reason: str) -> None:
    facts = MANIFEST.to_dict()
    files = facts["files"]
    assert isinstance(files, dict)
    data = json.dumps(facts | {"files": files | {name: fact}}).encode()
    with pytest.raises(ExpertError, match=reason):
        read_manifest(data, where="f")


CONFIG: dict[str, object] = {"model_type": "static", "size": 3}


@pytest.mark.claim("house.experts.identity")
def test_the_hash_changes_with_what_is_computed() -> None:
    same = MANIFEST.expert_hash(CONFIG)
    others = [
        MANIFEST.expert_hash(CONFIG | {"size": 4}),
        replace(MANIFEST, architecture="encoder").expert_hash(CONFIG),
        *(
            replace(MANIFEST, files=FILES | {name: FileFact(sha256="f" * 64, bytes=9)}).expert_hash(
                CONFIG
            )
            for name in ("model.safetensors", "notes.txt", "tokenizer.json")
        ),
    ]
    assert len({same, *others}) == len(others) + 1


@pytest.mark.claim("house.experts.identity")
def test_the_hash_does_not_change_with_what_is_said() -> None:
    same = MANIFEST.expert_hash(CONFIG)
    said = replace(
        MANIFEST,
        name="search-other",
        metrics=(),
        licence="Apache-2.0",
        base=None,
        training=None,
        languages=(),
        created_by="tidemill 9",
        files=FILES
        | {
            "README.md": FileFact(sha256="f" * 64, bytes=9),
            "config.json": FileFact(sha256="e" * 64, bytes=9),
        },
    )
    assert said.expert_hash(dict(reversed(CONFIG.items()))) == same
    assert said.expert_hash(CONFIG | {"transformers_version": "9", "architectures": []}) == same
