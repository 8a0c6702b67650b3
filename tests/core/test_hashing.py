from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.hashing import content_hash, file_hash


def test_the_hash_is_pinned() -> None:
    # BLAKE2b-128 of nothing, from the reference implementation's b2sum -l 128
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"


@given(st.binary(), st.binary())
def test_equal_contents_and_only_they_share_a_hash(one: bytes, other: bytes) -> None:
    assert (content_hash(one) == content_hash(other)) == (one == other)


def test_a_file_is_hashed_like_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5_000
    path = tmp_path / "large"
    path.write_bytes(data)
    assert file_hash(path) == content_hash(data)
