"""Which file a module specifier means.

Files are named by their path in the program, with ``/``. A relative specifier is tried as
it is, with the endings of JavaScript and TypeScript, as a folder with an index or a
manifest; ``.js`` may be written for what is ``.ts``, as TypeScript asks for. A bare one is
a file only where a manifest of the program itself has that name.
"""

import json
import posixpath
from collections.abc import Collection, Mapping
from typing import TypeGuard

__all__ = ["MANIFEST", "Modules", "package_of"]

MANIFEST = "package.json"
ENDINGS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".d.ts")
WRITTEN_FOR = {
    ".js": (".ts", ".tsx"),
    ".jsx": (".tsx",),
    ".mjs": (".mts",),
    ".cjs": (".cts",),
}
CONDITIONS = ("source", "import", "module", "require", "node", "default", "types")
MAINS = ("source", "module", "main")
DEEPEST_CONDITION = 8


class Modules:
    """Resolves the specifiers of a program's files.

    Args:
        paths: The program's files.
        manifests: The text of every ``package.json`` by its path; those that cannot be
            read as JSON are left out.
    """

    def __init__(self, paths: Collection[str], manifests: Mapping[str, bytes]) -> None:
        self._paths = frozenset(paths)
        self._manifests: dict[str, Mapping[str, object]] = {}
        self._packages: dict[str, str] = {}
        for path in sorted(manifests):
            facts = _read(manifests[path])
            folder = posixpath.dirname(path)
            if facts is not None:
                self._manifests[folder] = facts
                name = facts.get("name")
                if isinstance(name, str) and name:
                    self._packages.setdefault(name, folder)

    def resolve(self, importer: str, specifier: str) -> str | None:
        """Return the file that a specifier means in a file, or None for a foreign package."""
        if specifier.startswith((".", "/")):
            folder = posixpath.dirname(importer)
            return self._at(posixpath.normpath(posixpath.join(folder, specifier)))
        name, inside = _split(specifier)
        folder_of_package = self._packages.get(name)
        if folder_of_package is None:
            return None
        return self._in_package(folder_of_package, inside)

    def entries(self) -> tuple[str, ...]:
        """Return the files that others load: those that manifests name.

        Where a manifest names none of its files, all are; so is a file outside of any package.
        """
        named = {folder: self._named(folder) for folder in self._manifests}
        packages = {path: self._package_around(path) for path in sorted(self._paths)}
        return tuple(
            path
            for path, folder in packages.items()
            if folder is None or not named[folder] or path in named[folder]
        )

    def _named(self, folder: str) -> frozenset[str]:
        """Return the files that a manifest names: its main one, and all that it exports."""
        exports = self._manifests[folder].get("exports")
        keys = [str(key) for key in exports if str(key)[:1] == "."] if _is_object(exports) else []
        inside = ["", *(key.removeprefix(".").strip("/") for key in keys)]
        found = (self._in_package(folder, place) for place in inside)
        return frozenset(path for path in found if path is not None)

    def _package_around(self, path: str) -> str | None:
        """Return the folder of the nearest manifest, or None."""
        folder = posixpath.dirname(path)
        while folder and folder not in self._manifests:
            folder = posixpath.dirname(folder)
        return folder if folder in self._manifests else None

    def _at(self, place: str) -> str | None:
        """Return the file at a place, with what may be left out of its name."""
        return self._file(place) or self._index(place)

    def _file(self, place: str) -> str | None:
        if place in self._paths:
            return place
        stem, ending = posixpath.splitext(place)
        candidates = [stem + other for other in WRITTEN_FOR.get(ending, ())]
        candidates += [place + other for other in ENDINGS]
        return next((path for path in candidates if path in self._paths), None)

    def _index(self, folder: str) -> str | None:
        facts = self._manifests.get(folder)
        for key in MAINS if facts is not None else ():
            main = facts.get(key) if facts is not None else None
            if isinstance(main, str) and main:
                place = posixpath.normpath(posixpath.join(folder, main))
                found = self._file(place) or self._file(posixpath.join(place, "index"))
                if found is not None:
                    return found
        return self._file(posixpath.join(folder, "index") if folder else "index")

    def _in_package(self, folder: str, inside: str) -> str | None:
        exports = self._manifests[folder].get("exports")
        target = _exported(exports, f"./{inside}" if inside else ".")
        if target is not None:
            return self._at(posixpath.normpath(posixpath.join(folder, target)))
        if not inside:
            return self._index(folder)
        return self._at(posixpath.normpath(posixpath.join(folder, inside)))


def package_of(specifier: str) -> str:
    """Return the name by which a foreign module is known.

    ``node:fs/promises`` is ``fs.promises``, ``@scope/name/part`` is ``@scope/name.part``.
    """
    name, inside = _split(specifier.removeprefix("node:"))
    return f"{name}.{inside.replace('/', '.')}" if inside else name


def _split(specifier: str) -> tuple[str, str]:
    """Split a bare specifier into the package and the path in it."""
    parts = specifier.split("/")
    count = 2 if specifier.startswith("@") else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _read(text: bytes) -> Mapping[str, object] | None:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def _exported(exports: object, key: str) -> str | None:
    """Return what a manifest's ``exports`` give for a subpath."""
    if isinstance(exports, str):
        return exports if key == "." else None
    if not isinstance(exports, dict):
        return None
    if not any(str(name).startswith(".") for name in exports):
        exports = {".": exports}
    return _conditional(exports[key]) if key in exports else _matching(exports, key)


def _matching(exports: Mapping[str, object], key: str) -> str | None:
    """Return what a pattern such as ``./features/*`` gives for a subpath."""
    for pattern, target in exports.items():
        head, star, tail = str(pattern).partition("*")
        if star and key.startswith(head) and key.endswith(tail) and len(key) >= len(head + tail):
            found = _conditional(target)
            middle = key[len(head) : len(key) - len(tail)]
            return None if found is None else found.replace("*", middle)
    return None


def _conditional(target: object) -> str | None:
    """Choose among a target's conditions, in the order of what is likeliest a source."""
    for _ in range(DEEPEST_CONDITION):
        if isinstance(target, str):
            return target
        if not isinstance(target, dict):
            return None
        target = next((target[name] for name in CONDITIONS if name in target), None)
    return None
