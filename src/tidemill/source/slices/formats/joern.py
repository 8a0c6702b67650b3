"""Joern's form: a list of methods (`joern-slice usages`, its `ProgramUsageSlice`)."""

from tidemill.source.slices.formats.fields import Fields
from tidemill.source.slices.formats.parts import (
    call_json,
    definition_json,
    place_json,
    read_at,
    read_call,
    read_definition,
    read_user_type,
    user_type_json,
)
from tidemill.source.slices.usage import MethodSlice, ObservedArgument, ProgramSlice, UsageSlice

__all__ = ["from_joern", "to_joern"]


def to_joern(program: ProgramSlice) -> dict[str, object]:
    """Return slices in Joern's form.

    Args:
        program: Slices with lines and columns, from ``positioned``; bytes are not written.
    """
    return {
        "objectSlices": [_method_json(method) for method in program.methods],
        "userDefinedTypes": [user_type_json(found) for found in program.user_types],
    }


def from_joern(fields: Fields) -> ProgramSlice:
    """Read slices in Joern's form.

    Raises:
        InputError: Something is missing or of another kind; the message has its JSON path.
    """
    return ProgramSlice(
        methods=tuple(map(_method, fields.objects("objectSlices"))),
        user_types=tuple(map(read_user_type, fields.objects("userDefinedTypes"))),
    )


def _method_json(method: MethodSlice) -> dict[str, object]:
    return {
        "code": method.source,
        "fullName": method.full_name,
        "fileName": method.file,
        "slices": [_slice_json(usage) for usage in method.slices],
        **place_json(method.at),
    }


def _slice_json(usage: UsageSlice) -> dict[str, object]:
    defined_by = usage.defined_by
    return {
        "targetObj": definition_json(usage.target),
        "definedBy": None if defined_by is None else definition_json(defined_by),
        "invokedCalls": list(map(call_json, usage.invoked_calls)),
        "argToCalls": [
            call_json(one.call) | {"position": one.position} for one in usage.argument_calls
        ],
    }


def _method(fields: Fields) -> MethodSlice:
    return MethodSlice(
        full_name=fields.text("fullName"),
        file=fields.text("fileName"),
        slices=tuple(map(_slice, fields.objects("slices"))),
        source=fields.text_or("code"),
        at=read_at(fields),
    )


def _slice(fields: Fields) -> UsageSlice:
    defined_by = fields.inner_or_none("definedBy")
    return UsageSlice(
        target=read_definition(fields.inner("targetObj")),
        defined_by=None if defined_by is None else read_definition(defined_by),
        invoked_calls=tuple(map(read_call, fields.objects("invokedCalls"))),
        argument_calls=tuple(
            ObservedArgument(call=read_call(one), position=one.number_or_text("position"))
            for one in fields.objects("argToCalls")
        ),
    )
