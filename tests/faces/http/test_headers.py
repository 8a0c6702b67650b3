"""What every answer carries."""

from tests.faces.http.asgi_calls import call, scope_of
from tidemill.faces.http.asgi import Receive, Scope, Send
from tidemill.faces.http.headers import SecurityHeaders


def application(*headers: tuple[bytes, bytes]) -> SecurityHeaders:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"x"})

    return SecurityHeaders(app)


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    headers = call(application(), scope_of("GET", "/")).answer.headers
    content = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert content["default-src"] == "'none'"
    assert content["frame-ancestors"] == "'none'"
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & set(
        " ".join(content.values()).split()
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_server_does_not_say_which_it_is() -> None:
    app = application((b"Server", b"uvicorn/0.54.0"))
    assert call(app, scope_of("GET", "/")).answer.headers["server"] == "tidemill"


def test_nothing_is_kept_unless_the_application_says_so() -> None:
    assert call(application(), scope_of("GET", "/")).answer.headers["cache-control"] == "no-store"
    kept = application((b"Cache-Control", b"max-age=60"))
    got = call(kept, scope_of("GET", "/")).got[0]["headers"]
    assert [value for name, value in got if name.lower() == b"cache-control"] == [b"max-age=60"]


def test_an_application_cannot_weaken_them() -> None:
    app = application(
        (b"Content-Security-Policy", b"default-src *"), (b"x-frame-options", b"ALLOW")
    )
    got = call(app, scope_of("GET", "/")).got[0]["headers"]
    names = [name.lower() for name, _ in got]
    assert len(names) == len(set(names))
    assert b"default-src *" not in dict(got).values()
    assert (b"x-frame-options", b"DENY") in got
