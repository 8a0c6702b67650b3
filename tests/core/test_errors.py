import inspect

import pytest

from tidemill.core import errors
from tidemill.core.errors import BusyError, InputError, MissingExtraError, TidemillError

EXIT_CODES = {
    "TidemillError": 3,
    "InputError": 3,
    "ParseTimeoutError": 3,
    "SettingError": 2,
    "ExpertError": 3,
    "StoreError": 3,
    "BusyError": 4,
    "CapacityError": 4,
    "DeadlineError": 4,
    "LockedError": 4,
    "MissingExtraError": 5,
    "MissingToolError": 5,
}


def test_the_tree_is_complete_and_listed() -> None:
    classes = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, TidemillError)
    }
    assert classes == set(errors.__all__) == set(EXIT_CODES)


@pytest.mark.claim("house.errors.exit-codes")
@pytest.mark.parametrize("name", sorted(EXIT_CODES))
def test_every_error_has_its_exit_code(name: str) -> None:
    assert getattr(errors, name).exit_code == EXIT_CODES[name]


def test_the_module_draws_every_error_of_its_tree() -> None:
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in errors.__all__)


def test_a_hint_stands_on_its_own_line() -> None:
    error = TidemillError("the sky fell", hint="Put it back.")
    assert str(error) == "the sky fell\n  Put it back."
    assert str(TidemillError("the sky fell")) == "the sky fell"


def test_facts_for_programs() -> None:
    assert TidemillError("the sky fell", hint="Put it back.").to_dict() == {
        "error": "TidemillError",
        "message": "the sky fell",
        "hint": "Put it back.",
        "exit_code": 3,
    }


def test_whoever_is_turned_away_is_told_when_to_come_again() -> None:
    error = BusyError("1,024 calls are waiting", retry_after_seconds=3.2)
    assert error.retry_after_seconds == 3.2
    assert str(error) == "1,024 calls are waiting\n  Ask again in 3 s."


def test_an_input_error_points_at_its_place() -> None:
    error = InputError(
        "a name was expected", path="a.py", line=3, column=5, source_line="x = =", hint="Mend it."
    )
    assert str(error).splitlines() == [
        "a.py:3:5: a name was expected",
        "  x = =",
        "      ^",
        "  Mend it.",
    ]
    assert error.to_dict()["line"] == 3


@pytest.mark.parametrize(
    ("path", "line", "place"),
    [("a.py", None, "a.py: no"), ("a.py", 2, "a.py:2: no"), (None, None, "no")],
)
def test_an_input_error_says_what_it_knows(path: str | None, line: int | None, place: str) -> None:
    assert str(InputError("no", path=path, line=line)) == place


def test_a_missing_extra_prints_the_pip_line() -> None:
    error = MissingExtraError("training", extra="train")
    assert "pip install 'tidemill[train]'" in str(error)
    assert error.extra == "train"
