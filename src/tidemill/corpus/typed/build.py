"""From a recipe to a packed set of types: fetched, labelled by the compiler, chosen, packed."""

import functools
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.core.choosing import chosen_executor
from tidemill.core.errors import InputError, MissingToolError
from tidemill.core.executor import Resources
from tidemill.core.files import make_private_directory
from tidemill.corpus.archive import Bounds, members
from tidemill.corpus.fetch import fetched
from tidemill.corpus.gathering import Surroundings, check_licence
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.recipe import Package, Recipe
from tidemill.corpus.registries import Client
from tidemill.corpus.typed.keeping import LabelledPackage, keep, kept, place_of
from tidemill.corpus.typed.labelling import labelled_files
from tidemill.corpus.typed.packed import write_types
from tidemill.corpus.typed.reading import files_of
from tidemill.corpus.typed.selection import chosen_files, select_files
from tidemill.source.typescript.compiler import Compiler, compiler_in

if TYPE_CHECKING:
    from tidemill.corpus.typed.labelled import LabelledFile

__all__ = ["build_types"]

COMPILER_MEMBER_BYTES = 64 << 20


def build_types(
    recipe: Recipe, compiler: Package, *, output: Path, around: Surroundings
) -> PackedCorpus:
    """Build a packed set of types.

    Args:
        recipe: What to read.
        compiler: The pinned compiler that labels.
        output: The folder to write; a packed set that is there is replaced.
        around: Where to keep what was fetched, who fetches, who listens.

    Raises:
        CapacityError: A client or the compiler took too long, or the disk is full.
        InputError: Something cannot be had, is not what the recipe says, or is
            under another licence; or nothing is left.
        MissingToolError: Node.js is not here.
        StoreError: The cache or the output cannot be written.
    """
    asked = _compiler(compiler, around)
    rows: defaultdict[str, list[LabelledFile]] = defaultdict(list)
    sources: list[dict[str, Any]] = []
    dropped: Counter[str] = Counter()
    for package, found in _labelled(recipe, asked, around):
        check_licence(package, found.licences)
        rows[package.split] += found.files
        dropped.update({f"file: {reason}": count for reason, count in found.left_out.items()})
        sources.append(_facts(package, found))
    around.progress.advance(len(recipe.packages), None, "looking for duplicates")
    splits, left = select_files(rows, recipe)
    if not splits["train"]:
        raise InputError(f"{recipe.name}: no file with a type is left to learn from")
    dropped += left
    used = Counter((row.file.package, split) for split, files in splits.items() for row in files)
    around.progress.advance(len(recipe.packages), None, "packing")
    return write_types(
        output,
        splits,
        {
            "name": recipe.name,
            "about": recipe.about,
            "recipe_hash": recipe.digest,
            "seed": recipe.seed,
            "compiler": f"{compiler.name} {compiler.version}",
            "sources": [one | {"examples": used[one["name"], one["split"]]} for one in sources],
            "dropped": dict(sorted(dropped.items())),
        },
    )


def _labelled(
    recipe: Recipe, compiler: Compiler, around: Surroundings
) -> Iterator[tuple[Package, LabelledPackage]]:
    """Yield every package with its labels, in order, from several workers at once."""
    executor = chosen_executor(around.settings, in_order=True)
    bench = _Bench(
        recipe=recipe,
        compiler=compiler,
        cache=around.cache,
        most_bytes=around.settings.max_file_bytes,
        client=around.client,
    )
    work = functools.partial(_work, bench=bench)
    resources = Resources(workers=around.settings.workers)
    outcomes = executor.map(work, [*recipe.packages], resources=resources)
    for done, outcome in enumerate(outcomes, start=1):
        found = kept(outcome.unwrap())
        if found is None:
            raise InputError(f"{outcome.shard}: what was kept of it is gone", hint="Build again.")
        around.progress.advance(done, len(recipe.packages), str(outcome.shard))
        yield outcome.shard, found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What a worker needs; it travels to other processes."""

    recipe: Recipe
    compiler: Compiler
    cache: Path
    most_bytes: int
    client: Client


def _work(package: Package, *, bench: _Bench) -> Path:
    """What a worker does: fetch a package and label it, or find that both was done before."""
    recipe, most = bench.recipe, bench.most_bytes
    limits = [bench.compiler.version, most, recipe.limits.package_bytes, recipe.seed]
    place = place_of(package, bench.cache, limits)
    if kept(place) is None:
        archive = fetched(package, bench.cache, bench.client)
        read = files_of(archive, only=package.only, most_bytes=most)
        chosen = chosen_files(read.texts, recipe)
        files = labelled_files(package, read.texts, chosen, compiler=bench.compiler)
        found = LabelledPackage(files=files, left_out=dict(read.left_out), licences=read.licences)
        keep(found, place)
    return place


def _compiler(package: Package, around: Surroundings) -> Compiler:
    """Return the pinned compiler, unpacked in the cache."""
    node = shutil.which("node")
    if node is None:
        hint = "Install it; the compiler that labels runs in it."
        raise MissingToolError("labelling types", tool="Node.js", hint=hint)
    folder = around.cache / "compilers" / package.sha256
    if not folder.exists():
        _unpack(fetched(package, around.cache, around.client), folder)
    found = compiler_in(folder, Path(node))
    if found is None:
        raise InputError(f"{package} is no TypeScript compiler that can be asked")
    return found


def _unpack(archive: Path, folder: Path) -> None:
    make_private_directory(folder.parent)
    with tempfile.TemporaryDirectory(prefix=".compiler-", dir=folder.parent) as name:
        draft = Path(name) / "package"
        draft.mkdir()
        bounds = Bounds(member_bytes=COMPILER_MEMBER_BYTES)
        for member in members(archive, _is_compiler, bounds):
            path = draft / member.path.partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(member.data)
        draft.rename(folder)


def _is_compiler(path: str) -> bool:
    inner = path.partition("/")[2]
    is_library = inner.startswith("lib/lib.") and inner.endswith(".d.ts")
    return inner in {"package.json", "lib/typescript.js"} or is_library


def _facts(package: Package, found: LabelledPackage) -> dict[str, Any]:
    names = ("registry", "name", "version", "sha256", "licence", "language", "family", "split")
    sites = sum(len(row.sites) for row in found.files)
    return {name: getattr(package, name) for name in names} | {
        "files": len(found.files),
        "sites": sites,
    }
