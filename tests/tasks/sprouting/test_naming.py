"""What packages and their experts are called."""

from hypothesis import given
from hypothesis import strategies as st

from tidemill.experts.names import check_expert_name
from tidemill.tasks.sprouting.division import Division
from tidemill.tasks.sprouting.naming import names_of, title_of

WORD = st.text(min_size=1, max_size=40).filter(lambda word: "/" not in word)
PATH = st.lists(WORD, min_size=1, max_size=5).map(lambda words: ("python", *words))


def division(*paths: tuple[str, ...]) -> Division:
    return Division(folder=paths[0][:-1], members=paths, size=1)


def test_a_package_is_called_by_its_path() -> None:
    own = division(("python", "networkx", "algorithms"))
    assert title_of(own) == "networkx.algorithms"
    assert names_of("search", [("python", own)]) == ["search-py-networkx-algorithms"]
    module = division(("go", "Tools", "_util.go"))
    assert title_of(module) == "Tools._util"
    assert names_of("search", [("go", module)]) == ["search-go-tools-util"]


def test_a_run_is_called_by_its_ends() -> None:
    own = division(
        ("python", "stdlib", "ast.py"), ("python", "stdlib", "cgi.py"), ("python", "stdlib", "cmd")
    )
    assert title_of(own) == "stdlib: ast to cmd"
    assert names_of("search", [("python", own)]) == ["search-py-stdlib-ast-to-cmd"]


def test_two_of_one_name_are_told_apart() -> None:
    packages = [
        ("python", division(("python", "a_b"))),
        ("python", division(("python", "a", "b"))),
        ("python", division(("python", "A-B"))),
    ]
    assert names_of("search", packages) == ["search-py-a-b", "search-py-a-b-2", "search-py-a-b-3"]


@given(st.lists(PATH, min_size=1, max_size=6))
def test_every_name_is_one_that_an_expert_may_have(paths: list[tuple[str, ...]]) -> None:
    names = names_of("search", [("python", division(path)) for path in paths])
    assert len(set(names)) == len(names)
    for name in names:
        assert check_expert_name(name, "search") == name
