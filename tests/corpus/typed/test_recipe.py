"""Recipes of sets of types: the one that comes along is right, and wrong ones say where."""

from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.corpus.recipe import Recipe
from tidemill.corpus.recipe_file import built_in, read_recipe

HASH = "0" * 64
COMPILER = f"""
[compiler]
name = "typescript"
version = "5.9.3"
licence = "Apache-2.0"
sha256 = "{HASH}"
"""
PACKAGES = f"""
[[packages]]
language = "typescript"
registry = "npm"
pins = [{{ name = "@acme/pond", version = "1", licence = "MIT", sha256 = "{HASH}" }}]
[[packages]]
language = "typescript"
registry = "npm"
split = "test"
pins = [{{ name = "mill", version = "1", licence = "MIT", sha256 = "{HASH}" }}]
"""
TEXT = 'name = "own"\ntake = "types"\n[limits]\npackage_bytes = 9\n' + COMPILER + PACKAGES


def read(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return read_recipe(str(path), Settings())


def test_a_recipe_of_types_names_its_compiler(tmp_path: Path) -> None:
    recipe = read(tmp_path, TEXT)
    assert (recipe.take, recipe.limits.package_bytes) == ("types", 9)
    assert recipe.compiler is not None
    assert (recipe.compiler.registry, str(recipe.compiler)) == ("npm", "npm:typescript 5.9.3")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((COMPILER, ""), "types need a compiler"),
        (('take = "types"\n', ""), "types need a compiler"),
        (('"types"', '"all"'), "types need a compiler"),
        (('version = "5.9.3"\n', ""), "version is missing"),
        (('name = "typescript"\n', ""), "name is missing"),
        (('version = "5.9.3"', 'version = "5.9.3"\nkind = "tsc"'), "unknown key kind"),
        (('sha256 = "0', 'sha256 = "x'), "typescript: sha256 is not 64"),
        (("package_bytes = 9", 'package_bytes = "9"'), "package_bytes"),
        (('"mill"', '"@acme/mill"'), "family @acme is in train and, with npm:@acme/mill 1"),
        (
            (
                "[compiler]",
                '[[sets]]\nname = "m"\nlayout = "table"\nfiles = { train = ["a"] }\n[compiler]',
            ),
            "a set of types is made of packages alone",
        ),
    ],
)
def test_wrong_recipes_say_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    assert change[0] in TEXT
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, TEXT.replace(*change, 1))
    assert caught.value.path == str(tmp_path / "own.toml")


def test_the_recipe_that_comes_along_holds_families_apart() -> None:
    assert "types" in built_in()
    recipe = read_recipe("types", Settings())
    assert recipe.take == "types"
    assert recipe.compiler is not None
    # 7 has no interface for programs.
    assert recipe.compiler.version.startswith("5.")
    splits = {split: {p.family for p in recipe.packages if p.split == split} for split in SPLITS}
    assert all(splits.values())
    assert not splits["train"] & splits["test"]
    assert not splits["valid"] & (splits["train"] | splits["test"])
    # Packages of one publisher are one family.
    scopes: dict[str, set[str]] = {}
    for package in recipe.packages:
        if package.name.startswith("@"):
            scopes.setdefault(package.name.partition("/")[0], set()).add(package.split)
    assert {scope: found for scope, found in scopes.items() if len(found) > 1} == {}


SPLITS = ("train", "valid", "test")
