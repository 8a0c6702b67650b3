"""Reading archives: every kind that packages come in, and every way in which one can be bad."""

import io
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from tests.corpus.making import deb, tarred, zipped
from tidemill.core.errors import InputError
from tidemill.corpus.archive import Bounds, members

FILES = {"pkg/a.py": "x = 1\n", "pkg/inner/b.py": "y = 2\n", "pkg/c.txt": "no"}


def read(path: Path, bounds: Bounds | None = None) -> dict[str, bytes]:
    wanted = members(path, lambda name: name.endswith(".py"), bounds)
    return {member.path: member.data for member in wanted}


@pytest.mark.parametrize("name", ["p.tar", "p.tar.gz", "p.tgz", "p.tar.xz", "p.tar.bz2"])
def test_tars_are_read(tmp_path: Path, name: str) -> None:
    found = read(tarred(tmp_path / name, FILES))
    assert found == {"pkg/a.py": b"x = 1\n", "pkg/inner/b.py": b"y = 2\n"}


def test_zips_and_debs_are_read(tmp_path: Path) -> None:
    expected = {"pkg/a.py": b"x = 1\n", "pkg/inner/b.py": b"y = 2\n"}
    assert read(zipped(tmp_path / "p.whl", FILES)) == expected
    assert read(deb(tmp_path / "p.deb", FILES)) == expected


def test_folders_are_read_in_order_and_without_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "z.py").write_text("z")
    (root / "inner" / "a.py").write_text("a")
    (root / "large.py").write_text("x" * 100)
    (tmp_path / "secret.py").write_text("secret")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    found = read(root, Bounds(member_bytes=50))
    assert list(found) == ["inner/a.py", "z.py"]


def test_only_the_wanted_are_read(tmp_path: Path) -> None:
    asked: list[str] = []
    archive = zipped(tmp_path / "p.zip", FILES)

    def refuse(name: str) -> bool:
        asked.append(name)
        return False

    assert list(members(archive, refuse)) == []
    assert asked == list(FILES)


def test_large_members_are_passed_over(tmp_path: Path) -> None:
    files = {"a.py": "x" * 100, "b.py": "y"}
    for archive in (zipped(tmp_path / "p.zip", files), tarred(tmp_path / "p.tgz", files)):
        assert read(archive, Bounds(member_bytes=50)) == {"b.py": b"y"}


@pytest.mark.claim("house.corpus.safe")
@pytest.mark.parametrize("name", ["../a.py", "pkg/../../a.py", "/etc/a.py", "..\\a.py"])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str, make: object) -> None:
    assert callable(make)
    archive = make(tmp_path / "p.tar", {name: "x"})
    with pytest.raises(InputError, match="an entry leads out of it") as caught:
        read(archive)
    assert caught.value.path == str(archive)


@pytest.mark.claim("house.corpus.safe")
def test_links_and_devices_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("l.py", tarfile.SYMTYPE), ("h.py", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        device = tarfile.TarInfo("d.py")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    assert read(path) == {}


@pytest.mark.claim("house.corpus.safe")
def test_too_much_is_refused(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "p.tgz", {f"{n}.py": "x" * 1_000 for n in range(20)})
    with pytest.raises(InputError, match="more than 10,000 bytes unpacked"):
        read(archive, Bounds(total_bytes=10_000))
    with pytest.raises(InputError, match="more than 5 entries"):
        read(archive, Bounds(members=5))


def test_a_zip_that_lies_about_its_size_gives_no_more_than_allowed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a.py": "x" * 5_000, "b.py": "y"})
    data = path.read_bytes()
    true, lie = (5_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(data.replace(true, lie))
    found = {}
    with suppress(InputError):  # the checksum of what is written down fails as well
        found = read(path, Bounds(member_bytes=50))
    assert all(len(text) <= 50 for text in found.values())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b"PK\x03\x04broken",
        b"!<arch>\n",
        b"!<arch>\n" + b"x" * 60,
        b"\x1f\x8b\x08\x00" + b"\0" * 20,
        b"\xfd7zXZ\x00" + b"\1" * 40,
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(data)
    with pytest.raises(InputError, match="the archive"):
        read(path)


@pytest.mark.parametrize("name", ["p.tar.gz", "p.tar.xz", "p.zip", "p.deb"])
def test_a_torn_archive_is_refused(tmp_path: Path, name: str) -> None:
    make = {"p.zip": zipped, "p.deb": deb}.get(name, tarred)
    text = "".join(chr(33 + n * 7 % 90) for n in range(20_000))
    path = make(tmp_path / name, {"a.py": text, "b.py": text[::-1]})
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(InputError, match="the archive"):
        read(path)


def test_a_deb_packed_with_zstd_says_so(tmp_path: Path) -> None:
    path = tmp_path / "p.deb"
    head = f"{'data.tar.zst':<16}{0:<12}{0:<6}{0:<6}{100644:<8}{4:<10}`\n"
    path.write_bytes(b"!<arch>\n" + head.encode() + b"zstd")
    with pytest.raises(InputError, match="packed with zstd"):
        read(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.py", "x")
    data = bytearray(stream.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    path = tmp_path / "p.zip"
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="cannot be read"):
        read(path)
