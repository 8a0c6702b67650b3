"""Experts on clones: who speaks together, and what those that come along say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.serving.packages import convolution_expert, static_expert
from tidemill.core.settings import Settings
from tidemill.tasks.clones.semantic import FunctionText
from tidemill.tasks.clones.speakers import Speakers, clone_experts

FIRST = b"""\
int main() {
    int n, best = 0, value;
    scanf("%d", &n);
    for (int i = 0; i < n; i++) {
        scanf("%d", &value);
        if (value > best) best = value;
    }
    printf("%d\\n", best);
    return 0;
}
"""
SECOND = b"""\
int main() {
    int count;
    cin >> count;
    int largest = 0;
    while (count--) {
        int item;
        cin >> item;
        largest = item > largest ? item : largest;
    }
    cout << largest << endl;
    return 0;
}
"""
OTHER = b"""\
int main() {
    char text[200];
    gets(text);
    int length = strlen(text);
    for (int i = length - 1; i >= 0; i--) {
        putchar(text[i]);
    }
    return 0;
}
"""


def functions(*texts: bytes, language: str = "cpp") -> list[FunctionText]:
    return [FunctionText(language=language, text=text) for text in texts]


def test_experts_of_the_same_languages_speak_together(tmp_path: Path) -> None:
    for seed, name in enumerate(("clones-a", "clones-b")):
        convolution_expert(tmp_path / name, name, seed)
    settings = replace(
        Settings(), experts=tmp_path, clone_experts="clones-a,clones-b,clones-nowhere"
    )
    (both,), missing = clone_experts(settings)
    assert isinstance(both, Speakers)
    assert (both.name, both.languages) == ("clones-a + clones-b", frozenset({"python"}))
    assert list(missing) == ["clones-nowhere"]
    texts = functions(b"def f(a):\n    return a\n", b"x = 1\n", language="python")
    rows = both.vectors(texts)
    alone = [
        Speakers(embedders={name: one}, languages=both.languages).vectors(texts)
        for name, one in both.embedders.items()
    ]
    products = [part @ part.T for part in alone]
    assert np.abs(products[0] - products[1]).max() > 1e-3
    mean = np.mean(products, axis=0)
    assert rows @ rows.T == pytest.approx(mean, abs=1e-5)


def test_experts_of_different_languages_speak_apart(tmp_path: Path) -> None:
    convolution_expert(tmp_path / "clones-a", "clones-a")
    settings = replace(Settings(), experts=tmp_path, clone_experts="clones-a,clones-java")
    found, _ = clone_experts(settings)
    assert [one.languages for one in found] == [frozenset({"python"}), frozenset({"java"})]


def test_an_expert_on_something_else_is_not_asked(tmp_path: Path) -> None:
    static_expert(tmp_path / "search-b", "search-b")
    settings = replace(Settings(), experts=tmp_path, clone_experts="search-b")
    found, missing = clone_experts(settings)
    assert found == []
    assert missing == {"search-b": "it is an expert on search, not on clones"}


def test_nobody_is_asked_when_the_setting_says_so() -> None:
    assert clone_experts(replace(Settings(), clone_experts="none")) == ([], {})


def test_half_of_a_pair_is_not_asked_at_a_threshold_that_nobody_measured() -> None:
    found, missing = clone_experts(replace(Settings(), clone_experts="clones-c-terms"))
    assert found == []
    assert list(missing) == ["clones-c-terms"]


@pytest.mark.claim("gcb.clones")
def test_those_that_come_along_see_what_two_programs_have_in_common() -> None:
    found, missing = clone_experts(Settings())
    assert not missing
    by_language = {name: one for one in found for name in one.languages}
    assert by_language["c"] is by_language["cpp"]
    assert "java" in by_language
    rows = by_language["cpp"].vectors(functions(FIRST, SECOND, OTHER))
    alike, strange, other = (rows @ rows.T)[[0, 0, 1], [1, 2, 2]]
    assert alike > 0.5 > max(strange, other) + 0.1
