"""What Joern's form and atom's have in common: components, calls, types."""

from collections.abc import Callable, Mapping

from tidemill.source.lines import Position
from tidemill.source.slices.formats.fields import Fields
from tidemill.source.slices.usage import ANY, Definition, Label, ObservedCall, UserType

__all__ = [
    "call_json",
    "definition_json",
    "place_json",
    "read_at",
    "read_call",
    "read_definition",
    "read_type_name",
    "read_user_type",
    "user_type_json",
]

LABELS: Mapping[str, Label] = {
    "LOCAL": "LOCAL",
    "LITERAL": "LITERAL",
    "PARAM": "PARAM",
    "CALL": "CALL",
    "UNKNOWN": "UNKNOWN",
}
UNTYPED = frozenset({"", "ANY", "UNKNOWN", "any", "unknown"})


def read_type_name(written: str) -> str:
    """Return a type, all words for not knowing one being ``ANY``."""
    return ANY if written in UNTYPED else written


def read_at(fields: Fields) -> Position | None:
    """Return a place; lines count from 1 and columns from 0 in JSON."""
    line = fields.whole_or_none("lineNumber")
    column = fields.whole_or_none("columnNumber")
    return None if not line else Position(line=line, column=(column or 0) + 1)


def place_json(at: Position | None) -> dict[str, object]:
    """Return a place for JSON."""
    return {
        "lineNumber": None if at is None else at.line,
        "columnNumber": None if at is None else at.column - 1,
    }


def read_definition(fields: Fields) -> Definition:
    """Return a component that carries data."""
    label = LABELS.get(fields.text_or("label", "UNKNOWN"))
    if label is None:
        raise fields.wrong("label", f"one of {', '.join(LABELS)}")
    return Definition(
        label=label,
        name=fields.text("name"),
        type_name=read_type_name(fields.text("typeFullName")),
        position=fields.whole_or_none("position") if label == "PARAM" else None,
        resolved_method=fields.text_or("resolvedMethod") or None if label == "CALL" else None,
        at=read_at(fields),
    )


def definition_json(part: Definition) -> dict[str, object]:
    """Return a component for JSON."""
    position = {"position": part.position or 0} if part.label == "PARAM" else {}
    resolved = {"resolvedMethod": part.resolved_method} if part.label == "CALL" else {}
    return {
        "name": part.name,
        "typeFullName": part.type_name,
        **position,
        **resolved,
        **place_json(part.at),
        "label": part.label,
    }


def read_call(fields: Fields) -> ObservedCall:
    """Return a call."""
    return ObservedCall(
        name=fields.text("callName"),
        resolved_method=fields.text_or("resolvedMethod") or None,
        parameter_types=tuple(map(read_type_name, fields.texts("paramTypes"))),
        return_type=read_type_name(fields.text_or("returnType", ANY)),
        at=read_at(fields),
    )


def call_json(call: ObservedCall) -> dict[str, object]:
    """Return a call for JSON."""
    return {
        "callName": call.name,
        "resolvedMethod": call.resolved_method,
        "paramTypes": list(call.parameter_types),
        "returnType": call.return_type,
        **place_json(call.at),
    }


def read_user_type(fields: Fields) -> UserType:
    """Return a declared type."""
    return UserType(
        name=fields.text("name"),
        fields=tuple(map(read_definition, fields.objects("fields"))),
        procedures=tuple(map(read_call, fields.objects("procedures"))),
        file=fields.text_or("fileName"),
        at=read_at(fields),
    )


def user_type_json(
    found: UserType, call: Callable[[ObservedCall], dict[str, object]] = call_json
) -> dict[str, object]:
    """Return a declared type for JSON.

    Args:
        found: The type.
        call: How a call is written.
    """
    return {
        "name": found.name,
        "fields": list(map(definition_json, found.fields)),
        "procedures": list(map(call, found.procedures)),
        "fileName": found.file,
        **place_json(found.at),
    }
