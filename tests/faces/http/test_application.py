"""FastAPI inside the shell."""

import json
from typing import Annotated

import pytest
from fastapi import APIRouter, Body, FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from tests.faces.http.asgi_calls import call, scope_of
from tests.faces.http.clients import Answer, ask
from tests.faces.http.servers import serving
from tidemill.core.errors import BusyError, ExpertError, MissingExtraError
from tidemill.faces.http.access import policy
from tidemill.faces.http.application import quiet_application
from tidemill.faces.http.handlers import problem_of_validation
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.shell import hardened
from tidemill.faces.http.strict_route import StrictRoute

JSON = (b"content-type", b"application/json")


class Query(BaseModel):
    """What a search asks."""

    text: str
    limit: Annotated[int, Field(ge=1, le=100)] = 10


def sample_application() -> FastAPI:
    app = quiet_application(title="sample", version="1")

    @app.post("/query")
    async def query(asked: Query) -> dict[str, object]:
        return {"text": asked.text, "limit": asked.limit}

    @app.post("/any")
    async def anything(value: Annotated[object, Body()]) -> object:
        return {"got": value}

    @app.get("/raise/{what}")
    async def fail(what: str) -> None:
        errors = {
            "expert": ExpertError("there is no expert search-cobol"),
            "busy": BusyError("the queue is full", retry_after_seconds=3),
            "extra": MissingExtraError("training", extra="train"),
            "teapot": HTTPException(
                418, "short and stout", {"X-Spout": "one", "Content-Length": "7"}
            ),
            "gateway": HTTPException(502, "10.0.0.7 refused"),
            "elsewhere": HTTPException(307, headers={"Location": "/query"}),
            "unchanged": HTTPException(304),
            "bug": ZeroDivisionError("the combination is 1234"),
        }
        raise errors[what]

    router = APIRouter(route_class=StrictRoute, prefix="/included")

    @router.post("/any")
    async def included(value: Annotated[object, Body()]) -> object:
        return {"got": value}

    app.include_router(router)
    return app


APP = sample_application()
ALLOWED = policy(address="127.0.0.1", port=8420)


def answer_to(
    method: str,
    path: str,
    body: bytes = b"",
    *fields: tuple[bytes, bytes],
    limits: Limits | None = None,
) -> Answer:
    length = (b"content-length", str(len(body)).encode())
    scope = scope_of(method, path, length, *(fields or (JSON,)))
    whole = {"type": "http.request", "body": body, "more_body": False}
    shell = hardened(APP, allowed=ALLOWED, limits=limits or Limits())
    return call(shell, scope, whole).answer


def test_a_good_request_is_answered() -> None:
    answer = answer_to("POST", "/query", b'{"text": "dates", "limit": 3}')
    assert answer.json == {"text": "dates", "limit": 3}


@pytest.mark.parametrize("path", ["/any", "/included/any"])
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000, "deeper than 64"),
        (b'{"a":' * 100_000, "deeper than 64"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b"NaN", "NaN is no number"),
        (b"1e999", "too large"),
        (b"9" * 100_000, "64 bits"),
        (b'"\\ud800"', "surrogate"),
        (b'"\xff"', "not UTF-8"),
        (b"{", "no JSON"),
        (b"[" + b"1," * 300_000 + b"1]", "more than 250,000 values"),
    ],
)
def test_hostile_json_is_refused_with_the_reason(path: str, body: bytes, why: str) -> None:
    answer = answer_to("POST", path, body)
    assert (answer.status, answer.code) == (400, "invalid_input")
    assert why in answer.json["error"]["message"]


@pytest.mark.parametrize("kind", [b"application/json; charset=utf-8", b"application/vnd.x+json"])
def test_by_whatever_name_it_is_json(kind: bytes) -> None:
    answer = answer_to("POST", "/any", b"[" * 1_000, (b"content-type", kind))
    assert answer.status == 400
    assert "deeper than 64" in answer.json["error"]["message"]


def test_the_limits_are_those_of_the_server() -> None:
    limits = Limits(json_depth=2)
    assert answer_to("POST", "/any", b"[[1]]", limits=limits).json == {"got": [[1]]}
    assert answer_to("POST", "/any", b"[[[1]]]", limits=limits).status == 400


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"{}", "text", "missing"),
        (b'{"text": 7}', "text", "string_type"),
        (b'{"text": "x", "limit": 101}', "limit", "less_than_equal"),
        (b'{"text": "x", "limit": 1.5}', "limit", "int_from_float"),
        (b'{"text": "hush", "limit": "hush"}', "limit", "int_parsing"),
        (b"[]", None, "model_attributes_type"),
        (b"", None, "missing"),
    ],
)
def test_what_does_not_fit_names_its_field(body: bytes, param: str | None, code: str) -> None:
    answer = answer_to("POST", "/query", body)
    assert answer.status == 422
    assert answer.code == code
    assert answer.json["error"]["param"] == param
    assert b"hush" not in answer.body


def test_several_mistakes_are_counted() -> None:
    answer = answer_to("POST", "/query", b'{"limit": 0}')
    assert answer.json["error"]["message"].endswith("(and 1 more)")


def test_a_mistake_without_facts_is_said_all_the_same() -> None:
    assert problem_of_validation(RequestValidationError([])).status == 422
    problem = problem_of_validation(RequestValidationError([{"loc": ("query", "a", 0)}]))
    assert (problem.param, problem.code) == ("a.0", "invalid_request")


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("expert", 404, "model_not_found"),
        ("busy", 429, "over_capacity"),
        ("extra", 501, "not_installed"),
        ("teapot", 418, "http_418"),
        ("gateway", 500, "internal_error"),
        ("bug", 500, "internal_error"),
    ],
)
def test_every_error_has_our_form(what: str, status: int, code: str) -> None:
    answer = answer_to("GET", f"/raise/{what}")
    assert (answer.status, answer.code) == (status, code)
    assert b"1234" not in answer.body
    assert b"10.0.0.7" not in answer.body
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_headers_of_an_error_pass_but_for_its_framing() -> None:
    answer = answer_to("GET", "/raise/teapot")
    assert answer.headers["x-spout"] == "one"
    assert answer.json["error"]["message"] == "short and stout"
    assert answer_to("GET", "/raise/busy").headers["retry-after"] == "3"


def test_what_is_raised_and_is_no_error_has_no_body() -> None:
    answer = answer_to("GET", "/raise/elsewhere")
    assert (answer.status, answer.headers["location"], answer.body) == (307, "/query", b"")
    with serving(APP) as address:
        assert ask(address, "GET /raise/unchanged").status == 304


def test_a_mistake_of_ours_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    answer_to("GET", "/raise/bug")
    assert [entry.name for entry in caplog.records] == ["tidemill.http"]
    assert "1234" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/query/", 404, "not_found"),
        ("GET", "/../etc/passwd", 404, "not_found"),
        ("DELETE", "/query", 405, "method_not_allowed"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
    ],
)
def test_what_is_not_there(method: str, path: str, status: int, code: str) -> None:
    answer = answer_to(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert (status == 405) == ("allow" in answer.headers)


def test_its_own_schema_is_there() -> None:
    assert set(answer_to("GET", "/openapi.json").json["paths"]) >= {"/query", "/any"}


def test_it_does_not_report_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = quiet_application(title="sample", version="1")
    assert not app._native_telemetry.enabled()  # noqa: SLF001 - there is no other way to ask
    assert app._telemetry["auto_configure"] is False  # noqa: SLF001 - likewise


def test_it_is_served() -> None:
    with serving(APP) as address:
        kind = "Content-Type: application/json"
        answer = ask(address, "POST /query", kind, body=json.dumps({"text": "x"}).encode())
        assert answer.json == {"text": "x", "limit": 10}
        assert ask(address, "POST /any", kind, body=b"[" * 100_000).status == 400
        assert ask(address, "GET /raise/bug").code == "internal_error"
        assert ask(address, "GET /nothing").code == "not_found"
