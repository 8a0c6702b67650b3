"""Types as the form of a site asks for them: what is collected, promised or yielded is wrapped."""

import re
from collections.abc import Iterator

from tidemill.source.annotations.site import TypeSite
from tidemill.source.typescript.syntax.wording import TypeText

__all__ = ["fitted"]

ARRAYS = frozenset({"Array", "ReadonlyArray", "Parameters", "ConstructorParameters"})
ARRAY_SHAPES = frozenset({"array_type", "tuple_type", "readonly_type"})
NAMED = frozenset({"type_identifier", "generic_type", "nested_type_identifier"})
CLOSED = NAMED | {"predefined_type", "array_type", "tuple_type", "object_type"}
"""Shapes before which ``[]`` needs no parentheses."""

GENERATORS = frozenset({"Generator", "Iterable", "IterableIterator", "Iterator", "IteratorObject"})
ASYNC = re.compile(rb"\basync\b")


def fitted(type_text: TypeText, site: TypeSite, text: bytes) -> Iterator[str]:
    """Yield the types that a site can have where somebody says that it has this one.

    What is said of an async function, a generator or a rest parameter may be meant of what it
    promises, yields or collects.

    Args:
        type_text: What is said.
        site: Of whom.
        text: The file.
    """
    if site.form == "rest":
        yield from _rest(type_text)
    elif site.form == "async" and type_text.head != "Promise":
        yield f"Promise<{type_text.text}>"
    elif site.form == "generator":
        yield _generator(type_text, is_async=_is_async(site, text))
    else:
        yield type_text.text


def _rest(type_text: TypeText) -> Iterator[str]:
    is_array = type_text.shape in ARRAY_SHAPES or type_text.head in ARRAYS
    if is_array:
        yield type_text.text
        return
    closed = type_text.shape in CLOSED
    yield f"{type_text.text}[]" if closed else f"({type_text.text})[]"
    if type_text.shape in NAMED:
        yield type_text.text


def _generator(type_text: TypeText, *, is_async: bool) -> str:
    name = type_text.head.removeprefix("Async")
    if name in GENERATORS:
        rest = type_text.text.removeprefix(type_text.head)
        return f"Async{name}{rest}" if is_async else f"{name}{rest}"
    return f"{'Async' if is_async else ''}Generator<{type_text.text}>"


def _is_async(site: TypeSite, text: bytes) -> bool:
    """Whether a generator is an async one: the word stands before its parameters."""
    if site.function is None:
        return False
    head = text[site.function : max(site.place.start, site.function)]
    return ASYNC.search(head.partition(b"(")[0]) is not None
