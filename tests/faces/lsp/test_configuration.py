import pytest

from tidemill.faces.lsp.configuration import Configuration, configured

USUAL = Configuration()


@pytest.mark.parametrize("given", [None, {}, {"tidemill": {}}])
def test_nothing_changes_nothing(given: object) -> None:
    assert configured(USUAL, given) == (USUAL, [])


def test_settings_by_the_names_that_editors_use() -> None:
    given = {
        "minimumConfidence": 0.5,
        "kinds": ["return", "parameter"],
        "debounceMilliseconds": 100,
        "alternatives": 1,
        "diagnostics": True,
    }
    expected = Configuration(
        minimum_confidence=0.5,
        kinds=("parameter", "return"),
        debounce_milliseconds=100,
        alternatives=1,
        diagnostics=True,
    )
    assert configured(USUAL, given) == (expected, [])
    assert configured(USUAL, {"tidemill": given}) == (expected, [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "are no object"),
        ({"minimumConfidence": 2}, "minimumConfidence = 2: give a number between 0 and 1"),
        ({"minimumConfidence": float("nan")}, "between 0 and 1"),
        ({"minimumConfidence": True}, "between 0 and 1"),
        ({"alternatives": 1.5}, "whole number between 0 and 8"),
        ({"debounceMilliseconds": -1}, "whole number between 0 and 10,000"),
        ({"kinds": ["class"]}, "give a list of parameter, return, variable, field"),
        ({"kinds": [[]]}, "give a list of"),
        ({"diagnostics": 1}, "give true or false"),
        ({"minimumConfidenc": 1}, "did you mean minimumConfidence?"),
        ({"x" * 500: 1}, "known are minimumConfidence"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(given: object, words: str) -> None:
    found, (wrong,) = configured(USUAL, given)
    assert found == USUAL
    assert words in wrong
    assert len(wrong) < 300


def test_the_rest_counts_where_one_thing_is_wrong() -> None:
    found, wrong = configured(USUAL, {"alternatives": 2, "kinds": "all"})
    assert found == Configuration(alternatives=2)
    assert len(wrong) == 1
