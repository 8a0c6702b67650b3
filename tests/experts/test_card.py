from dataclasses import replace

import pytest
import yaml  # type: ignore[import-untyped]  # has no types of its own

from tests.experts.test_manifest import MANIFEST
from tidemill.core.errors import ExpertError
from tidemill.experts.card import card_of, check_card
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
    assert facts["tags"] == ["code", task, "static", "go", "python"]
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


@pytest.mark.parametrize("text", ["", "# title\n", "---\nlicense: mit\n", "---\na: b\n---\n"])
def test_a_card_needs_front_matter_and_more(text: str) -> None:
    with pytest.raises(ExpertError, match="f: a model card begins with front matter"):
        check_card(text, where="f")
