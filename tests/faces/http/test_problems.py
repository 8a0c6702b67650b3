"""One form for every refusal."""

import json

import pytest

from tidemill.faces.http.problems import Problem


def test_its_body_is_the_error_object_of_openai() -> None:
    problem = Problem(status=404, message="no such expert", code="model_not_found", param="model")
    assert json.loads(problem.content()) == {
        "error": {
            "message": "no such expert",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    start, body = problem.messages()
    assert start["status"] == 404
    assert (b"content-type", b"application/json") in start["headers"]
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (503, "server_error"),
        (505, "invalid_request_error"),
    ],
)
def test_its_family_follows_from_the_status(status: int, kind: str) -> None:
    assert Problem(status=status, message="no", code="x").kind == kind


@pytest.mark.parametrize(("seconds", "said"), [(0, b"1"), (0.2, b"1"), (1, b"1"), (1.01, b"2")])
def test_advice_to_come_again_is_in_whole_seconds(seconds: float, said: bytes) -> None:
    problem = Problem(status=503, message="no", code="x").retried_after(seconds)
    assert (b"retry-after", said) in problem.head()


def test_a_long_message_is_cut_and_every_one_is_ascii() -> None:
    content = Problem(status=400, message="ä\n\u2028" * 10_000, code="x").content()
    assert content.isascii()
    assert b"\n" not in content
    assert len(json.loads(content)["error"]["message"]) == 1_000
