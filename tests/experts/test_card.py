from dataclasses import replace

import pytest
import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.experts.test_manifest import MANIFEST
from tidemill.core.errors import ExpertError
from tidemill.experts.card import card_of, check_card
from tidemill.experts.footprint import Footprint
from tidemill.experts.manifest import Metric
from tidemill.experts.names import TASKS


@pytest.mark.claim("house.experts.card")
@pytest.mark.parametrize("task", TASKS)
def test_the_front_matter_is_yaml_that_hubs_know(task: str) -> None:
    odd = Metric(name='a "b": #c', value=1, data="größe 😀 - x", split="a|b")
    manifest = replace(
        MANIFEST, name=f"{task}-x", task=task, metrics=(*MANIFEST.metrics, odd), base="a: b"
    )
    card = card_of(manifest, "Some words.")
    check_card(card, where="f")
    _, front, body = card.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["license"] == "mit"
    assert facts["library_name"] == "tidemill"
    subject = "vision" if task == "images" else "code"
    assert facts["tags"] == [subject, task, "static", "go", "python"]
    assert facts["base_model"] == "a: b"
    assert facts["datasets"] == ["stdlib", "größe 😀 - x"]
    assert facts["metrics"] == ["MRR", 'a "b": #c']
    assert body.startswith(f"\n# {task}-x\n\nSome words.\n")
    assert "| MRR | 0.5 |  | stdlib | test |  |" in body
    assert "a\\|b" in body


def test_a_card_of_little_is_short() -> None:
    bare = replace(MANIFEST, metrics=(), base=None, training=None, languages=())
    card = card_of(bare, "")
    assert "## Measured" not in card
    assert "languages: any" in card
    check_card(card, where="f")


def test_a_sparse_expert_says_what_it_takes_and_stands_beside_the_dense_one() -> None:
    figures = [("mrr", 0.5, "dense"), ("mrr", 0.48, "2:8"), ("ndcg", 0.6, "2:8")]
    metrics = tuple(
        Metric(name=name, value=value, data="code|x", split="test", commit="c1", variant=variant)
        for name, value, variant in figures
    )
    manifest = replace(MANIFEST, sparsity="2:8", metrics=(*MANIFEST.metrics, *metrics))
    sizes = Footprint(tensors=24, packed_bytes=38_000, dense_bytes=128_000)
    card = card_of(manifest, "", sizes)
    assert "- architecture: static, 2:8\n" in card
    assert "- sparse: 2:8 in 24 tensors, 38,000 bytes instead of 128,000 (0.297)\n" in card
    assert "- sparse: 2:8 in 1 tensor, " in card_of(manifest, "", replace(sizes, tensors=1))
    assert "| MRR | 0.5 |  | stdlib | test |  |\n\n| measure | dense | 2:8 | unit |" in card
    assert "| mrr | 0.5 | 0.48 |  | code\\|x | test | c1 |\n" in card
    assert "| ndcg |  | 0.6 |  | code\\|x | test | c1 |\n" in card


def test_versions_of_several_commits_are_all_told() -> None:
    metrics = tuple(
        Metric(name="x", value=value, unit="s", data="d", split="s", commit=commit, variant="2:8")
        for value, commit in ((1, "c1"), (2, "c2"))
    )
    card = card_of(replace(MANIFEST, metrics=metrics), "")
    assert "| x | 1, 2 | s | d | s | c1, c2 |\n" in card
    assert card.count("| measure |") == 1


@pytest.mark.parametrize("text", ["", "# title\n", "---\nlicense: mit\n", "---\na: b\n---\n"])
def test_a_card_needs_front_matter_and_more(text: str) -> None:
    with pytest.raises(ExpertError, match="f: a model card begins with front matter"):
        check_card(text, where="f")
