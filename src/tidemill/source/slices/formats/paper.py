"""The form of the paper's artefact: a map from full names, which its server reads.

It has neither places nor labels: a target that is defined by itself is a parameter,
any other is defined by a call. (`joernti`, its `domain` package and test data.)
"""

from dataclasses import replace

from tidemill.source.slices.formats.fields import Fields
from tidemill.source.slices.formats.parts import read_type_name
from tidemill.source.slices.usage import (
    ANY,
    Definition,
    MethodSlice,
    ObservedArgument,
    ObservedCall,
    ProgramSlice,
    UsageSlice,
    UserType,
)

__all__ = ["from_paper", "to_paper"]

PROGRAM = "::program"


def to_paper(program: ProgramSlice) -> dict[str, object]:
    """Return slices in the form of the paper's artefact.

    Args:
        program: Slices, no two methods of one full name.
    """
    return {
        "objectSlices": {
            method.full_name: {
                "source": method.source,
                "slices": [_slice_json(usage) for usage in method.slices],
            }
            for method in program.methods
        },
        "userDefinedTypes": [
            {
                "name": found.name,
                "fields": list(map(_definition_json, found.fields)),
                "procedures": list(map(_call_json, found.procedures)),
            }
            for found in program.user_types
        ],
    }


def from_paper(fields: Fields) -> ProgramSlice:
    """Read slices in the form of the paper's artefact.

    Raises:
        InputError: Something is missing or of another kind; the message has its JSON path.
    """
    methods = fields.inner("objectSlices")
    return ProgramSlice(
        methods=tuple(_method(methods, name) for name in methods.values),
        user_types=tuple(map(_user_type, fields.objects("userDefinedTypes"))),
    )


def _definition_json(part: Definition) -> dict[str, object]:
    return {
        "name": part.name,
        "typeFullName": part.type_name,
        "literal": part.label == "LITERAL",
    }


def _call_json(call: ObservedCall) -> dict[str, object]:
    return {
        "callName": call.name,
        "paramTypes": list(call.parameter_types),
        "returnType": call.return_type,
    }


def _slice_json(usage: UsageSlice) -> dict[str, object]:
    defined_by = usage.defined_by
    return {
        "targetObj": _definition_json(usage.target),
        "definedBy": None if defined_by is None else _definition_json(defined_by),
        "invokedCalls": list(map(_call_json, usage.invoked_calls)),
        "argToCalls": [[_call_json(one.call), one.position] for one in usage.argument_calls],
    }


def _method(methods: Fields, name: str) -> MethodSlice:
    """Read a method; in the oldest slices it is the list of its slices alone."""
    value = methods.values[name]
    fields = methods.inside({"slices": value} if isinstance(value, list) else value, name)
    file, program, _ = name.partition(PROGRAM)
    return MethodSlice(
        full_name=name,
        file=file if program else "",
        slices=tuple(map(_slice, fields.objects("slices"))),
        source=fields.text_or("source"),
    )


def _slice(fields: Fields) -> UsageSlice:
    target = _definition(fields.inner("targetObj"))
    inner = fields.inner_or_none("definedBy")
    defined_by = None if inner is None else _definition(inner)
    if defined_by is not None and defined_by == target:
        target = defined_by = replace(target, label="PARAM")
    elif defined_by is not None and defined_by.label == "LOCAL":
        defined_by = replace(defined_by, label="CALL")
    return UsageSlice(
        target=target,
        defined_by=defined_by,
        invoked_calls=tuple(map(_call, fields.objects("invokedCalls"))),
        argument_calls=tuple(
            _argument(fields, number, item)
            for number, item in enumerate(fields.items("argToCalls"))
        ),
    )


def _argument(fields: Fields, number: int, item: object) -> ObservedArgument:
    """Read a pair of a call and the position in it."""
    place = f"argToCalls[{number}]"
    if not isinstance(item, list) or len(item) != 2:
        raise fields.wrong(place, "a call and a position")
    pair = fields.inside({"call": item[0], "position": item[1]}, place)
    return ObservedArgument(
        call=_call(pair.inner("call")), position=pair.number_or_text("position")
    )


def _definition(fields: Fields) -> Definition:
    return Definition(
        label="LITERAL" if fields.flag("literal") else "LOCAL",
        name=fields.text("name"),
        type_name=read_type_name(fields.text("typeFullName")),
    )


def _call(fields: Fields) -> ObservedCall:
    return ObservedCall(
        name=fields.text("callName"),
        parameter_types=tuple(map(read_type_name, fields.texts("paramTypes"))),
        return_type=_return_type(fields),
    )


def _return_type(fields: Fields) -> str:
    """Return the type of a call, of which older slices give a list."""
    if isinstance(fields.values.get("returnType"), list):
        return read_type_name(next(iter(fields.texts("returnType")), ANY))
    return read_type_name(fields.text_or("returnType", ANY))


def _user_type(fields: Fields) -> UserType:
    name = fields.text("name")
    file, program, _ = name.partition(PROGRAM)
    return UserType(
        name=name,
        fields=tuple(map(_definition, fields.objects("fields"))),
        procedures=tuple(map(_call, fields.objects("procedures"))),
        file=file if program else "",
    )
