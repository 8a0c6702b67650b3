"""Names as words."""

import pytest

from tidemill.models.typed.parts import parts_of


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("PondReed", ["pond", "reed"]),
        ("getHTMLElement", ["get", "html", "element"]),
        ("URL", ["url"]),
        ("snake_case_2", ["snake", "case"]),
        ("$x", ["x"]),
        ("T", ["t"]),
        ("123", []),
    ],
)
def test_parts_of_names(name: str, parts: list[str]) -> None:
    assert parts_of(name) == parts
