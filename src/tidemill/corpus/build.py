"""From a recipe to a packed training set."""

import functools
import json
import os
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tidemill.core.errors import InputError, SettingError
from tidemill.core.executor import Executor, InlineExecutor, Resources
from tidemill.core.files import make_private_directory, write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.processes import ProcessExecutor
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.corpus.documented import DocumentedFunction
from tidemill.corpus.example import SPLITS, Example
from tidemill.corpus.fetch import fetched
from tidemill.corpus.harvest import EDITION, Harvest, HarvestedFile, harvest
from tidemill.corpus.packed import PackedCorpus, write_corpus
from tidemill.corpus.recipe import Package, Recipe, read_recipe
from tidemill.source.language import LANGUAGES
from tidemill.corpus.selection import ORDER, capped, limited, without_equals, without_near

__all__ = ["BuildReport", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    folder: Path
    manifest: dict


def build(recipe: str, *, output: Path, cache: Path | None = None, settings: Settings | None = None, progress: Progress | None = None) -> BuildReport:
    settings = settings or resolve().settings
    progress = progress or Silence()
    cache = cache or default_cache()
    plan = read_recipe(recipe)
    make_private_directory(cache / "functions")
    rows, facts, dropped = _harvested(plan, cache, settings, progress)
    progress.advance(len(rows), None, "equal functions")
    rows = without_equals(rows, dropped)
    if plan.limits.near:
        progress.advance(len(rows), None, "near duplicates")
        rows = without_near(rows, plan.limits.near, dropped)
    splits = {split: [e for s, e in rows if s == split] for split in SPLITS}
    for split in ("valid", "test"):
        kept = [e for e in splits[split] if e.query]
        dropped["undocumented"] += len(splits[split]) - len(kept)
        most = dict.fromkeys(LANGUAGES, plan.limits.held_out)
        splits[split] = limited(kept, replace(plan.limits, documented=most), plan.seed, dropped)
    splits["train"] = limited(splits["train"], plan.limits, plan.seed, dropped)
    splits["train"] = capped(splits["train"], plan.limits.share, plan.seed, dropped)
    counts = Counter((e.package, e.language) for rows in splits.values() for e in rows)
    pairs = Counter((e.package, e.language) for rows in splits.values() for e in rows if e.query)
    packages = [
        {**asdict(p), "only": list(p.only), **facts[p.sha256], "examples": counts[p.name, p.language], "documented": pairs[p.name, p.language]}
        for p in plan.packages
    ]
    progress.advance(len(rows), None, "packing")
    corpus = write_corpus(output, splits, {"name": plan.name, "about": plan.about, "recipe": recipe if "/" not in recipe else Path(recipe).name, "recipe_hash": plan.digest, "dropped": dict(sorted(dropped.items())), "packages": packages})
    return BuildReport(folder=output, manifest=dict(corpus.manifest))


def default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "tidemill" / "corpus"


def _harvested(plan: Recipe, cache: Path, settings: Settings, progress: Progress):
    executor: Executor = ProcessExecutor(in_order=True) if settings.workers > 1 else InlineExecutor()
    dropped: Counter[str] = Counter()
    rows: list[tuple[str, Example]] = []
    facts = {}
    seen: set[str] = set()
    packages = sorted(plan.packages, key=lambda p: ORDER.index(p.split))
    outcomes = executor.map(functools.partial(prepared, cache=cache, settings=settings), packages, resources=Resources(workers=settings.workers))
    for number, outcome in enumerate(outcomes, 1):
        package = outcome.shard
        kept = read_harvest(Path(outcome.unwrap()))
        facts[package.sha256] = {"files": len(kept.files), "functions": sum(len(f.functions) for f in kept.files)}
        for reason, count in kept.left_out.items():
            dropped[f"file: {reason}"] += count
        for file in kept.files:
            if file.hash in seen:
                dropped["file: equal file"] += 1
                continue
            seen.add(file.hash)
            for f in file.functions:
                if not f.query and (package.split != "train" or f.language not in plan.limits.undocumented):
                    dropped["undocumented"] += 1
                    continue
                if len(f.code.encode()) > plan.limits.longest_bytes:
                    dropped["long function"] += 1
                    continue
                rows.append((package.split, example_of(f, package)))
        progress.advance(number, len(packages), str(package))
    return rows, facts, dropped


def example_of(f: DocumentedFunction, package: Package) -> Example:
    identity = content_hash("\0".join((f.language, f.query, f.code)).encode("utf-8", "surrogatepass"))[:16]
    return Example(id=identity, language=f.language, package=package.name, family=package.family, licence=package.licence, path=f.path, line=f.line, name=f.name, qualified_name=f.qualified_name, query=f.query, code=f.code, group="")


def prepared(package: Package, *, cache: Path, settings: Settings) -> str:
    key = content_hash(json.dumps([EDITION, package.sha256, package.language, package.only, settings.max_file_bytes, settings.parse_seconds]).encode())
    target = cache / "functions" / f"{key}.json.z"
    if not target.exists():
        archive = fetched(package, cache)
        found = harvest(package, archive, settings)
        fields = DocumentedFunction.__slots__
        data = {"left_out": found.left_out, "licences": sorted(found.licences), "files": [[f.path, f.hash, [[getattr(x, n) for n in fields] for x in f.functions]] for f in found.files]}
        write_atomically(target, zlib.compress(json.dumps(data).encode("utf-8", "surrogatepass"), 1))
    return str(target)


def read_harvest(path: Path) -> Harvest:
    data = json.loads(zlib.decompress(path.read_bytes()))
    fields = DocumentedFunction.__slots__
    return Harvest(left_out=data["left_out"], licences=frozenset(data["licences"]), files=tuple(HarvestedFile(path=p, hash=h, functions=tuple(DocumentedFunction(**dict(zip(fields, x))) for x in fs)) for p, h, fs in data["files"]))
