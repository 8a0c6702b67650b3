"""atom's form: `usages` in place of `slices`, its two lists the wrong way round.

Its `argToCalls` holds the calls on an object, with position 0, and named arguments; its
`invokedCalls` the calls that the object is passed to, without a position, and
constructors (as version 3.1.1 writes them). Here position 0 is the receiver, whichever
list a call is in. What we write in `invokedCalls` has its position besides.
"""

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
from tidemill.source.slices.usage import (
    Definition,
    MethodSlice,
    ObservedArgument,
    ObservedCall,
    ProgramSlice,
    UsageSlice,
)

__all__ = ["from_atom", "to_atom"]

NEW = "new "
RECEIVER = 0


def to_atom(program: ProgramSlice) -> dict[str, object]:
    """Return slices in atom's form.

    Args:
        program: Slices with lines and columns, from ``positioned``; bytes are not written.
    """
    return {
        "objectSlices": [_method_json(method) for method in program.methods],
        "userDefinedTypes": [user_type_json(found, _call_json) for found in program.user_types],
    }


def from_atom(fields: Fields) -> ProgramSlice:
    """Read slices in atom's form; records of calls that are no variable's are left out.

    Raises:
        InputError: Something is missing or of another kind; the message has its JSON path.
    """
    return ProgramSlice(
        methods=tuple(map(_method, fields.objects("objectSlices"))),
        user_types=tuple(map(read_user_type, fields.objects("userDefinedTypes"))),
    )


def _call_json(call: ObservedCall) -> dict[str, object]:
    resolved = call.resolved_method
    return call_json(call) | {"isExternal": resolved is None or "::" not in resolved}


def _method_json(method: MethodSlice) -> dict[str, object]:
    return {
        "code": method.source,
        "fullName": method.full_name,
        "signature": method.signature,
        "fileName": method.file,
        **place_json(method.at),
        "usages": [_slice_json(usage) for usage in method.slices],
    }


def _slice_json(usage: UsageSlice) -> dict[str, object]:
    defined_by = usage.defined_by
    named = [one for one in usage.argument_calls if isinstance(one.position, str)]
    others = [one for one in usage.argument_calls if not isinstance(one.position, str)]
    return {
        "targetObj": definition_json(usage.target),
        "definedBy": None if defined_by is None else definition_json(defined_by),
        "invokedCalls": [_call_json(one.call) | {"position": one.position} for one in others],
        "argToCalls": [
            *(_call_json(call) | {"position": RECEIVER} for call in usage.invoked_calls),
            *(_call_json(one.call) | {"position": one.position} for one in named),
        ],
    }


def _method(fields: Fields) -> MethodSlice:
    found = (_slice(usage) for usage in fields.objects("usages"))
    return MethodSlice(
        full_name=fields.text("fullName"),
        file=fields.text("fileName"),
        slices=tuple(usage for usage in found if usage.target.label != "CALL"),
        signature=fields.text_or("signature"),
        source=fields.text_or("code"),
        at=read_at(fields),
    )


def _slice(fields: Fields) -> UsageSlice:
    inner = fields.inner_or_none("definedBy")
    defined_by = None if inner is None else read_definition(inner)
    invoked: list[ObservedCall] = []
    arguments: list[ObservedArgument] = []
    for name in ("argToCalls", "invokedCalls"):
        for one in fields.objects(name):
            call, position = read_call(one), one.number_or_text("position")
            made = _constructed(call, defined_by) if position is None else ""
            if made:
                invoked.append(_renamed(call, made))
            elif position == RECEIVER:
                invoked.append(call)
            else:
                arguments.append(ObservedArgument(call=call, position=position))
    return UsageSlice(
        target=read_definition(fields.inner("targetObj")),
        defined_by=defined_by,
        invoked_calls=tuple(sorted(invoked, key=_order)),
        argument_calls=tuple(sorted(arguments, key=lambda one: _order(one.call))),
    )


def _order(call: ObservedCall) -> tuple[int, int]:
    return (0, 0) if call.at is None else (call.at.line, call.at.column)


def _constructed(call: ObservedCall, defined_by: Definition | None) -> str:
    """Return the class that a call makes an object of; empty for other calls."""
    for text in (call.name, call.resolved_method or ""):
        if NEW in text:
            return text.rpartition(NEW)[2].partition("<")[0].partition("(")[0].strip()
    is_made = defined_by is not None and f"{NEW}{call.name}" in defined_by.name
    return call.name if is_made and call.name else ""


def _renamed(call: ObservedCall, name: str) -> ObservedCall:
    resolved = None if NEW in (call.resolved_method or "") else call.resolved_method
    return ObservedCall(
        name=name,
        resolved_method=resolved,
        parameter_types=call.parameter_types,
        return_type=call.return_type,
        at=call.at,
    )
