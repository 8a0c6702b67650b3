"""Types for the sites of a package: what its authors wrote, and what the compiler infers.

Training learns from both, as ManyTypes4TypeScript does; what is measured is what authors
wrote, alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tidemill.core.errors import ParseTimeoutError, TidemillError
from tidemill.core.hashing import content_hash
from tidemill.corpus.recipe import Package
from tidemill.corpus.typed.labelled import LabelledFile, LabelledSite, TypedFile
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES, language_of
from tidemill.source.parsing import parse
from tidemill.source.typescript.compiler import Compiler
from tidemill.source.typescript.service import CompilerService

__all__ = ["labelled_files"]

ROOT = Path("/package")
"""Where the compiler is told that the files lie; nothing of a package is written down."""

LONGEST_LABEL, LONGEST_INFERRED = 200, 60
PARSE_SECONDS = 10.0

Sites = dict[str, tuple[TypeSite, ...]]


def labelled_files(
    package: Package,
    texts: Mapping[str, bytes],
    chosen: Sequence[str],
    *,
    compiler: Compiler,
) -> list[LabelledFile]:
    """Label the sites of some files of a package.

    Args:
        package: Whose files they are.
        texts: All its files, by path: types are looked up in them.
        chosen: Paths of those that are labelled.
        compiler: Who infers.

    Returns:
        The files that have a label, in the order of ``chosen``.

    Raises:
        CapacityError: The compiler took too long, or ran out of memory.
    """
    sites = _sites(texts, chosen)
    blanked = {path: stripped(texts[path], own) for path, own in sites.items()}
    with CompilerService(compiler, ROOT, []) as service:
        service.update(texts)
        inferred = {path: _types(service, path, own) for path, own in sites.items()}
        service.update(blanked)
        left = {path: _types(service, path, own) for path, own in sites.items()}
    found = []
    for path, own in sites.items():
        labels = _labelled(texts[path], own, inferred[path], left[path])
        if labels:
            file = _file(package, path, texts[path], blanked[path])
            found.append(LabelledFile(file=file, sites=labels))
    return found


def _sites(texts: Mapping[str, bytes], chosen: Sequence[str]) -> Sites:
    """Return the sites of files that can be parsed whole."""
    sites: Sites = {}
    for path in chosen:
        language = language_of(path)
        if language is None:
            continue
        try:
            tree = parse(texts[path], language, seconds=PARSE_SECONDS, path=path)
        except ParseTimeoutError:
            continue
        if not tree.errors:
            sites[path] = sites_of(tree)
    return sites


def _types(service: CompilerService, path: str, sites: Sequence[TypeSite]) -> list[str | None]:
    try:
        return service.types(path, sites)
    except TidemillError as error:
        if error.exit_code != TidemillError.exit_code:
            raise
        # A file that the compiler cannot digest: what its authors wrote stays.
        return [None] * len(sites)


def _labelled(
    text: bytes,
    sites: Sequence[TypeSite],
    inferred: Sequence[str | None],
    left: Sequence[str | None],
) -> tuple[LabelledSite, ...]:
    found = []
    for site, own, compiler in zip(sites, inferred, left, strict=True):
        user = site.type is not None
        written = site.type.of(text).decode("utf-8", "replace") if site.type else own or ""
        label = written.strip()
        if not _is_taught(label, user=user):
            continue
        found.append(
            LabelledSite(
                file=0,
                kind=site.kind,
                name=site.name,
                start=site.place.start,
                end=site.place.end,
                label=label,
                user=user,
                compiler=compiler or "",
            )
        )
    return tuple(found)


def _is_taught(label: str, *, user: bool) -> bool:
    """Whether a label is one that a person would write at this place."""
    if not label or label == "any":
        return False
    if user:
        return len(label) <= LONGEST_LABEL
    return len(label) <= LONGEST_INFERRED and "=>" not in label and "{" not in label


def _file(package: Package, path: str, text: bytes, blanked: bytes) -> TypedFile:
    language = language_of(path) or LANGUAGES["typescript"]
    return TypedFile(
        id=content_hash(text)[:16],
        language=language.name,
        package=package.name,
        family=package.family,
        licence=package.licence,
        path=path,
        code=blanked.decode("utf-8", "replace"),
    )
