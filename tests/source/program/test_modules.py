import json

import pytest

from tidemill.source.program.modules import Modules, package_of

PATHS = (
    "app.ts",
    "lib/index.js",
    "lib/part.tsx",
    "lib/old.cjs",
    "lib/types.d.ts",
    "pack/src/main.ts",
    "pack/src/feature/one.ts",
    "pack/inner.js",
    "both.js",
    "both/index.ts",
)
MANIFESTS = {
    "pack/package.json": json.dumps(
        {
            "name": "@own/pack",
            "main": "./src/main.js",
            "exports": {
                ".": {"types": "./gone.d.ts", "import": "./src/main.js"},
                "./features/*": "./src/feature/*.js",
                "./closed": None,
            },
        }
    ).encode(),
    "lib/package.json": b'{"name": "own-lib", "main": "part"}',
    "bad/package.json": b"{" * 100_000,
    "worse/package.json": b"[1]",
}


@pytest.mark.parametrize(
    ("importer", "specifier", "found"),
    [
        ("app.ts", "./lib", "lib/part.tsx"),
        ("app.ts", "./lib/index", "lib/index.js"),
        ("app.ts", "./lib/part", "lib/part.tsx"),
        ("app.ts", "./lib/part.js", "lib/part.tsx"),
        ("app.ts", "./lib/part.jsx", "lib/part.tsx"),
        ("app.ts", "./lib/old.cjs", "lib/old.cjs"),
        ("app.ts", "./lib/old", "lib/old.cjs"),
        ("app.ts", "./lib/types", "lib/types.d.ts"),
        ("app.ts", "./both", "both.js"),
        ("app.ts", "./both/", "both.js"),
        ("lib/part.tsx", "../app", "app.ts"),
        ("lib/part.tsx", ".", "lib/part.tsx"),
        ("lib/part.tsx", "../../../app", None),
        ("app.ts", "./gone", None),
        ("app.ts", "lib", None),
        ("app.ts", "express", None),
        ("app.ts", "own-lib", "lib/part.tsx"),
        ("app.ts", "own-lib/old", "lib/old.cjs"),
        ("app.ts", "@own/pack", "pack/src/main.ts"),
        ("app.ts", "@own/pack/features/one", "pack/src/feature/one.ts"),
        ("app.ts", "@own/pack/inner.js", "pack/inner.js"),
        ("app.ts", "@own/pack/closed", None),
        ("app.ts", "@own/other", None),
        ("app.ts", "", None),
    ],
)
def test_what_a_specifier_means(importer: str, specifier: str, found: str | None) -> None:
    assert Modules(PATHS, MANIFESTS).resolve(importer, specifier) == found


@pytest.mark.parametrize(
    ("specifier", "name"),
    [
        ("fs", "fs"),
        ("node:fs/promises", "fs.promises"),
        ("@scope/name/a/b", "@scope/name.a.b"),
        ("lodash/get", "lodash.get"),
    ],
)
def test_the_name_of_a_foreign_module(specifier: str, name: str) -> None:
    assert package_of(specifier) == name


@pytest.mark.parametrize(
    ("manifest", "entries"),
    [
        ({"main": "lib/b.js"}, ["lib/b.js", "other/d.js"]),
        (
            {"exports": {".": "./a.js", "./b": {"import": "./lib/b.js"}}},
            ["a.js", "lib/b.js", "other/d.js"],
        ),
        ({"main": "gone.js"}, ["a.js", "lib/b.js", "other/d.js"]),
        (None, ["a.js", "lib/b.js", "other/c.js", "other/d.js"]),
    ],
)
def test_what_others_load(manifest: dict[str, object] | None, entries: list[str]) -> None:
    manifests = (
        {}
        if manifest is None
        else {
            "package.json": json.dumps(manifest).encode(),
            "other/package.json": b'{"main": "d"}',
        }
    )
    modules = Modules(["a.js", "lib/b.js", "other/c.js", "other/d.js"], manifests)
    assert list(modules.entries()) == entries


def test_what_runs_comes_before_what_only_declares_it() -> None:
    modules = Modules(["index.d.ts", "index.js", "only.d.ts"], {"package.json": b'{"name": "a"}'})
    assert modules.entries() == ("index.js",)
    assert modules.resolve("index.js", "./only") == "only.d.ts"
