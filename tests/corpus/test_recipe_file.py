"""Recipes: those that come with Tidemill are right, and wrong ones say where."""

from dataclasses import replace
from pathlib import Path

import pytest

from tidemill.core.errors import InputError, SettingError
from tidemill.core.settings import Settings
from tidemill.corpus.recipe import Recipe
from tidemill.corpus.recipe_file import built_in, read_recipe

HASH = "0" * 64
PACKAGES = f"""
[[packages]]
language = "python"
registry = "pip"
pins = [
  {{ name = "one", version = "1", licence = "MIT", sha256 = "{HASH}" }},
  {{ name = "two", version = "2", licence = "MIT OR GPL-3.0", family = "f", sha256 = "{HASH}" }},
]
"""


def read(tmp_path: Path, text: str, data: Path | None = None) -> Recipe:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return read_recipe(str(path), replace(Settings(), data=data))


def test_packages_share_what_their_group_says(tmp_path: Path) -> None:
    recipe = read(tmp_path, 'name = "own"\nseed = 3\n[limits]\nnear = 0.8\n' + PACKAGES)
    one, two = recipe.packages
    assert (one.name, one.registry, one.language, one.split) == ("one", "pip", "python", "train")
    assert (one.family, two.family) == ("one", "f")
    assert (recipe.seed, recipe.take, recipe.limits.near) == (3, "documented", 0.8)
    assert str(two) == "pip:two 2"


def test_a_scope_is_a_family(tmp_path: Path) -> None:
    text = PACKAGES.replace('"one"', '"@acme/one"').replace('"pip"', '"npm"')
    assert read(tmp_path, 'name = "own"\n' + text).packages[0].family == "@acme"


def test_packages_of_another_recipe(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('name = "other"\n' + PACKAGES)
    text = f'name = "own"\nlanguages = ["python"]\npackages_of = ["{other}"]\n'
    first = read(tmp_path, text)
    assert [package.name for package in first.packages] == ["one", "two"]
    other.write_text('name = "other"\nseed = 1\n' + PACKAGES)
    assert read(tmp_path, text).digest != first.digest
    with pytest.raises(InputError, match="names no packages"):
        read(tmp_path, text.replace("python", "java"))


def test_paths_count_from_the_recipe_or_from_the_data(tmp_path: Path) -> None:
    text = """
name = "own"
[[sets]]
name = "mine"
layout = "table"
languages = ["java"]
files = { train = ["rows.jsonl", "data:bench/rows.json"] }
"""
    (data,) = read(tmp_path, text, data=Path("/data")).sets
    assert data.files == {"train": (tmp_path / "rows.jsonl", Path("/data/bench/rows.json"))}
    with pytest.raises(SettingError, match=r"data:bench/rows\.json is benchmark data") as caught:
        read(tmp_path, text)
    assert caught.value.hint == "set TIDEMILL_DATA to the folder"


@pytest.mark.parametrize(
    ("change", "words", "line"),
    [
        (('name = "own"', ""), "name is missing", None),
        (('name = "own"', 'name = "Own Set"'), "name = 'Own Set'", 1),
        (('name = "own"', 'name = "own"\nformat = 9'), "format 9 is of another Tidemill", 2),
        (('name = "own"', 'name = "own"\ntake = "some"'), "take = 'some' is not known", 2),
        (('name = "own"', 'name = "own"\nnmae = "x"'), "unknown key nmae", 2),
        (('"python"', '"pyton"'), "language = 'pyton' is not known", 4),
        (('"pip"', '"gem"'), "registry = 'gem' is not known", 5),
        (('version = "2"', "version = 2"), "version = 2 is not text", 8),
        ((HASH, "abc"), "one: sha256 is not 64", 7),
        (('"MIT OR GPL-3.0"', '"GPL-3.0"'), "pip:two 2: GPL-3.0 is not let in", 8),
        (('"two"', '"one"'), "pip:one 2 is named twice", None),
        (("pins", 'split = "dev"\npins'), "split = 'dev' is not known", 6),
        (("[[packages]]", "[limits]\nshare = 2.0\n[[packages]]"), "share = 2.0 is not from", 4),
        (("[[packages]]", "[limits]\nlonk = 2\n[[packages]]"), "unknown key lonk", 4),
        (("[[packages]]", "[limits.documented]\nmarathi = 2\n[[packages]]"), "'marathi'", 4),
    ],
)
def test_wrong_recipes_say_where(
    tmp_path: Path, change: tuple[str, str], words: str, line: int | None
) -> None:
    text = ('name = "own"\n' + PACKAGES).replace(*change, 1)
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, text)
    assert caught.value.path == str(tmp_path / "own.toml")
    assert line is None or caught.value.line == line


@pytest.mark.claim("house.corpus.held-out")
def test_a_family_in_two_splits_is_refused(tmp_path: Path) -> None:
    second = PACKAGES.replace("pins", 'split = "test"\npins').replace('"one"', '"three"')
    second = second.replace('"two"', '"four"')
    with pytest.raises(InputError, match="family f is in train and, with pip:four 2, in test"):
        read(tmp_path, 'name = "own"\n' + PACKAGES + second)


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no packages, no sets and no images"):
        read(tmp_path, 'name = "own"\n')
    with pytest.raises(InputError, match="set mine has no files"):
        read(tmp_path, 'name = "own"\n[[sets]]\nname = "mine"\nlayout = "table"\n')


def test_an_unknown_recipe_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file") as caught:
        read_recipe(str(tmp_path / "absent.toml"), Settings())
    assert "code-search" in str(caught.value.hint)


@pytest.mark.parametrize("name", built_in())
def test_those_that_come_along_are_right(name: str) -> None:
    recipe = read_recipe(name, replace(Settings(), data=Path("/data")))
    assert recipe.name == name
    assert recipe.about
    assert recipe.languages or recipe.images


def test_search_holds_whole_families_out_in_six_languages() -> None:
    recipe = read_recipe("code-search", Settings())
    homes: dict[str, set[str]] = {}
    for package in recipe.packages:
        homes.setdefault(package.family, set()).add(package.split)
    assert all(len(splits) == 1 for splits in homes.values())
    held_out = {(p.language, p.name) for p in recipe.packages if p.split == "test"}
    assert {
        ("python", "django"),
        ("python", "networkx"),
        ("java", "jackson-databind"),
        ("java", "commons-math3"),
        ("go", "golang-golang-x-tools-dev"),
        ("ruby", "ruby-sequel"),
        ("php", "php-doctrine-orm"),
        ("javascript", "ol"),
    } <= held_out
    assert {language for language, _ in held_out} == set(recipe.languages)
    assert not [p for p in recipe.packages if "openjdk" in p.name or p.licence == "GPL"]
