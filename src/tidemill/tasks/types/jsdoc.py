"""Types of JavaScript in comments: ``@param``, ``@returns``, ``@type``, as TypeScript reads them.

A function that is a statement, a method or the one value of a declaration has its types in the
block above it, which is made where there is none; whatever else has them right before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tidemill.source.annotations.site import TypeSite
from tidemill.source.typescript.syntax.anchors import Anchor, anchors_of
from tidemill.tasks.types.blocks import Tag, merged, new_block
from tidemill.tasks.types.edits import Insertion
from tidemill.tasks.types.naming import Import
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile

__all__ = ["jsdoc_insertions", "jsdoc_text"]

RESULTS, OPENS, DOCUMENTS, CLOSES = 0, 1, 2, 3
"""Order of what is inserted at one place."""


def jsdoc_insertions(
    file: ProjectFile, offers: Mapping[int, Offer]
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    """Yield what puts types into a file of JavaScript, each with the sites it is for.

    Args:
        file: The file.
        offers: What is written, by number of the site.
    """
    anchors = anchors_of(file.tree, file.sites)
    blocks: defaultdict[Anchor, list[int]] = defaultdict(list)
    enclosed: set[int] = set()
    for number, offer in offers.items():
        site, anchor = file.sites[number], anchors.get(number)
        text = jsdoc_text(offer)
        if text is None:
            continue
        if anchor is not None:
            blocks[anchor].append(number)
            continue
        is_result = site.kind == "return"
        words = f"/** @{'returns' if is_result else 'type'} {{{text}}} */ ".encode()
        rank = RESULTS if is_result else DOCUMENTS
        yield Insertion(at=_start(site, file.text), rank=rank, text=words), (number,)
        if site.enclose is not None and site.kind == "parameter":
            enclosed.add(number)
    yield from _parentheses(file, enclosed)
    for anchor, numbers in blocks.items():
        numbers.sort(key=lambda number: file.sites[number].kind == "return")
        tags = [_tag(file.sites[number], offers[number]) for number in numbers]
        yield from _in_block(file, anchor, list(zip(numbers, tags, strict=True)))


def jsdoc_text(offer: Offer) -> str | None:
    """Return a type as a comment says it, foreign names with where they are from.

    None where the type itself would end the comment.
    """
    names = {one.local: _imported(one) for one in offer.imports}
    text = offer.type.renamed(names)
    return None if "*/" in text else text


def _imported(one: Import) -> str:
    return f"import('{one.module}').{one.exported}"


def _parentheses(
    file: ProjectFile, numbers: Iterable[int]
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    for number in sorted(numbers):
        span = file.sites[number].enclose
        if span is not None:
            yield Insertion(at=span.start, rank=OPENS, text=b"("), (number,)
            yield Insertion(at=span.end, rank=CLOSES, text=b")"), (number,)


def _start(site: TypeSite, text: bytes) -> int:
    """Return where a parameter, variable or function begins."""
    if site.kind == "return":
        return site.function if site.function is not None else site.place.start
    if site.form == "rest":
        return text.rfind(b"...", 0, site.place.start)
    return site.place.start


def _tag(site: TypeSite, offer: Offer) -> Tag:
    text = jsdoc_text(offer) or ""
    if site.kind == "return":
        return Tag(word="returns", type=text)
    if site.kind != "parameter":
        return Tag(word="type", type=text)
    if site.form == "rest":
        text = f"...{text.removesuffix('[]')}" if text.endswith("[]") else f"...{text}[number]"
    return Tag(word="param", type=text, name=site.name)


def _in_block(
    file: ProjectFile, anchor: Anchor, tags: list[tuple[int, Tag]]
) -> Iterator[tuple[Insertion, tuple[int, ...]]]:
    if anchor.comment is not None:
        return merged(file.text, anchor.comment, tags, newline=file.newline)
    return new_block(anchor.start, tags, anchor.indent, newline=file.newline)
