import os
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.tasks.flow import data_flow, split_target


def test_a_function_by_name_by_qualified_name_and_by_line(tree: Path, settings: Settings) -> None:
    path = tree / "dates.py"
    by_name = data_flow(path, "date_now", settings=settings)
    assert by_name.name == "Clock.date_now"
    assert by_name.kind == "method"
    for target in ("Clock.date_now", "14"):
        assert data_flow(path, target, settings=settings).span == by_name.span
    assert {node.name for node in by_name.graph.nodes} >= {"self", "zone", "moment"}


def test_without_a_name_the_top_level_is_taken(tree: Path, settings: Settings) -> None:
    answer = data_flow(tree / "dates.py", settings=settings)
    assert answer.kind == "module"
    assert answer.others == ("parse_iso_date", "Clock.date_now")


def test_other_languages(tree: Path, settings: Settings) -> None:
    answer = data_flow(tree / "shop" / "cart.js", "total", settings=settings)
    assert answer.language == "javascript"


def test_a_line_outside_functions_means_the_top_level(tree: Path, settings: Settings) -> None:
    assert data_flow(tree / "dates.py", "1", settings=settings).kind == "module"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("parse_iso_dat", "there are: parse_iso_date"),
        ("nothing_like_it", "there are: parse_iso_date, Clock.date_now"),
        ("99", "has 16 lines, not 99"),
        ("0", "lines, not 0"),
    ],
)
def test_a_function_that_is_not_there(
    tree: Path, settings: Settings, function: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        data_flow(tree / "dates.py", function, settings=settings)
    assert message in str(caught.value)
    assert "dates.py" in str(caught.value)


def test_an_ambiguous_name_lists_the_choices(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "two.py"
    path.write_text("class A:\n    def f(self): pass\nclass B:\n    def f(self): pass\n")
    with pytest.raises(InputError, match=r"A.f \(line 2\), B.f \(line 4\)"):
        data_flow(path, "f", settings=settings)


@pytest.mark.claim("gcb.dataflow.unparsable")
def test_what_could_not_be_parsed_is_reported(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(a):\n    b = a\n    b = = (\n    return b\n")
    answer = data_flow(path, "f", settings=settings)
    assert any(first <= 3 <= last for first, last in answer.unparsable)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a.txt": b"words"}, "not in a language"),
        ({"a.py": b"x = 1\0"}, "binary"),
        ({"b.py": b"x = 1\n" * 300_000}, "larger than"),
    ],
)
def test_files_that_cannot_be_shown(
    tmp_path: Path, settings: Settings, content: dict[str, bytes], message: str
) -> None:
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=message):
            data_flow(tmp_path / name, settings=settings)


def test_a_missing_file_and_a_folder(tmp_path: Path, settings: Settings) -> None:
    for path in (tmp_path / "no.py", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            data_flow(path, settings=settings)


def test_targets_are_split_where_the_file_ends(tmp_path: Path) -> None:
    odd = tmp_path / "a:b.cpp"
    odd.write_text("")
    assert split_target(str(odd)) == (odd, None)
    assert split_target(f"{odd}:ns::f") == (odd, "ns::f")
    assert split_target(f"{odd}:") == (odd, None)
    assert split_target("no.py:f") == (Path("no.py"), "f")
    assert split_target("no.py") == (Path("no.py"), None)


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path, settings: Settings) -> None:
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="special"):
        data_flow(pipe, settings=settings)
