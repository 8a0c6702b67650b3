import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import ExpertError
from tidemill.experts.names import (
    TASKS,
    check_expert_name,
    check_file_name,
    check_id,
    check_task,
    check_tensor_name,
)

TRICKS = [
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    "a\n",
    "",
    ".hidden",
    "%2e%2e",
    "\N{ONE DOT LEADER}\N{ONE DOT LEADER}",
    "a" * 97,
]


@pytest.mark.claim("house.experts.paths")
@pytest.mark.parametrize("trick", TRICKS)
def test_what_could_be_a_path_is_no_name(trick: str) -> None:
    for check in (lambda text: check_id(text, what="id"), check_file_name):
        with pytest.raises(ExpertError, match="is no "):
            check(trick)
    with pytest.raises(ExpertError):
        check_expert_name(trick, "search")


@given(st.text(max_size=100))
def test_an_id_is_what_the_pattern_says(text: str) -> None:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,95}", text):
        assert check_id(text, what="id") == text
    else:
        with pytest.raises(ExpertError):
            check_id(text, what="id")


@pytest.mark.parametrize("task", TASKS)
def test_an_experts_name_begins_with_its_task(task: str) -> None:
    assert check_expert_name(f"{task}-all", task) == f"{task}-all"
    with pytest.raises(ExpertError, match=f"call it {task}-<scope>"):
        check_expert_name("other-all", task)


def test_a_task_that_is_none_gets_a_suggestion() -> None:
    with pytest.raises(ExpertError, match="Did you mean search"):
        check_task("serach")
    with pytest.raises(ExpertError, match="Known: search, clones"):
        check_task("cooking")


@pytest.mark.parametrize("name", ["config.json", "README.md", "model.safetensors", "notes.txt"])
def test_files_of_a_package(name: str) -> None:
    assert check_file_name(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("weights.pkl", "a pickle"),
        ("model.py", "code"),
        ("other.safetensors", "of no kind"),
        ("data.npy", "of no kind"),
        ("card.md", "of no kind"),
        ("plain", "of no kind"),
    ],
)
def test_other_files_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ExpertError, match=reason):
        check_file_name(name)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "x" * 256, "0a", "é"])
def test_a_tensor_has_a_plain_name(name: str) -> None:
    with pytest.raises(ExpertError, match="no name of a tensor"):
        check_tensor_name(name)
    assert check_tensor_name("encoder.layer.0.weight") == "encoder.layer.0.weight"
