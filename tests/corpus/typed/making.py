"""Labelled files and packages of our own, with and without a compiler."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.corpus.making import tarred
from tidemill.core.hashing import content_hash
from tidemill.corpus.recipe import Limits, Package, Recipe
from tidemill.corpus.typed.labelled import LabelledFile, LabelledSite, TypedFile
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse


def labelled(
    text: str,
    *,
    package: str = "pond",
    family: str = "",
    path: str = "src/a.ts",
    inferred: Mapping[str, tuple[str, str]] | None = None,
) -> LabelledFile:
    """A file with the labels that its author wrote.

    Args:
        text: TypeScript with annotations.
        package: Whose it is.
        family: Of the package.
        path: Inside it.
        inferred: For names without annotation, what the compiler infers, and what it infers
            once all annotations are gone.
    """
    data = text.encode()
    sites = sites_of(parse(data, LANGUAGES["typescript"]))
    found = []
    for site in sites:
        label, left = (inferred or {}).get(site.name, ("", "any"))
        if site.type is not None:
            label = site.type.of(data).decode()
        if label:
            found.append(
                LabelledSite(
                    file=0,
                    kind=site.kind,
                    name=site.name,
                    start=site.place.start,
                    end=site.place.end,
                    label=label,
                    user=site.type is not None,
                    compiler=left,
                )
            )
    file = TypedFile(
        id=content_hash(data)[:16],
        language="typescript",
        package=package,
        family=family or package,
        licence="MIT",
        path=path,
        code=stripped(data, sites).decode(),
    )
    return LabelledFile(file=file, sites=tuple(found))


def package_of(name: str = "pond", **changes: object) -> Package:
    facts: dict[str, object] = {
        "registry": "npm",
        "name": name,
        "version": "1.0",
        "sha256": "0" * 64,
        "licence": "MIT",
        "language": "typescript",
        "family": name,
        "split": "train",
        "only": (),
    }
    return Package(**(facts | changes))  # type: ignore[arg-type]  # the fields above


def recipe_of(*packages: Package, seed: int = 0, **limits: object) -> Recipe:
    return Recipe(
        name="own",
        about="",
        digest="digest",
        seed=seed,
        take="types",
        languages=("typescript",),
        licences=frozenset({"MIT"}),
        limits=Limits(**limits),  # type: ignore[arg-type]  # fields of limits
        packages=packages,
        sets=(),
        compiler=package_of("typescript"),
    )


def npm(folder: Path, name: str, files: Mapping[str, str], *, licence: str = "MIT") -> Path:
    """Write the archive of a package as npm packs it."""
    inside = {f"package/{path}": text for path, text in files.items()}
    facts = json.dumps({"name": name, "license": licence})
    return tarred(folder / f"{name}-1.0.tgz", {"package/package.json": facts} | inside)


def compiler_archive(folder: Path, version: str = "5.9.3", *, whole: bool = True) -> Path:
    """Write the archive of something that calls itself the compiler."""
    facts = json.dumps({"name": "typescript", "version": version})
    files = {"package/package.json": facts, "package/README.md": "never read"}
    if whole:
        files["package/lib/typescript.js"] = "throw new Error('asked');"
        files["package/lib/lib.d.ts"] = "interface Array<T> {}"
    return tarred(folder / f"typescript-{version}.tgz", files)
