"""Decoding: what is text, and what is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.source.text import decode

SAMPLE = "x = 'äé€😀'\r\ny\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (SAMPLE.encode(), "utf-8"),
        (SAMPLE.encode("utf-8-sig"), "utf-8"),
        (SAMPLE.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + SAMPLE.encode("utf-16-be"), "utf-16-be"),
        (SAMPLE.encode("utf-32"), "utf-32-le"),
    ],
)
def test_unicode_becomes_utf_8_with_its_line_endings(raw: bytes, encoding: str) -> None:
    source = decode(raw, "a.py")
    assert source.data == SAMPLE.encode()
    assert source.encoding == encoding


def test_western_text() -> None:
    assert decode("caf\xe9\n".encode("latin-1"), "a").data == "café\n".encode()
    assert decode(b"caf\xe9", "a").encoding == "latin-1"
    assert decode(b"\x93caf\xe9\x94", "a").data == "“café”".encode()
    assert decode(b"\x93caf\xe9\x94", "a").encoding == "cp1252"


def test_nothing_is_text() -> None:
    assert decode(b"", "a").data == b""


def test_a_nul_is_binary_with_its_place() -> None:
    with pytest.raises(InputError, match=r"a\.py:2:3: not a text file: .*NUL") as caught:
        decode(b"x\nab\0c", "a.py")
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("a\0b".encode("utf-16"), "NUL"),
        (b"\xff\xfea\0b", "byte order mark says utf-16-le"),
        (b"\xff\xfe\x00\xd8a\0", "byte order mark says utf-16-le"),
        (b"\xef\xbb\xbf\xff", "byte order mark says utf-8"),
        (b"\x89PNG\r\n\x1a\n\xff", "neither UTF-8"),
        (b"\xe9\x02", "neither UTF-8"),
        (b"\xe9\x81", "neither UTF-8"),
    ],
)
def test_what_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        decode(raw, "a.bin")
    assert caught.value.path == "a.bin"
    assert caught.value.hint


@given(raw=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_text_or_an_input_error(raw: bytes) -> None:
    with suppress(InputError):
        source = decode(raw, "x")
        assert b"\0" not in source.data
        source.data.decode("utf-8")


@given(text=st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"])))
def test_utf_8_is_kept_as_it_is(text: str) -> None:
    assert decode(text.encode(), "x").data == text.encode()
