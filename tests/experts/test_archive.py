import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.experts.drafts import encoder_draft, packed, sparse_draft
from tidemill.core.errors import ExpertError, InputError, StoreError
from tidemill.experts.archive import pack_expert, unpack_archive
from tidemill.experts.package import ExpertPackage
from tidemill.experts.verification import sound_expert, verify_expert

LINK = (stat.S_IFLNK | 0o777) << 16
DEVICE = (stat.S_IFCHR | 0o666) << 16


@pytest.fixture
def package(tmp_path: Path) -> ExpertPackage:
    return packed(tmp_path / "made", encoder_draft())


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def zipped(
    path: Path,
    members: list[tuple[str, bytes]],
    *,
    attributes: int = 0,
    kind: int = zipfile.ZIP_STORED,
) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = kind
            info.external_attr = attributes
            archive.writestr(info, data)
    return path


def test_a_package_comes_out_as_it_went_in(package: ExpertPackage, tmp_path: Path) -> None:
    pack_expert(package, tmp_path / "a.tidemill")
    unpack_archive(tmp_path / "a.tidemill", tmp_path / "out")
    assert bytes_of(tmp_path / "out") == bytes_of(package.folder)
    assert sound_expert(tmp_path / "out").expert_hash == package.expert_hash


def test_packed_tensors_go_through_an_archive(tmp_path: Path) -> None:
    package = packed(tmp_path / "made", sparse_draft())
    pack_expert(package, tmp_path / "a.tidemill")
    unpack_archive(tmp_path / "a.tidemill", tmp_path / "out")
    out = sound_expert(tmp_path / "out")
    assert (out.expert_hash, out.manifest.sparsity) == (package.expert_hash, "2:8")
    assert out.footprint == package.footprint is not None


@pytest.mark.claim("house.experts.deterministic")
def test_the_same_package_gives_the_same_archive(package: ExpertPackage, tmp_path: Path) -> None:
    pack_expert(package, tmp_path / "one")
    again = packed(tmp_path / "again", encoder_draft())
    for path in again.folder.iterdir():
        os.utime(path, (1, 1))
    pack_expert(sound_expert(again.folder), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_any_program_opens_it(package: ExpertPackage, tmp_path: Path) -> None:
    pack_expert(package, tmp_path / "a.tidemill")
    with zipfile.ZipFile(tmp_path / "a.tidemill") as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "expert.json"
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_nothing_is_written_over(package: ExpertPackage, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        pack_expert(package, tmp_path / "a")
    pack_expert(package, tmp_path / "b")
    with pytest.raises(InputError, match="is there already"):
        unpack_archive(tmp_path / "b", package.folder)
    assert (tmp_path / "a").read_text() == "mine"


def test_a_package_that_changed_is_not_packed(package: ExpertPackage, tmp_path: Path) -> None:
    (package.folder / "README.md").write_text("other")
    with pytest.raises(ExpertError, match=r"README\.md was changed"):
        pack_expert(package, tmp_path / "a")
    assert not (tmp_path / "a").exists()


TRICKS: list[tuple[str, str]] = [
    ("../x.json", "no name of a file"),
    ("/etc/x.json", "no name of a file"),
    ("a/b.json", "no name of a file"),
    ("a\\b.json", "no name of a file"),
    ("a.json/", "no name of a file"),
    (".hidden.json", "no name of a file"),
    ("x" * 300 + ".json", "no name of a file"),
    ("model.pkl", "a pickle"),
    ("model.py", "code"),
    ("more.tidemill", "of no kind"),
    ("more.zip", "of no kind"),
]


@pytest.mark.claim("house.experts.archives")
@pytest.mark.parametrize(("name", "reason"), TRICKS)
def test_a_member_that_would_go_elsewhere_is_refused(
    tmp_path: Path, name: str, reason: str
) -> None:
    archive = zipped(tmp_path / "a", [("config.json", b"{}"), (name, b"{}")])
    with pytest.raises(ExpertError, match=reason):
        unpack_archive(archive, tmp_path / "inner" / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "inner"]


@pytest.mark.claim("house.experts.archives")
def test_a_name_that_ends_early_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a", [("config.json_evil", b"{}")])
    archive.write_bytes(archive.read_bytes().replace(b"json_evil", b"json\0evil"))
    with pytest.raises(ExpertError, match="no name of a file"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.claim("house.experts.archives")
@pytest.mark.parametrize("attributes", [LINK, DEVICE])
def test_links_and_devices_are_refused(tmp_path: Path, attributes: int) -> None:
    archive = zipped(tmp_path / "a", [("config.json", b"/etc/passwd")], attributes=attributes)
    with pytest.raises(ExpertError, match=r"config\.json is a link or a device"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.claim("house.experts.archives")
def test_what_is_compressed_is_refused(tmp_path: Path) -> None:
    bomb = [("config.json", bytes(10_000_000))]
    archive = zipped(tmp_path / "a", bomb, kind=zipfile.ZIP_DEFLATED)
    assert archive.stat().st_size < 20_000
    with pytest.raises(ExpertError, match=r"config\.json is compressed"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.claim("house.experts.archives")
def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Many entries of the directory over one file's bytes: a bomb without compression."""
    data = bytes(1_000)
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("config.json", data)
        first = archive.infolist()[0]
        for number in range(20):
            again = zipfile.ZipInfo(f"c{number}.json")
            again.CRC, again.file_size, again.compress_size = first.CRC, 1_000, 1_000
            again.header_offset = first.header_offset
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    with pytest.raises(ExpertError, match="more than its own size"):
        unpack_archive(tmp_path / "a", tmp_path / "out")


@pytest.mark.claim("house.experts.archives")
@pytest.mark.parametrize("count", [65, 5_000])
def test_too_many_members_are_refused(tmp_path: Path, count: int) -> None:
    archive = zipped(tmp_path / "a", [(f"c{number}.json", b"") for number in range(count)])
    with pytest.raises(ExpertError, match="64 may be"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.parametrize("names", [("a.json", "A.json"), ("a.json", "a.json")])
@pytest.mark.filterwarnings("ignore:Duplicate name")  # that is what the test makes
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    archive = zipped(tmp_path / "a", [(name, b"{}") for name in names])
    with pytest.raises(ExpertError, match="a file is in it twice"):
        unpack_archive(archive, tmp_path / "out")


@pytest.mark.claim("house.experts.archives")
def test_a_directory_of_the_64_bit_kind_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a", [("config.json", b"{}")])
    data = archive.read_bytes()
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1)
    archive.write_bytes(data[:-22] + locator + data[-22:])
    with pytest.raises(ExpertError, match="64-bit kind"):
        unpack_archive(archive, tmp_path / "out")


def encrypted(data: bytes) -> bytes:
    """Set the flag of encryption in both headers of the only member."""
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(signature) + place
        data = data[:start] + b"\x01" + data[start + 1 :]
    return data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no archive"),
        (b"PK\x05\x06", "no archive"),
        (b"x" * 100, "no archive"),
        (b"PK\x03\x04" + bytes(100), "no archive"),
    ],
)
def test_other_files_are_no_archives(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ExpertError, match=reason):
        unpack_archive(tmp_path / "a", tmp_path / "out")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a", [("config.json", b"{}")])
    archive.write_bytes(encrypted(archive.read_bytes()))
    with pytest.raises(ExpertError, match="is encrypted"):
        unpack_archive(archive, tmp_path / "out")


def test_an_archive_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        unpack_archive(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(ExpertError, match="no regular file"):
        unpack_archive(Path("/dev/null"), tmp_path / "out")


@pytest.fixture(scope="module")
def archive_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("archive")
    package = packed(folder)
    pack_expert(package, folder / "a")
    return (folder / "a").read_bytes()


@pytest.mark.claim("house.experts.archives")
@given(place=st.integers(0), value=st.integers(0, 255), cut=st.booleans())
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory,
    archive_bytes: bytes,
    place: int,
    *,
    value: int,
    cut: bool,
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    data = bytearray(archive_bytes)
    place %= len(data)
    if cut:
        del data[place:]
    else:
        data[place] = value
    (folder / "a").write_bytes(data)
    try:
        unpack_archive(folder / "a", folder / "out")
    except ExpertError:
        assert [path.name for path in folder.iterdir()] == ["a"]
        return
    found = verify_expert(folder / "out")
    if found.sound:
        with zipfile.ZipFile(io.BytesIO(archive_bytes)) as whole:
            assert bytes_of(folder / "out") == {n: whole.read(n) for n in whole.namelist()}
