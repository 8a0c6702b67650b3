"""The router that comes with Tidemill, on code that taught it nothing; half of it chose its map."""

import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tidemill.experts.package import open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.serving.embedder import CodeText
from tidemill.serving.router import RouterExpert

NAME = "routing-clones"
COUNT = 60


@pytest.fixture(scope="module")
def router() -> RouterExpert:
    return RouterExpert(open_expert(SHIPPED / NAME))


def shares(router: RouterExpert, texts: Sequence[str]) -> dict[str, float]:
    """Who is named, as shares."""
    items = [CodeText(text=text.encode(), language="", graph=None) for text in texts]
    named = [decision.expert for decision in router.route(items)]
    return {name: named.count(name) / len(named) for name in named}


@pytest.mark.claim("coe.regret")
@pytest.mark.parametrize("side", ["java", "cs"])
def test_methods_of_libraries_go_to_the_expert_on_java(
    router: RouterExpert, shared_data: Path, side: str
) -> None:
    place = shared_data / "codexglue-translation-java-cs" / f"valid.java-cs.txt.{side}"
    methods = place.read_text(encoding="utf-8").splitlines()[:COUNT]
    assert shares(router, methods)["clones-java"] > 0.9


@pytest.mark.claim("coe.regret")
def test_programs_of_contests_go_to_the_convolution(
    router: RouterExpert, shared_data: Path
) -> None:
    texts: list[str] = []
    with tarfile.open(shared_data / "poj104" / "valid.tar.xz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                texts.append(file.read().decode("utf-8", "replace"))
            if len(texts) == COUNT:
                break
    assert shares(router, texts)["clones-c"] > 0.9


def test_what_says_nothing_goes_to_the_default(router: RouterExpert) -> None:
    (decision,) = router.route([CodeText(text=b"", language="", graph=None)])
    assert decision.expert == decision.default == "clones-c"
    assert decision.reason.startswith("router: not sure")
