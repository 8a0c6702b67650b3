"""Semantic clones by a toy expert, which counts letters and knows no grammar."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from tests.tasks.clones.conftest import Finder, told
from tests.tasks.clones.golden import GOLDEN
from tidemill.core.errors import ExpertError
from tidemill.tasks.clones.semantic import FunctionText, FunctionVectors

SUM = GOLDEN["python"].original
SUM_JS = GOLDEN["javascript"].original
OTHER = GOLDEN["python"].other


@dataclass
class Topic:
    """Says that functions are the same when they hold the same of a few words."""

    words: tuple[bytes, ...] = (b"price", b"sorted", b"malloc")
    threshold: float = 0.9
    name: str = "topic"
    languages: frozenset[str] = frozenset()
    asked: list[FunctionText] = field(default_factory=list)

    def vectors(self, functions: Sequence[FunctionText]) -> NDArray[np.float32]:
        self.asked += functions
        rows = np.array([[word in one.text for word in self.words] + [1e-3] for one in functions])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / lengths, dtype=np.float32)


@dataclass
class Broken(Topic):
    """Gives what was not asked for."""

    shape: tuple[int, ...] = (1, 3)
    value: float = 1.0

    @override
    def vectors(self, functions: Sequence[FunctionText]) -> NDArray[np.float32]:
        assert functions
        return np.full(self.shape, self.value, dtype=np.float32)


def test_a_toy_expert_fills_the_seam() -> None:
    expert: FunctionVectors = Topic()
    assert expert.name == "topic"


@pytest.mark.claim("house.clones.semantic")
def test_functions_of_one_topic_are_semantic_clones_across_languages(find: Finder) -> None:
    found = find({"a.py": SUM, "b.js": SUM_JS, "c.py": OTHER}, expert=Topic())
    assert [told(one) for one in found.classes] == [("semantic", "a.py:1", "b.js:1")]
    assert found.classes[0].languages == ("javascript", "python")
    assert found.experts == ("topic",)


@pytest.mark.claim("house.clones.semantic")
def test_what_is_alike_is_not_semantic(find: Finder) -> None:
    files = {"a.py": SUM, "b.py": GOLDEN["python"].renamed, "c.js": SUM_JS, "d.py": OTHER}
    expert = Topic()
    found = find(files, expert=expert)
    assert {told(one) for one in found.classes} == {
        ("semantic", "a.py:1", "c.js:1"),
        ("2", "a.py:1", "b.py:1"),
    }
    assert len(expert.asked) == 3, "the first of a class stands for all of it"


def test_the_expert_reads_the_text_of_each_function(find: Finder) -> None:
    expert = Topic()
    find({"a.py": f"# über\n{SUM}\n\n{OTHER}"}, expert=expert)
    assert [one.text.decode() for one in expert.asked] == [SUM.rstrip(), OTHER.rstrip()]
    assert {one.language for one in expert.asked} == {"python"}


def test_without_an_expert_or_the_wish_there_are_none(find: Finder) -> None:
    files = {"a.py": SUM, "b.js": SUM_JS}
    assert find(files).classes == ()
    assert find().experts == ()
    expert = Topic()
    found = find(types=frozenset("123"), expert=expert)
    assert (found.classes, found.experts, expert.asked) == ((), (), [])


def test_a_function_is_no_semantic_clone_of_what_is_inside_it(find: Finder) -> None:
    inner = SUM.replace("\n", "\n    ")
    rest = OTHER.partition("\n")[2]
    outer = f"def outer(text):\n    {inner}\n{rest}"
    assert find({"a.py": outer}, expert=Topic(words=(b"price",))).classes == ()


@pytest.mark.parametrize(
    ("expert", "message"),
    [
        (Broken(shape=(1, 3)), r"broken gave vectors of shape \(1, 3\) for 2 functions"),
        (Broken(shape=(2,)), r"broken gave vectors of shape \(2,\) for 2 functions"),
        (Broken(shape=(2, 3), value=2.0), "broken gave vectors that are not of unit length"),
        (Broken(shape=(2, 3), value=float("nan")), "not of unit length"),
    ],
)
def test_wrong_vectors_are_the_experts_fault(find: Finder, expert: Broken, message: str) -> None:
    expert.name = "broken"
    with pytest.raises(ExpertError, match=message):
        find({"a.py": SUM, "b.js": SUM_JS}, expert=expert)


def test_no_functions_are_no_question(find: Finder) -> None:
    expert = Topic()
    assert find({"a.py": "x = 1\n"}, expert=expert).classes == ()
    assert expert.asked == []


def test_an_expert_is_asked_of_its_own_languages_only(find: Finder) -> None:
    expert = Topic(languages=frozenset({"python"}))
    found = find({"a.py": SUM, "b.js": SUM_JS}, expert=expert)
    assert found.classes == ()
    assert {one.language for one in expert.asked} == {"python"}
