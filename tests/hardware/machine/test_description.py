import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError, SettingError, TidemillError
from tidemill.hardware.machine.constant import STATUSES, Constant, Value
from tidemill.hardware.machine.description import (
    MachineDescription,
    builtin_machines,
    read_machine,
)
from tidemill.hardware.sat.machine import sat_machine

TEXT = """\
kind = "sat"
name = "mine"
about = "A machine of mine."

[array]
rows = { value = 8, status = "assumed", source = "a guess" }
"""
ENTRY = '{ value = 8, status = "assumed", source = "a guess" }'
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a machine's file."""

    def written(text: str | bytes) -> Path:
        path = tmp_path / "mine.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


def refused(path: Path | str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_machine(path)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", builtin_machines())
def test_machines_that_come_along_say_where_every_number_is_from(name: str) -> None:
    found = read_machine(name)
    assert (found.name, found.path) == (name, name)
    assert found.about
    assert found.constants
    for key, constant in found.constants.items():
        assert constant.status in STATUSES, key
        assert len(constant.source) >= 5, key
    assert sat_machine(found).name == name


def test_sat_is_one_of_them() -> None:
    assert "sat-vcu1525" in builtin_machines()
    constants = read_machine("sat-vcu1525").constants
    assert constants["dram.bytes_per_second"].status == "recalled"
    assert constants["sore.lanes"].status == "reported"
    assert constants["dram.bytes_per_second"].unit == "B/s"
    assert constants["array.accumulate_latency"].status == "assumed"


def test_a_file_is_read(write: Write) -> None:
    path = write(TEXT)
    found = read_machine(path)
    assert (found.kind, found.name, found.about) == ("sat", "mine", "A machine of mine.")
    assert found.path == str(path)
    assert found.constants == {"array.rows": Constant(value=8, status="assumed", source="a guess")}


@pytest.mark.parametrize(
    ("given_value", "read"),
    [("0", 0), ("0.5", 0.5), ("1e-12", 1e-12), ("[1, 2]", (1, 2)), ("200_000_000", 200_000_000)],
)
def test_numbers_and_lists_of_whole_ones_are_values(
    write: Write, given_value: str, read: Value
) -> None:
    found = read_machine(write(TEXT.replace("8", given_value))).constants["array.rows"].value
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    "value",
    [
        "-1",
        "nan",
        "inf",
        "-inf",
        "1e19",
        "0x" + 5_000 * "f",
        "[0x" + 5_000 * "f" + "]",
        "true",
        '"8"',
        "[]",
        "[1.5]",
        "[true]",
        "[-1]",
        "[[1]]",
        "{ a = 1 }",
        "2020-01-01",
    ],
    ids=lambda value: value[:9],
)
def test_what_is_no_value_is_refused_by_file_and_key(write: Write, value: str) -> None:
    path = write(TEXT.replace("8", value))
    error = refused(path)
    assert error.message.startswith("array.rows: value is ")
    assert error.path == str(path)
    assert error.hint == "It is a number from 0 to 1e+18, or a list of whole ones."


@pytest.mark.claim("bdwp.sat.refusals")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "sat"', "", "kind is missing or no text"),
        ('kind = "sat"', 'kind = ""', "kind is missing or no text"),
        ('kind = "sat"', "kind = 3", "kind is missing or no text"),
        ('name = "mine"', "", "name is missing or no text"),
        ('about = "A machine of mine."', "", "about is missing or no text"),
        ("[array]", "colour = 3\n[array]", "unknown key 'colour'"),
        ("[array]", "[[array]]", "unknown key 'array'"),
        (ENTRY, "8", "array.rows is no entry"),
        ("value = 8, ", "", "array.rows: value is None"),
        ('status = "assumed", ', "", "array.rows: status is None"),
        ("assumed", "guessed", "array.rows: status is 'guessed'"),
        ('"assumed"', "0x" + 5_000 * "f", "array.rows: status is too long a number"),
        ('"assumed"', '["assumed"]', "array.rows: status is ['assumed']"),
        (', source = "a guess"', "", "array.rows: source is missing or no text"),
        ('"a guess"', '""', "array.rows: source is missing or no text"),
        ('"a guess"', "7", "array.rows: source is missing or no text"),
        ("value = 8", "value = 8, unit = 3", "array.rows: source is missing or no text"),
        ("value = 8", "value = 8, valeu = 9", "array.rows: unknown key 'valeu'"),
    ],
    ids=lambda word: word[:30],
)
def test_what_is_wrong_in_a_file_is_named_with_it(
    write: Write, old: str, new: str, message: str
) -> None:
    assert old in TEXT
    path = write(TEXT.replace(old, new))
    error = refused(path)
    assert (error.message, error.path) == (message, str(path))


def test_what_is_no_toml_is_refused_with_its_line(write: Write) -> None:
    path = write(TEXT + "rows = = 3\n")
    error = refused(path)
    assert error.message.startswith("no TOML: ")
    assert "line 7" in error.message
    assert error.path == str(path)
    assert refused(write(TEXT + TEXT[TEXT.index("rows") :])).message.startswith("no TOML: ")


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 100_000], ids=["long", "deep"])
def test_what_python_cannot_read_is_no_toml(write: Write, value: str) -> None:
    assert refused(write(TEXT.replace("8", value))).message.startswith("no TOML: ")


def test_what_is_not_utf_8_is_refused_with_its_line(write: Write) -> None:
    error = refused(write(TEXT.replace("guess", "\xfc").encode("latin-1")))
    assert (error.message, error.line) == ("not UTF-8", 6)


def test_a_file_that_is_too_long_is_not_read(write: Write) -> None:
    error = refused(write(TEXT + "#" * (1 << 20)))
    assert error.message == "no machine's file"
    assert error.hint == "It has at most 1,048,576 bytes."
    room = (1 << 20) - len(TEXT)
    assert read_machine(write(TEXT + "#" * room)).name == "mine"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refused("sat-none").message == (
        "there is no machine 'sat-none': No such file or directory"
    )
    assert "sat-vcu1525" in (refused("sat-none").hint or "")
    assert refused(tmp_path).message.endswith("Is a directory")
    assert refused("\0").message.endswith("no regular file")
    assert refused("x" * 5_000).message.endswith("File name too long")
    assert refused("").message


def test_what_would_never_end_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe").message.endswith("no regular file")
    assert refused("/dev/zero").message.endswith("no regular file")


def test_a_machine_that_comes_along_is_not_looked_for_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sat-vcu1525").write_text(TEXT)
    (tmp_path / "other").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    assert read_machine("sat-vcu1525").name == "sat-vcu1525"
    assert read_machine("other").name == "mine"


def test_changes_say_so(write: Write) -> None:
    found = read_machine(write(TEXT))
    changed = found.changed({"array.rows": 16})
    assert changed.constants["array.rows"] == Constant(
        value=16, status="assumed", source="asked for, instead of 8"
    )
    assert found.constants["array.rows"].value == 8
    assert (changed.name, changed.path) == (found.name, found.path)
    fitted = found.changed({"array.rows": 16}, status="fitted")
    assert fitted.constants["array.rows"].status == "fitted"
    assert found.changed({}) == found


def described() -> MachineDescription:
    return read_machine("sat-vcu1525")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("array.row", "Is array.rows meant?"),
        ("dram.bytes_per_secnd", "Is dram.bytes_per_second meant?"),
        ("", "Known: array.rows, "),
        ("q", "Known: array.rows, "),
    ],
)
def test_a_change_of_what_there_is_not_suggests_the_nearest(key: str, hint: str) -> None:
    with pytest.raises(SettingError, match="sat-vcu1525 has no constant") as caught:
        described().changed({key: 3})
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    "value",
    [-1, float("nan"), float("inf"), 10**19, 16**5_000, True],
    ids=lambda value: f"{value:.3g}" if value < 1e99 else "long",
)
def test_changes_are_as_large_as_a_file_may_say(value: Value) -> None:
    with pytest.raises(SettingError, match=r"array\.rows is out of range"):
        described().changed({"array.rows": value})


def test_lists_stay_lists() -> None:
    with pytest.raises(SettingError, match=r"vector\.relu is \(0, 0\)"):
        described().changed({"vector.relu": 1})
    with pytest.raises(SettingError, match=r"array\.rows is 32"):
        described().changed({"array.rows": (1, 2)})
    with pytest.raises(SettingError, match=r"vector\.relu is out of range"):
        described().changed({"vector.relu": (1, -2)})
    assert described().changed({"vector.relu": (1, 2)}).constants["vector.relu"].value == (1, 2)


def test_errors_about_a_constant_name_it_and_the_file() -> None:
    error = described().error("array.rows", "too many", "Take fewer.")
    assert str(error) == "sat-vcu1525: array.rows: too many\n  Take fewer."


@given(
    junk=st.text(max_size=200) | st.binary(max_size=200),
    place=st.integers(0, len(TEXT)),
    length=st.integers(0, 30),
)
def test_any_damage_is_a_typed_error_or_none(
    tmp_path_factory: pytest.TempPathFactory, junk: str | bytes, place: int, length: int
) -> None:
    raw = junk if isinstance(junk, bytes) else junk.encode("utf-8", "surrogatepass")
    text = TEXT.encode()
    path = tmp_path_factory.getbasetemp() / "damaged.toml"
    path.write_bytes(text[:place] + raw + text[place + length :])
    # Nothing of it is a whole machine, so that one of the two says why not.
    with pytest.raises(TidemillError) as caught:
        sat_machine(read_machine(path))
    assert caught.value.hint
