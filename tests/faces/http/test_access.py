"""Known hosts, pages of our own, holders of the token."""

import pytest

from tests.faces.http.asgi_calls import Client, call, scope_of
from tests.faces.http.sample import SampleApplication
from tidemill.core.errors import SettingError
from tidemill.core.loopback import is_loopback
from tidemill.faces.http.access import AccessGuard, AccessPolicy, policy
from tidemill.faces.http.bearer import BearerToken

SECRET = "s3cret-" * 6
TOKEN = BearerToken(secret=SECRET)
LOCAL = policy(address="127.0.0.1", port=8420)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def answer_to(
    allowed: AccessPolicy, *fields: tuple[bytes, bytes], method: str = "GET", path: str = "/facts"
) -> Client:
    return call(AccessGuard(SampleApplication(), allowed), scope_of(method, path, *fields))


def status_of(
    allowed: AccessPolicy, *fields: tuple[bytes, bytes], method: str = "GET", path: str = "/facts"
) -> int:
    return answer_to(allowed, *fields, method=method, path=path).answer.status


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1:8420",
        b"localhost:8420",
        b"LocalHost:8420",
        b"[::1]:8420",
        b"[0:0:0:0:0:0:0:1]:8420",
    ],
)
def test_the_names_of_loopback_are_known(host: bytes) -> None:
    assert status_of(LOCAL, (b"host", host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"evil.example:8420",
        b"127.0.0.1",
        b"127.0.0.1:8421",
        b"localhost.:8420",
        b"localhost.evil.example:8420",
        b"127.0.0.1.nip.io:8420",
        b"0.0.0.0:8420",
        b"[::]:8420",
        b"[::ffff:127.0.0.1]:8420",
        b"2130706433:8420",
        b"0x7f.1:8420",
        b"127.1:8420",
        b"[::1:8420",
        b"[:::1]:8420",
        b"user@127.0.0.1:8420",
        b"127.0.0.1:8420, evil.example",
        b"127.0.0.1:8420/",
        b"127.0.0.1:99999",
        b"127.0.0.1:",
        b"\xff\xfe",
        b"",
    ],
)
def test_every_other_host_is_refused(host: bytes) -> None:
    answer = answer_to(LOCAL, (b"host", host)).answer
    assert (answer.status, answer.code) == (421, "unknown_host")
    assert answer.headers["connection"] == "close"


def test_one_host_is_named_exactly() -> None:
    scope = scope_of("GET", "/facts")
    scope["headers"] = []
    assert call(AccessGuard(SampleApplication(), LOCAL), scope).answer.status == 421
    good = (b"host", b"127.0.0.1:8420")
    assert status_of(LOCAL, good, good) == 421


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"http://127.0.0.1",
        b"http://127.0.0.1:3000",
        b"https://127.0.0.1:8420",
        b"http://127.0.0.1:8420.evil.example",
        b"http://evil.example#127.0.0.1:8420",
        b"http://127.0.0.1:8420/",
        b"null",
        b"file://",
        b"",
        b"\xff",
    ],
)
def test_foreign_pages_are_refused_for_every_method(method: str, origin: bytes) -> None:
    client = answer_to(LOCAL, (b"origin", origin), method=method)
    assert (client.answer.status, client.answer.code) == (403, "foreign_origin")


def test_our_own_pages_may_ask() -> None:
    for origin in (b"http://127.0.0.1:8420", b"http://localhost:8420", b"http://[::1]:8420"):
        assert status_of(LOCAL, (b"origin", origin), method="DELETE") == 200


def test_one_of_two_origins_is_not_enough() -> None:
    own = (b"origin", b"http://127.0.0.1:8420")
    assert status_of(LOCAL, own, (b"origin", b"http://evil.example")) == 403
    assert status_of(LOCAL, own, own) == 403


@pytest.mark.parametrize(
    ("site", "mode", "method", "status"),
    [
        (b"cross-site", b"no-cors", "GET", 403),
        (b"same-site", b"no-cors", "GET", 403),
        (b"cross-site", b"navigate", "GET", 200),
        (b"cross-site", b"navigate", "POST", 403),
        (b"same-origin", b"cors", "GET", 200),
        (b"none", b"navigate", "GET", 200),
    ],
)
def test_loads_across_sites_are_refused_and_links_are_not(
    site: bytes, mode: bytes, method: str, status: int
) -> None:
    fields = ((b"sec-fetch-site", site), (b"sec-fetch-mode", mode))
    assert status_of(LOCAL, *fields, method=method) == status


def test_more_names_are_told() -> None:
    allowed = policy(
        address="0.0.0.0",  # noqa: S104 - nothing listens
        port=8420,
        hosts=("build.lan", "code.example:443", "[fd00::2]"),
        origins=("https://tools.example", "http://tools.example:3000"),
    )
    for host in (b"build.lan:8420", b"BUILD.lan:8420", b"code.example", b"[fd00:0::2]:8420"):
        assert status_of(allowed, (b"host", host)) == 200
    for host in (b"build.lan", b"code.example:8420", b"0.0.0.0:8420"):
        assert status_of(allowed, (b"host", host)) == 421
    known = (b"host", b"build.lan:8420")
    for origin in (
        b"http://build.lan:8420",
        b"https://code.example",
        b"https://tools.example:443",
        b"http://tools.example:3000",
    ):
        assert status_of(allowed, known, (b"origin", origin)) == 200
    for origin in (b"http://tools.example", b"https://other.example", b"https://localhost:8420"):
        assert status_of(allowed, known, (b"origin", origin)) == 403


def test_the_address_itself_is_known() -> None:
    assert status_of(policy(address="192.0.2.7", port=1), (b"host", b"192.0.2.7:1")) == 200
    assert status_of(policy(address="fd00::2", port=1), (b"host", b"[fd00::2]:1")) == 200


@pytest.mark.parametrize("host", ["", "a b", "http://x", "x:0", "x:70000", "ä", "-x", "[zz]"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(SettingError, match="is no host name"):
        policy(address="127.0.0.1", port=1, hosts=(host,))


@pytest.mark.parametrize("origin", ["", "x", "ftp://x", "https://x/y", "null", "*", "https://*"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(SettingError, match="is no origin"):
        policy(address="127.0.0.1", port=1, origins=(origin,))


def guarded(*fields: tuple[bytes, bytes], method: str = "GET", path: str = "/facts") -> Client:
    allowed = policy(address="127.0.0.1", port=8420, token=TOKEN)
    return answer_to(allowed, *fields, method=method, path=path)


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_the_holder_of_the_token_may_ask(scheme: bytes) -> None:
    shown = (b"authorization", scheme + b" " + SECRET.encode())
    assert guarded(shown).answer.status == 200
    assert guarded(shown, method="DELETE").answer.status == 200


@pytest.mark.parametrize(
    "shown",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer wrong",
        b"Bearer " + SECRET[:-1].encode(),
        b"Bearer " + SECRET.encode() + b"x",
        b"Basic " + SECRET.encode(),
        SECRET.encode(),
        b"Bearer \xff\xfe",
    ],
)
def test_nobody_else_may(shown: bytes) -> None:
    answer = guarded((b"authorization", shown)).answer
    assert (answer.status, answer.code) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert SECRET.encode() not in answer.body


def test_no_token_and_two_tokens_are_refused() -> None:
    right = (b"authorization", b"Bearer " + SECRET.encode())
    assert guarded().answer.status == 401
    assert guarded(right, right).answer.status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("POST", "/health", 401),
        ("GET", "/health/", 401),
        ("GET", "/healthy", 401),
        ("GET", "//health", 401),
        ("GET", "/metrics", 401),
        ("GET", "/docs", 401),
        ("GET", "/openapi.json", 401),
        ("GET", "/", 401),
    ],
)
def test_only_health_is_open(method: str, path: str, status: int) -> None:
    assert guarded(method=method, path=path).answer.status == status


def test_health_is_open_to_known_hosts_and_pages_alone() -> None:
    assert guarded((b"host", b"evil.example"), path="/health").answer.status == 421
    assert guarded((b"origin", b"http://evil.example"), path="/health").answer.status == 403


def test_web_sockets_are_closed() -> None:
    scope = scope_of("GET", "/facts")
    scope["type"] = "websocket"
    client = call(AccessGuard(SampleApplication(), LOCAL), scope)
    assert client.got == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens
        ("::", False),
        ("192.0.2.7", False),
        ("fe80::1%lo", False),
        ("::ffff:192.0.2.7", False),
    ],
)
def test_what_this_machine_alone_can_reach(address: str, local: bool) -> None:
    assert is_loopback(address) is local
