"""A recipe's file becomes a recipe, or an error that names its line."""

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.corpus.example import COLUMNS, SPLITS
from tidemill.corpus.licence import PERMISSIVE, is_allowed
from tidemill.corpus.recipe import (
    IMAGE_SOURCES,
    LAYOUTS,
    REGISTRIES,
    TAKES,
    DataSet,
    ImageSource,
    Limits,
    Package,
    Recipe,
    Registry,
)
from tidemill.corpus.tables import Table, one_of, parsed
from tidemill.source.language import LANGUAGES

__all__ = ["built_in", "read_recipe"]

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LARGEST_SIDE, MOST_IMAGES = 512, 1_000_000
DATA = "data:"
"""How the path of a benchmark begins: it counts from the setting `data`."""

RECIPES = resources.files("tidemill.corpus") / "recipes"
FILLED = frozenset(COLUMNS) - {"id", "package", "family", "licence", "path", "line"}
"""Columns that a field of one's own data can fill."""


def built_in() -> tuple[str, ...]:
    """Return the names of the recipes that come with Tidemill."""
    names = (entry.name for entry in RECIPES.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_recipe(recipe: str, settings: Settings) -> Recipe:
    """Read a recipe.

    Args:
        recipe: The name of one that comes with Tidemill, or the path of a file.
        settings: Where benchmark data lie.

    Raises:
        InputError: There is no such recipe, or something in it is wrong; the
            error names the line.
        SettingError: It needs benchmark data, and nothing says where they are.
    """
    text, path = _text_of(recipe)
    table = parsed(text, path)
    version = table.optional("format", FORMAT)
    if version != FORMAT:
        raise table.error(f"format {version} is of another Tidemill", "format")
    name = table.needed("name", str)
    if NAME.fullmatch(name) is None:
        raise table.error(f"name = {name!r}", "name", hint="Small letters, digits and hyphens.")
    languages = tuple(_language(table, word) for word in table.texts("languages"))
    packages, digests = _borrowed(table, languages, settings)
    packages += [p for group in table.rows("packages", "language") for p in _packages(group)]
    made = Recipe(
        name=name,
        about=table.optional("about", ""),
        digest=content_hash("\n".join([text, *digests]).encode()),
        seed=table.optional("seed", 0),
        take=one_of(table, "take", table.optional("take", TAKES[0]), TAKES),
        languages=languages,
        licences=frozenset(table.texts("licences")) or PERMISSIVE,
        limits=_limits(table.inner("limits")),
        packages=tuple(packages),
        sets=tuple(_set(row, Path(path).parent, settings) for row in table.rows("sets", "name")),
        images=_images(table.inner("images"), Path(path).parent, settings),
        compiler=_compiler(table.inner("compiler")),
    )
    table.finish()
    _check(made, table)
    return made


def _text_of(recipe: str) -> tuple[str, str]:
    """Return a recipe's text, and its path as errors name it."""
    if recipe in built_in():
        return (RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"), f"{recipe}.toml"
    try:
        return Path(recipe).read_text(encoding="utf-8"), recipe
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = f"Those that come with Tidemill: {', '.join(built_in())}."
        raise InputError(f"the recipe cannot be read: {reason}", path=recipe, hint=hint) from error


def _language(table: Table, name: str) -> str:
    return one_of(table, "language", name, [*LANGUAGES])


def _limits(table: Table) -> Limits:
    plain = Limits()
    limits = Limits(
        equal=table.optional("equal", plain.equal),
        near=table.optional("near", plain.near),
        share=table.optional("share", plain.share),
        longest_bytes=table.optional("longest_bytes", plain.longest_bytes),
        held_out=table.optional("held_out", plain.held_out),
        package_bytes=table.optional("package_bytes", plain.package_bytes),
        documented=table.counts("documented"),
        undocumented=table.counts("undocumented"),
    )
    table.finish()
    for key in ("near", "share"):
        if not 0 <= getattr(limits, key) <= 1:
            raise table.error(f"{key} = {getattr(limits, key)} is not from 0 to 1", key)
    for name in [*limits.documented, *limits.undocumented]:
        _language(table, name)
    return limits


def _borrowed(
    table: Table, languages: Sequence[str], settings: Settings
) -> tuple[list[Package], list[str]]:
    """Return the packages of other recipes, and those recipes' hashes."""
    others = [read_recipe(name, settings) for name in table.texts("packages_of")]
    packages = [
        package
        for other in others
        for package in other.packages
        if not languages or package.language in languages
    ]
    return packages, [other.digest for other in others]


def _packages(group: Table) -> Iterator[Package]:
    """Return the packages of one group: they share a registry, a language and a split."""
    registry = one_of(group, "registry", group.needed("registry", str), REGISTRIES)
    language = _language(group, group.needed("language", str))
    split = one_of(group, "split", group.optional("split", "train"), SPLITS)
    pins = group.rows("pins", "name")
    group.finish()
    for pin in pins:
        yield _package(pin, registry, language, split)


def _package(pin: Table, registry: Registry, language: str, split: str) -> Package:
    name = pin.needed("name", str)
    package = Package(
        registry=registry,
        name=name,
        version=pin.needed("version", str),
        sha256=pin.needed("sha256", str),
        licence=pin.needed("licence", str),
        language=language,
        family=pin.optional("family", "") or _family(name),
        split=split,
        only=pin.texts("only"),
    )
    pin.finish()
    if SHA256.fullmatch(package.sha256) is None:
        raise pin.error(f"{name}: sha256 is not 64 small hexadecimal digits", package.sha256)
    return package


def _compiler(table: Table) -> Package | None:
    """Return the compiler that labels types; None for a set of something else."""
    if not table:
        return None
    return _package(table, "npm", "typescript", "train")


def _family(name: str) -> str:
    """Return what a package belongs to when nobody says: its scope, or itself alone."""
    return name.partition("/")[0] if name.startswith("@") else name


def _set(row: Table, home: Path, settings: Settings) -> DataSet:
    """Return a set; its paths count from the recipe's folder or from the setting `data`."""
    layout = one_of(row, "layout", row.needed("layout", str), LAYOUTS)
    fields = {column: words[0] for column, words in row.words("fields").items()}
    made = DataSet(
        name=row.needed("name", str),
        layout=layout,
        files={
            one_of(row, "split", split, SPLITS): tuple(_place(p, home, settings) for p in paths)
            for split, paths in row.words("files").items()
        },
        languages=tuple(_language(row, name) for name in row.texts("languages")),
        licence=row.optional("licence", "unknown"),
        fields={one_of(row, "field", column, sorted(FILLED)): f for column, f in fields.items()},
        pairs={
            one_of(row, "split", split, SPLITS): _place(paths[0], home, settings)
            for split, paths in row.words("pairs").items()
        },
        kinds=row.texts("kinds"),
        unwrap=row.optional("unwrap", default=False),
    )
    row.finish()
    if not made.files:
        raise row.error(f"set {made.name} has no files", hint='files = { train = "..." }')
    return made


def _images(table: Table, home: Path, settings: Settings) -> ImageSource | None:
    """Return where images come from; None for a set of code."""
    if not table:
        return None
    kind = one_of(table, "source", table.needed("source", str), IMAGE_SOURCES)
    files = table.needed("files", str) if kind == "folders" else ""
    made = ImageSource(
        kind=kind,
        path=_place(files, home, settings),
        side=table.optional("side", 32),
        valid=table.optional("valid", 0.1),
        count=table.optional("count", 4_000) if kind == "textures" else 0,
        origin=table.optional("origin", ""),
        licence=table.optional("licence", "unknown"),
    )
    table.finish()
    for key, most in (("side", LARGEST_SIDE), ("count", MOST_IMAGES)):
        if not 0 <= getattr(made, key) <= most:
            raise table.error(f"{key} = {getattr(made, key)} is not from 0 to {most:,}", key)
    if not 0 < made.valid < 1:
        raise table.error(f"valid = {made.valid} is not between 0 and 1", "valid")
    return made


def _place(path: str, home: Path, settings: Settings) -> Path:
    if not path.startswith(DATA):
        return home / path
    if settings.data is None:
        raise SettingError(
            f"{path} is benchmark data, and the setting data does not say where those are",
            hint="set TIDEMILL_DATA to the folder",
        )
    return settings.data / path.removeprefix(DATA)


def _check(recipe: Recipe, table: Table) -> None:
    """Refuse a family in two splits, a licence that is not let in, and a package said twice."""
    homes: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for package in recipe.packages:
        words = f'"{package.name}"'
        if homes.setdefault(package.family, package.split) != package.split:
            other = homes[package.family]
            message = (
                f"family {package.family} is in {other} and, with {package}, in {package.split}"
            )
            raise table.error(message, words, hint="Keep a family in one split.")
        if not is_allowed(package.licence, recipe.licences):
            hint = f"Let in: {', '.join(sorted(recipe.licences))}."
            raise table.error(f"{package}: {package.licence} is not let in", words, hint=hint)
        identity = (package.registry, package.name, package.language)
        if identity in seen:
            raise table.error(f"{package} is named twice", words)
        seen.add(identity)
    _check_kind(recipe, table)


def _check_kind(recipe: Recipe, table: Table) -> None:
    """Refuse a set that would hold things of several kinds, or nothing."""
    if (recipe.take == "types") != (recipe.compiler is not None):
        hint = 'take = "types" goes with [compiler], and the other way round.'
        raise table.error("types need a compiler", "take", hint=hint)
    if recipe.take == "types" and (recipe.sets or recipe.images):
        raise table.error("a set of types is made of packages alone", "take")
    if recipe.images and (recipe.packages or recipe.sets or recipe.languages):
        raise table.error("a set holds code or images, not both", "[images]")
    if not recipe.packages and not recipe.sets and not recipe.images:
        raise table.error("the recipe names no packages, no sets and no images")
