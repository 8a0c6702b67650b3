"""Bytes as the lines and columns that other programs speak of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from tidemill.core.errors import InputError
from tidemill.source.lines import LineTable
from tidemill.source.slices.usage import (
    Definition,
    MethodSlice,
    ObservedArgument,
    ObservedCall,
    ProgramSlice,
    UsageSlice,
    UserType,
)

__all__ = ["positioned"]

Part = TypeVar("Part", Definition, ObservedCall, MethodSlice, UserType)


def positioned(
    program: ProgramSlice, texts: Mapping[str, bytes], *, keep_spans: bool = False
) -> ProgramSlice:
    """Return the same slices with lines and columns in place of bytes.

    Args:
        program: Slices; those without bytes stay as they are.
        texts: The files by name.
        keep_spans: Whether the bytes stay beside them.

    Raises:
        InputError: A file with a slice is not among the texts.
    """
    tables: dict[str, _Places] = {}

    def places(file: str) -> _Places:
        if file not in tables:
            tables[file] = _Places(file, texts.get(file), keep_spans=keep_spans)
        return tables[file]

    return ProgramSlice(
        methods=tuple(places(one.file).method(one) for one in program.methods),
        user_types=tuple(places(one.file).user_type(one) for one in program.user_types),
    )


class _Places:
    """The lines of one file."""

    def __init__(self, file: str, text: bytes | None, *, keep_spans: bool) -> None:
        self._file = file
        self._keeps = keep_spans
        self._table = None if text is None else LineTable(text)
        self._seen: dict[int, ObservedCall] = {}

    def method(self, method: MethodSlice) -> MethodSlice:
        """Return a method with lines and columns."""
        slices = tuple(self._slice(one) for one in method.slices)
        return replace(self._placed(method), slices=slices)

    def user_type(self, found: UserType) -> UserType:
        """Return a type with lines and columns."""
        return replace(
            self._placed(found),
            fields=tuple(map(self._placed, found.fields)),
            procedures=tuple(map(self._placed, found.procedures)),
        )

    def _slice(self, usage: UsageSlice) -> UsageSlice:
        defined_by = usage.defined_by
        return UsageSlice(
            target=self._placed(usage.target),
            defined_by=None if defined_by is None else self._placed(defined_by),
            invoked_calls=tuple(map(self._call, usage.invoked_calls)),
            argument_calls=tuple(
                ObservedArgument(call=self._call(one.call), position=one.position)
                for one in usage.argument_calls
            ),
        )

    def _call(self, call: ObservedCall) -> ObservedCall:
        """Return a call, which many slices may share; it lives as long as they do."""
        found = self._seen.get(id(call))
        if found is None:
            found = self._seen[id(call)] = self._placed(call)
        return found

    def _placed(self, part: Part) -> Part:
        if part.span is None:
            return part
        if self._table is None:
            raise InputError(
                "its text is needed to tell lines from bytes",
                path=self._file or None,
                hint="hand over the text of every file that has slices",
            )
        at = self._table.position(part.span.start)
        return replace(part, span=part.span if self._keeps else None, at=at)
