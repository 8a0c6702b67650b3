"""Every error of the tree is said outside, and nothing that is only ours."""

import logging

import pytest

from tests.faces.http.asgi_calls import call, scope_of
from tidemill.core import errors as tree
from tidemill.core.errors import (
    BusyError,
    CapacityError,
    DeadlineError,
    ExpertError,
    InputError,
    LockedError,
    MissingExtraError,
    MissingToolError,
    ParseTimeoutError,
    SettingError,
    StoreError,
    TidemillError,
)
from tidemill.faces.http import errors
from tidemill.faces.http.asgi import Receive, Scope, Send
from tidemill.faces.http.errors import ErrorShield, problem_of

GET = scope_of("GET", "/search")
# What these errors must be told besides a message.
MORE: dict[type, dict[str, object]] = {
    MissingExtraError: {"extra": "train"},
    MissingToolError: {"tool": "a compiler", "hint": "Install it."},
    BusyError: {"retry_after_seconds": 1.0},
}


def full_disk() -> CapacityError:
    error = CapacityError("cannot write /srv/secret/place: No space left on device")
    error.__cause__ = OSError(28, "No space left on device")
    return error


SPOKEN = [
    (InputError("line too long", path="a.py", line=3, hint="Break it."), 400, "invalid_input"),
    (ParseTimeoutError("it took 2 s"), 422, "parse_timeout"),
    (SettingError("limit = 0 is too small"), 422, "invalid_value"),
    (ExpertError("there is no expert search-cobol"), 404, "model_not_found"),
    (MissingExtraError("training", extra="train"), 501, "not_installed"),
    (CapacityError("the expert needs 3 GB, the budget is 2 GB"), 507, "no_room"),
    (BusyError("the queue is full", retry_after_seconds=2.5), 429, "over_capacity"),
    (DeadlineError("it took longer than 60 s"), 504, "deadline_exceeded"),
]
SILENT = [
    (full_disk(), 507, "insufficient_storage"),
    (LockedError("process 4711 on build-host holds the lock"), 503, "locked"),
    (StoreError("cannot read /srv/secret/place"), 503, "store_unavailable"),
    (MissingToolError("x", tool="y, which is not in /srv/secret", hint="z"), 501, "not_installed"),
    (TidemillError("something of ours"), 500, "internal_error"),
    (ZeroDivisionError("the combination is 1234"), 500, "internal_error"),
    (MemoryError(), 500, "internal_error"),
]


@pytest.mark.parametrize(("error", "status", "code"), SPOKEN)
def test_what_the_client_can_mend_is_said_in_the_errors_words(
    error: TidemillError, status: int, code: str
) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert problem.message == str(error)


@pytest.mark.parametrize(("error", "status", "code"), SILENT)
def test_what_names_files_processes_or_reasons_of_ours_is_not_said(
    error: Exception, status: int, code: str
) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    for word in ("secret", "4711", "build-host", "1234", "of ours"):
        assert word not in problem.message


def test_the_whole_tree_is_mapped_and_drawn() -> None:
    assert errors.__doc__ is not None
    for name in set(tree.__all__) - {"TidemillError"}:
        assert name in errors.__doc__
        kind = getattr(tree, name)
        more = MORE.get(kind, {})
        assert problem_of(kind("x", **more)).code != "internal_error"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BusyError("full", retry_after_seconds=2.5), b"3"),
        (BusyError("full", retry_after_seconds=0), b"1"),
        (LockedError("held"), b"1"),
    ],
)
def test_who_may_come_again_is_told_when(error: TidemillError, said: bytes) -> None:
    assert (b"retry-after", said) in problem_of(error).head()


def test_the_shield_answers_for_an_application_that_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError("the combination is 1234")

    scope = scope_of("GET", "/search", (b"authorization", b"Bearer hush"))
    scope["query_string"] = b"key=hush"
    answer = call(ErrorShield(broken), scope).answer
    assert answer.status == 500
    assert answer.code == "internal_error"
    assert b"1234" not in answer.body
    # The owner reads why; what may be secret is not even there.
    assert "1234" in caplog.text
    assert "GET '/search' failed" in caplog.text
    assert "hush" not in caplog.text


def test_what_the_client_can_mend_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def strict(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise InputError("no such line")

    with caplog.at_level(logging.DEBUG):
        assert call(ErrorShield(strict), GET).answer.status == 400
    assert not [entry for entry in caplog.records if entry.name == "tidemill.http"]


def test_what_the_owner_can_mend_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def unable(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise StoreError("cannot read /srv/secret/place")

    answer = call(ErrorShield(unable), GET).answer
    assert (answer.status, answer.code) == (503, "store_unavailable")
    assert "/srv/secret/place" in caplog.text


def test_an_answer_that_has_begun_is_not_taken_back() -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    client = call(ErrorShield(broken), GET)
    assert [message["type"] for message in client.got] == ["http.response.start"]


def test_what_is_no_request_passes() -> None:
    async def living(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError("lifespan")

    with pytest.raises(KeyError, match="lifespan"):
        call(ErrorShield(living), {"type": "lifespan"})
