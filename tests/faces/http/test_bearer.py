"""The token, and the private file that keeps it."""

import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tidemill.core.errors import SettingError, StoreError
from tidemill.faces.http.bearer import BearerToken, token_from

SECRET = "s3cret-" * 6


def test_an_absent_file_is_made_with_a_fresh_secret(tmp_path: Path) -> None:
    path = tmp_path / "state" / "token"
    old_mask = os.umask(0)
    try:
        token = token_from(path)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(token.secret) >= 43
    assert token_from(path) == token
    assert token_from(tmp_path / "other") != token
    assert [entry.name for entry in path.parent.iterdir()] == ["token"]


def test_servers_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(token_from, [tmp_path / "token"] * 32))
    assert len({token.secret for token in tokens}) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610, 0o644])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(SECRET)
    path.chmod(mode)
    with pytest.raises(SettingError, match="others can read the token file") as caught:
        token_from(path)
    assert "chmod 600" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_somebody_elses_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token_from(tmp_path / "token")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SettingError, match="belongs to somebody else"):
        token_from(tmp_path / "token")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(SECRET)
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "token").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="cannot read"):
        token_from(tmp_path / "token")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    with pytest.raises(StoreError, match="cannot read"):
        token_from(tmp_path / "dangling")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(SettingError, match="no regular file"):
            token_from(tmp_path / name)


@pytest.mark.parametrize(
    "content", ["", "short", "x" * 31, "x" * 513, "x" * 20 + " " + "x" * 20, "ä" * 40, "\0" * 40]
)
def test_a_file_without_a_good_secret_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SettingError, match="no good secret"):
        token_from(path)


def test_one_line_end_is_not_a_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    assert token_from(path).secret == SECRET


def test_it_is_never_printed() -> None:
    token = BearerToken(secret=SECRET)
    assert SECRET not in repr(token)
    assert SECRET not in str(token)
    with pytest.raises(SettingError) as caught:
        BearerToken(secret=SECRET[:7])
    assert SECRET[:7] not in str(caught.value)


def test_it_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    token = BearerToken(secret=SECRET)
    assert token.matches(SECRET.encode())
    assert not token.matches(SECRET[:-1].encode())
    assert not token.matches(b"\xff")
    compared: list[tuple[bytes, bytes]] = []

    def compare(ours: bytes, shown: bytes) -> bool:
        compared.append((ours, shown))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert not token.matches(b"guess")
    assert compared == [(SECRET.encode(), b"guess")]
