"""Slices of any shape, as far as each form can carry them."""

from dataclasses import replace

from hypothesis import strategies as st

from tidemill.source.lines import Position
from tidemill.source.slices.usage import (
    Definition,
    Label,
    MethodSlice,
    ObservedArgument,
    ObservedCall,
    ProgramSlice,
    UsageSlice,
    UserType,
)

__all__ = ["PROGRAMS", "for_atom", "for_joern", "for_paper"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = TEXTS.filter(lambda name: "new " not in name)
TYPES = st.sampled_from(["ANY", "__ecma.String", "a.ts::program:Box", "Map<string, T>"])
PLACES = st.none() | st.builds(Position, line=st.integers(1, 10**6), column=st.integers(1, 10**4))

CALLS = st.builds(
    ObservedCall,
    name=NAMES,
    resolved_method=st.none() | NAMES.filter(bool),
    parameter_types=st.lists(TYPES, max_size=3).map(tuple),
    return_type=TYPES,
    at=PLACES,
)
PARAMETERS = st.builds(
    Definition,
    label=st.just("PARAM"),
    name=NAMES,
    type_name=TYPES,
    position=st.integers(0, 300),
    at=PLACES,
)
LOCALS = st.builds(
    Definition,
    label=st.sampled_from(["LOCAL", "LITERAL", "UNKNOWN"]),
    name=NAMES,
    type_name=TYPES,
    at=PLACES,
)
MADE = st.builds(
    Definition,
    label=st.just("CALL"),
    name=NAMES,
    type_name=TYPES,
    resolved_method=st.none() | NAMES.filter(bool),
    at=PLACES,
)
ARGUMENTS = st.builds(
    ObservedArgument,
    call=CALLS,
    position=st.sampled_from([-1, *range(1, 9)]) | NAMES.filter(bool),
)


def slices(target: st.SearchStrategy[Definition]) -> st.SearchStrategy[UsageSlice]:
    return st.builds(
        UsageSlice,
        target=target,
        defined_by=st.none() | MADE | LOCALS | PARAMETERS,
        invoked_calls=st.lists(CALLS, max_size=3).map(tuple),
        argument_calls=st.lists(ARGUMENTS, max_size=3).map(tuple),
    )


METHODS = st.builds(
    MethodSlice,
    full_name=TEXTS.map(lambda name: f"a.ts::program:{name}"),
    file=st.just("a.ts"),
    slices=st.lists(slices(LOCALS | PARAMETERS), max_size=3).map(tuple),
    signature=TEXTS,
    source=TEXTS,
    at=PLACES,
)
USER_TYPES = st.builds(
    UserType,
    name=TEXTS.map(lambda name: f"a.ts::program:{name}"),
    fields=st.lists(LOCALS, max_size=2).map(tuple),
    procedures=st.lists(CALLS, max_size=2).map(tuple),
    file=st.just("a.ts"),
    at=PLACES,
)
PROGRAMS = st.builds(
    ProgramSlice,
    methods=st.lists(METHODS, max_size=3, unique_by=lambda one: one.full_name).map(tuple),
    user_types=st.lists(USER_TYPES, max_size=2).map(tuple),
)


def for_joern(program: ProgramSlice) -> ProgramSlice:
    """What of a program Joern's form carries: all but signatures."""
    return replace(
        program, methods=tuple(replace(method, signature="") for method in program.methods)
    )


def for_atom(program: ProgramSlice) -> ProgramSlice:
    """What of a program atom's form carries: all, each list in order of place."""
    return replace(
        program,
        methods=tuple(
            replace(method, slices=tuple(map(_in_order, method.slices)))
            for method in program.methods
        ),
    )


def for_paper(program: ProgramSlice) -> ProgramSlice:
    """What of a program the paper's form carries: no places, labels or resolved names."""
    return ProgramSlice(
        methods=tuple(
            replace(
                method,
                signature="",
                at=None,
                slices=tuple(map(_without_labels, method.slices)),
            )
            for method in program.methods
        ),
        user_types=tuple(
            replace(
                found,
                at=None,
                fields=tuple(map(_bare, found.fields)),
                procedures=tuple(map(_bare_call, found.procedures)),
            )
            for found in program.user_types
        ),
    )


def _in_order(usage: UsageSlice) -> UsageSlice:
    def place(call: ObservedCall) -> tuple[int, int]:
        return (0, 0) if call.at is None else (call.at.line, call.at.column)

    named = [one for one in usage.argument_calls if isinstance(one.position, str)]
    others = [one for one in usage.argument_calls if not isinstance(one.position, str)]
    return replace(
        usage,
        invoked_calls=tuple(sorted(usage.invoked_calls, key=place)),
        argument_calls=tuple(sorted([*named, *others], key=lambda one: place(one.call))),
    )


def _without_labels(usage: UsageSlice) -> UsageSlice:
    target = _bare(usage.target)
    defined_by = None if usage.defined_by is None else _bare(usage.defined_by)
    if defined_by == target:
        target = defined_by = replace(target, label="PARAM")
    elif defined_by is not None and defined_by.label == "LOCAL":
        defined_by = replace(defined_by, label="CALL")
    return UsageSlice(
        target=target,
        defined_by=defined_by,
        invoked_calls=tuple(map(_bare_call, usage.invoked_calls)),
        argument_calls=tuple(
            replace(one, call=_bare_call(one.call)) for one in usage.argument_calls
        ),
    )


def _bare(part: Definition) -> Definition:
    label: Label = "LITERAL" if part.label == "LITERAL" else "LOCAL"
    return Definition(label=label, name=part.name, type_name=part.type_name)


def _bare_call(call: ObservedCall) -> ObservedCall:
    return replace(call, at=None, resolved_method=None)
