from dataclasses import fields
from pathlib import Path

import pytest

from tidemill.core.errors import SettingError
from tidemill.core.settings import Origin, Settings, resolve


def project(folder: Path, text: str) -> Path:
    path = folder / "tidemill.toml"
    path.write_text(text)
    return path


def user(folder: Path, text: str) -> dict[str, str]:
    path = folder / "home" / "tidemill" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return {"XDG_CONFIG_HOME": str(folder / "home")}


def test_defaults_have_no_place(tmp_path: Path) -> None:
    resolved = resolve({}, {}, tmp_path)
    assert resolved.settings == Settings()
    assert set(resolved.origins.values()) == {Origin(layer="default")}
    assert resolved.settings.workers >= 1


@pytest.mark.claim("house.settings.precedence")
def test_each_layer_beats_the_one_below(tmp_path: Path) -> None:
    environ = user(tmp_path, "workers = 2\npiece_lines = 2\nsearch_limit = 2\nmax_file_bytes = 2\n")
    path = project(tmp_path, "# ours\nworkers = 3\npiece_lines = 3\nsearch_limit = 3\n")
    environ |= {"TIDEMILL_WORKERS": "4", "TIDEMILL_PIECE_LINES": "4"}
    resolved = resolve({"workers": 5, "search_limit": None}, environ, tmp_path)
    settings = resolved.settings
    assert (settings.workers, settings.piece_lines) == (5, 4)
    assert (settings.search_limit, settings.max_file_bytes) == (3, 2)
    assert str(resolved.origins["workers"]) == "flag --workers"
    assert str(resolved.origins["piece_lines"]) == "environment TIDEMILL_PIECE_LINES"
    assert str(resolved.origins["search_limit"]) == f"file {path}:4"
    assert str(resolved.origins["parse_seconds"]) == "default"


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    project(tmp_path, "workers = 3\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert resolve({}, {}, below).settings.workers == 3
    project(below, "workers = 1\n")
    assert resolve({}, {}, below).settings.workers == 1


def test_the_users_file_without_xdg(tmp_path: Path) -> None:
    path = tmp_path / ".config" / "tidemill" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("workers = 6")
    assert resolve({}, {"HOME": str(tmp_path)}, tmp_path).settings.workers == 6


@pytest.mark.claim("house.settings.typos")
@pytest.mark.parametrize(("key", "near"), [("serach_limit", "search_limit"), ("worker", "workers")])
def test_an_unknown_key_names_its_line_and_a_suggestion(
    tmp_path: Path, key: str, near: str
) -> None:
    path = project(tmp_path, f"piece_lines = 9\n\n{key} = 5\n")
    with pytest.raises(SettingError) as caught:
        resolve({}, {}, tmp_path)
    assert str(caught.value) == f"{path}:3: unknown setting {key}\n  Did you mean {near}?"


def test_an_unknown_table_is_an_unknown_setting(tmp_path: Path) -> None:
    path = project(tmp_path, "workers = 1\n[zoo]\nworkers = 1\n")
    with pytest.raises(SettingError, match=f"{path}:2: unknown setting zoo") as caught:
        resolve({}, {}, tmp_path)
    assert "Known: store, data, workers" in str(caught.value)


@pytest.mark.claim("house.settings.typos")
def test_an_unknown_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="TIDEMILL_WORKRES") as caught:
        resolve({}, {"TIDEMILL_WORKRES": "2"}, tmp_path)
    assert "Did you mean TIDEMILL_WORKERS?" in str(caught.value)


def test_an_unknown_flag_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--serch-limit: unknown setting"):
        resolve({"serch_limit": 2}, {}, tmp_path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("workers = 0", "greater than or equal to 1"),
        ("workers = 2.5", "integer"),
        ("workers = true", "integer"),
        ("parse_seconds = true", "number"),
        ("workers = 100_000", "less than or equal to 1024"),
        ("parse_seconds = 0", "greater than 0"),
        ("parse_seconds = nan", "less than or equal to 600"),
        ("native = 'maybe'", "'auto' or 'off'"),
        ("follow_symlinks = 'perhaps'", "boolean"),
        ("store = 3", "path"),
    ],
)
def test_a_wrong_value_names_its_place_and_meaning(tmp_path: Path, line: str, words: str) -> None:
    path = project(tmp_path, f"# first\n{line}\n")
    with pytest.raises(SettingError) as caught:
        resolve({}, {}, tmp_path)
    name = line.split(maxsplit=1)[0]
    assert str(caught.value).startswith(f"{path}:2: {name} = ")
    assert words in str(caught.value)
    assert f"\n  {name}: " in str(caught.value)


@pytest.mark.parametrize("line", ["workers = [0", "\x00", "workers = 1\nworkers = 2"])
def test_a_broken_file_is_named(tmp_path: Path, line: str) -> None:
    path = project(tmp_path, line)
    with pytest.raises(SettingError, match=f"{path}: not TOML"):
        resolve({}, {}, tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "tidemill.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="not TOML"):
        resolve({}, {}, tmp_path)


def test_variables_are_read_as_their_type(tmp_path: Path) -> None:
    environ = {
        "TIDEMILL_FOLLOW_SYMLINKS": "true",
        "TIDEMILL_PARSE_SECONDS": "0.5",
        "TIDEMILL_NATIVE": "off",
        "TIDEMILL_WORKERS": "",
    }
    resolved = resolve({}, environ, tmp_path)
    assert resolved.settings.follow_symlinks is True
    assert resolved.settings.parse_seconds == 0.5
    assert resolved.settings.native == "off"
    assert resolved.origins["workers"] == Origin(layer="default")


def test_paths_count_from_where_they_are_written(tmp_path: Path) -> None:
    project(tmp_path, "store = 'kept'\n")
    below = tmp_path / "below"
    below.mkdir()
    assert resolve({}, {}, below).settings.store == tmp_path / "kept"
    assert resolve({"store": Path("here")}, {}, below).settings.store == below / "here"
    assert resolve({}, {"TIDEMILL_STORE": "/there"}, below).settings.store == Path("/there")


def test_rows_tell_every_setting(tmp_path: Path) -> None:
    rows = resolve({"workers": 2}, {}, tmp_path).rows()
    assert [row[0] for row in rows] == [item.name for item in fields(Settings)]
    assert all(row[3] for row in rows)
    assert ("workers", 2, "flag --workers") in [row[:3] for row in rows]


def test_the_process_itself_is_asked_when_nothing_is_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "workers = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEMILL_PIECE_LINES", "7")
    settings = resolve().settings
    assert (settings.workers, settings.piece_lines) == (3, 7)


def test_a_home_that_nobody_has_is_a_setting_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="TIDEMILL_STORE"):
        resolve({}, {"TIDEMILL_STORE": "~no-such-user/store"}, tmp_path)


def test_an_empty_path_is_a_setting_error(tmp_path: Path) -> None:
    (tmp_path / "tidemill.toml").write_text('store = ""\n')
    with pytest.raises(SettingError, match="store is empty"):
        resolve({}, {}, tmp_path)
