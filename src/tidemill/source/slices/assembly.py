"""Slices out of what the walk noted: variable by variable, gathered by function."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tidemill.source.slices.calls import Calls
from tidemill.source.slices.scopes import Binding
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import (
    ANY,
    RETURNED,
    Definition,
    MethodSlice,
    ObservedArgument,
    ObservedCall,
    UsageSlice,
)
from tidemill.source.slices.walk import Walk

__all__ = ["SliceRules", "method_slices"]

TEMPORARY = b"_tmp_"
LONGEST_HEADER = 1_200
SIGNATURE_CHARACTERS = 300
SOURCE_SHARE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRules:
    """What becomes a slice, and what of it is shown.

    Attributes:
        min_calls: Calls that a variable takes part in, at least.
        exclude_operators: Whether operators are no calls.
        with_source: Whether methods come with their text.
    """

    min_calls: int = 1
    exclude_operators: bool = False
    with_source: bool = False


def method_slices(
    walk: Walk, calls: Calls, types: Types, *, path: str, rules: SliceRules
) -> tuple[MethodSlice, ...]:
    """Return the slices of one text, in order of place."""
    sliced = _Assembly(walk, calls, types, rules)
    found: dict[int, list[UsageSlice]] = {}
    for binding in sorted(walk.bindings, key=lambda one: one.node):
        usage = sliced.usage(binding)
        if usage is not None:
            found.setdefault(binding.method, []).append(usage)
    texts = _Texts(walk, is_wanted=rules.with_source)
    return tuple(
        MethodSlice(
            full_name=walk.outline.full_name(method),
            file=path,
            slices=tuple(found[method]),
            signature=texts.signature(method),
            source=texts.source(method),
            span=walk.syntax.span(walk.outline.methods[method].node),
        )
        for method in sorted(found)
    )


class _Assembly:
    """Makes the slices of one text's variables."""

    def __init__(self, walk: Walk, calls: Calls, types: Types, rules: SliceRules) -> None:
        self._walk = walk
        self._calls = calls
        self._types = types
        self._rules = rules
        self._own = {name.encode() for name in walk.syntax.words.own}

    def usage(self, binding: Binding) -> UsageSlice | None:
        """Return the slice of a variable, if it has one."""
        if binding.role == "OTHER" or not binding.uses or binding.name.startswith(TEMPORARY):
            return None
        if binding.role == "PARAM" and binding.name in self._own:
            return None
        parts = list(self._parts(binding))
        if sum(position != RETURNED for _, position in parts) < self._rules.min_calls:
            return None
        target = self._target(binding)
        defined_by = target if binding.role == "PARAM" else self._defined_by(binding)
        if defined_by is None:
            return None
        if target.type_name == ANY and len(binding.values) == 1:
            target = replace(target, type_name=defined_by.type_name)
        invoked = [call for call, position in parts if position == 0]
        arguments = [
            ObservedArgument(call=call, position=position)
            for call, position in parts
            if position != 0
        ]
        return UsageSlice(
            target=target,
            defined_by=defined_by,
            invoked_calls=tuple(invoked),
            argument_calls=tuple(arguments),
        )

    def _parts(self, binding: Binding) -> Iterator[tuple[ObservedCall, int | str]]:
        """Yield the calls that a variable takes part in, each once, in order of place."""
        involved = self._walk.involved
        sites: dict[int, int | str] = {}
        for use in binding.uses:
            site, position = involved[use]
            sites.setdefault(site, position)
        starts = self._walk.syntax.starts
        order = sorted(sites, key=lambda site: (starts[site], site)) if len(sites) > 1 else sites
        for site in order:
            part = self._part(site, sites[site])
            if part is not None:
                yield part

    def _part(self, site: int, position: int | str) -> tuple[ObservedCall, int | str] | None:
        """Return a call, or None for an operator that does not count; 0: invoked."""
        if position == 1 and site in self._walk.constructed:
            return self._calls.constructor(site), 0
        is_returned = position == RETURNED
        call = self._calls.returned(site) if is_returned else self._calls.observed(site)
        if self._rules.exclude_operators and call.is_operator:
            return None
        return call, position

    def _target(self, binding: Binding) -> Definition:
        return Definition(
            label="PARAM" if binding.role == "PARAM" else "LOCAL",
            name=binding.name.decode("utf-8", "replace"),
            type_name=self._types.of_binding(binding),
            position=binding.position if binding.role == "PARAM" else None,
            span=self._walk.syntax.span(binding.node),
        )

    def _defined_by(self, binding: Binding) -> Definition | None:
        return None if binding.source is None else self._calls.definition(binding.source)


class _Texts:
    """The texts of methods; together at most some times as long as the file.

    Functions in functions are in the texts of all of them, which could grow with the
    square of the file.
    """

    def __init__(self, walk: Walk, *, is_wanted: bool) -> None:
        self._walk = walk
        self._left = SOURCE_SHARE * len(walk.syntax.text) if is_wanted else -1

    def signature(self, method: int) -> str:
        """Return the header of a method on one line; empty for the file."""
        found, syntax = self._walk.outline.methods[method], self._walk.syntax
        if not found.node:
            return ""
        start = syntax.starts[found.node]
        stop = syntax.starts[found.body] if found.body else syntax.stops[found.node]
        header = syntax.text[start : min(stop, start + LONGEST_HEADER)].decode("utf-8", "ignore")
        line = " ".join(header.split()).rstrip(" {:")
        return line.removesuffix("=>").rstrip()[:SIGNATURE_CHARACTERS]

    def source(self, method: int) -> str:
        """Return the text of a method, as long as there is room for it."""
        span = self._walk.syntax.span(self._walk.outline.methods[method].node)
        if span.end - span.start > self._left:
            return ""
        self._left -= span.end - span.start
        return self._walk.syntax.given(span).decode("utf-8", "replace")
