import pytest

from tidemill.faces.lsp.markdown import code, percent


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a.b()", "`a.b()`"),
        ("a\n  **b**", "`a **b**`"),
        ("`x`", "`` `x` ``"),
        ("a``b", "```a``b```"),
        ("", "` `"),
        ("x" * 100, f"`{'x' * 79}…`"),
    ],
)
def test_nothing_in_code_counts_as_markup(text: str, written: str) -> None:
    assert code(text) == written


def test_nothing_is_certain_and_nothing_impossible() -> None:
    shown = [percent(one) for one in (0.0, 0.004, 0.834, 0.999, 1.0)]
    assert shown == ["1%", "1%", "83%", "99%", "99%"]
