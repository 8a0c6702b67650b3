"""The order of the layers."""

from tests.faces.http.asgi_calls import call, scope_of
from tests.faces.http.sample import SampleApplication
from tidemill.faces.http.access import policy
from tidemill.faces.http.asgi import Application
from tidemill.faces.http.bearer import BearerToken
from tidemill.faces.http.limits import Limits
from tidemill.faces.http.shell import hardened

PACKED_AND_LARGE = ((b"content-encoding", b"gzip"), (b"content-length", b"999999999"))


def app(token: BearerToken | None = None) -> Application:
    allowed = policy(address="127.0.0.1", port=8420, token=token)
    return hardened(SampleApplication(), allowed=allowed, limits=Limits())


def test_every_answer_has_the_headers() -> None:
    for path in ("/health", "/nothing", "/boom"):
        answer = call(app(), scope_of("GET", path)).answer
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_who_may_not_ask_learns_nothing_of_bodies() -> None:
    foreign = (b"origin", b"http://evil.example")
    answer = call(app(), scope_of("POST", "/count", foreign, *PACKED_AND_LARGE)).answer
    assert answer.code == "foreign_origin"
    token = BearerToken(secret="s3cret-" * 6)
    answer = call(app(token), scope_of("POST", "/count", *PACKED_AND_LARGE)).answer
    assert answer.code == "invalid_token"
    answer = call(app(), scope_of("POST", "/count", *PACKED_AND_LARGE)).answer
    assert answer.code == "unsupported_encoding"
