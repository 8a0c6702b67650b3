"""What functions are called with, what becomes of their values, what names come from where.

Slices of single functions end at parameters, calls and imports. These links go on from
there: from a parameter to the arguments that it gets, from a function to the places that
use its value, from an import to the declaration in another file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tidemill.source.program.callgraph import CallGraph
from tidemill.source.program.calls import CallSite
from tidemill.source.program.expression import Expression, expression_at, text_at
from tidemill.source.program.found import Why
from tidemill.source.program.functions import Parameter
from tidemill.source.program.modules import package_of
from tidemill.source.program.program import File, Program
from tidemill.source.program.syntax import NONE
from tidemill.source.program.values import CAPTURE, COPY, LOAD, STORE, Label

__all__ = [
    "FunctionLink",
    "ImportLink",
    "Links",
    "ParameterLink",
    "UseKind",
    "ValueUse",
    "links",
]

UseKind = Literal["defines", "member", "called", "argument", "returned", "discarded", "other"]

MOST_PLACES = 64
LOOKED_THROUGH = frozenset(
    {"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"}
    | {"await_expression"}
)
USES: dict[str, UseKind] = {
    "member_expression": "member",
    "subscript_expression": "member",
    "call_expression": "called",
    "arguments": "argument",
    "return_statement": "returned",
    "arrow_function": "returned",
    "expression_statement": "discarded",
}
TARGETS = {"variable_declarator": ("name", "value"), "assignment_expression": ("left", "right")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterLink:
    """A parameter and the arguments that it gets.

    Attributes:
        path: The file.
        function: First byte of its function.
        position: Its place among the parameters.
        offset: First byte of its pattern.
        name: Its name; of a pattern the text.
        arguments: What is handed to it, call after call, each with why that is known.
    """

    path: str
    function: int
    position: int
    offset: int
    name: str
    arguments: tuple[tuple[Expression, Why], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueUse:
    """What becomes of the value of a call.

    Attributes:
        path: The file of the call.
        start: First byte of the call.
        end: Byte after the last.
        kind: What becomes of it: it defines a variable, a member of it is used, it is
            called, handed on, returned, or nobody uses it.
        name: The variable, the member, or the callee that it is handed to.
        declared: First byte of the name of the variable that it defines; -1 without one.
        why: What the call's target is known by.
    """

    path: str
    start: int
    end: int
    kind: UseKind
    name: str
    declared: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLink:
    """A function, what it returns, and what becomes of that.

    Attributes:
        path: The file.
        offset: First byte of the function.
        name: Its name.
        returned: The expressions that it returns.
        uses: What becomes of its value, call after call.
    """

    path: str
    offset: int
    name: str
    returned: tuple[Expression, ...]
    uses: tuple[ValueUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLink:
    """A name and where it comes from.

    Attributes:
        path: The file.
        offset: First byte of the name, or of the call of ``require``.
        name: What is taken; ``*``: all of the module.
        module: The file that the module is; empty for a foreign one.
        package: The name of a foreign module; empty for a file.
        target: The file and first byte of what is taken, where it is declared.
    """

    path: str
    offset: int
    name: str
    module: str
    package: str
    target: tuple[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """All links of a program, in the order of its files.

    Attributes:
        parameters: Parameters that get arguments.
        functions: Functions, with what becomes of their values.
        imports: Imported names.
    """

    parameters: tuple[ParameterLink, ...]
    functions: tuple[FunctionLink, ...]
    imports: tuple[ImportLink, ...]


def links(graph: CallGraph) -> Links:
    """Return what leads from the slices of one function to those of others.

    Args:
        graph: The program's calls.
    """
    calls: dict[int, list[tuple[CallSite, Why]]] = {}
    for edge in sorted(graph.edges, key=lambda edge: edge.call):
        calls.setdefault(edge.function, []).append((graph.calls[edge.call], edge.why))
    program = graph.program
    return Links(
        parameters=tuple(
            link
            for node in sorted(program.functions)
            for link in _parameters(program, node, calls.get(node, []))
        ),
        functions=tuple(
            _function(program, node, calls.get(node, [])) for node in sorted(program.functions)
        ),
        imports=tuple(link for file in program.files for link in _imports(program, file)),
    )


def _parameters(
    program: Program, node: int, calls: list[tuple[CallSite, Why]]
) -> Iterator[ParameterLink]:
    file = program.file_of(node)
    if file is None or not calls:
        return
    syntax = file.syntax
    for place, parameter in enumerate(program.functions[node].parameters):
        passed = [
            (expression_at(program, argument), why)
            for call, why in calls
            for argument in _passed(call, place, parameter)
        ]
        if passed:
            yield ParameterLink(
                path=file.path,
                function=syntax.starts[node - file.first],
                position=place,
                offset=syntax.starts[parameter.at],
                name=text_at(file, parameter.names[0] if parameter.names else parameter.at),
                arguments=tuple(passed),
            )


def _passed(call: CallSite, place: int, parameter: Parameter) -> list[int]:
    """Return the arguments that a parameter gets from a call."""
    before = call.arguments[: place + 1]
    if any(argument.is_spread for argument in before):
        return []
    found = call.arguments[place:] if parameter.is_rest else call.arguments[place : place + 1]
    return [argument.node for argument in found if not argument.is_spread]


def _function(program: Program, node: int, calls: list[tuple[CallSite, Why]]) -> FunctionLink:
    file, about = program.file_of(node), program.functions[node]
    if file is None:
        raise ValueError(f"{node} is no function of the program")
    returns = file.values.returns[about.at] + file.first
    returned = [
        source
        for source, op, _, _ in program.into.get(returns, ())
        if op in {CAPTURE, COPY} and source - file.first < len(file.syntax.kinds)
    ]
    return FunctionLink(
        path=file.path,
        offset=file.syntax.starts[about.at],
        name=about.name,
        returned=tuple(expression_at(program, source) for source in returned),
        uses=tuple(_use(program, call, why) for call, why in calls if call.form != "new"),
    )


def _use(program: Program, call: CallSite, why: Why) -> ValueUse:
    place = program.at(call.node)
    if place is None:
        raise ValueError(f"{call.node} is no node of the program")
    file, at = place
    inner, holder = at, file.syntax.parents[at]
    while holder != NONE and file.syntax.kinds[holder] in LOOKED_THROUGH:
        inner, holder = holder, file.syntax.parents[holder]
    kind, named = _becomes(file, inner, holder)
    variable = file.names.variables.get(named) if kind == "defines" else None
    return ValueUse(
        path=file.path,
        start=call.start,
        end=call.end,
        kind=kind,
        name="" if named == NONE else text_at(file, named),
        declared=NONE if variable is None else file.syntax.starts[variable.at],
        why=why,
    )


def _becomes(file: File, inner: int, holder: int) -> tuple[UseKind, int]:
    syntax = file.syntax
    kind = syntax.kinds[holder] if holder != NONE else "program"
    if kind in TARGETS and syntax.child(holder, TARGETS[kind][1]) == inner:
        return "defines", syntax.child(holder, TARGETS[kind][0])
    use = USES.get(kind, "other")
    if use == "member":
        return use, max(syntax.child(holder, "property"), syntax.child(holder, "index"))
    if use == "argument":
        call = syntax.parents[holder]
        return use, max(syntax.child(call, "function"), syntax.child(call, "constructor"))
    return use, NONE


def _imports(program: Program, file: File) -> Iterator[ImportLink]:
    for taken in file.imports:
        module = program.modules.resolve(file.path, taken.specifier)
        yield ImportLink(
            path=file.path,
            offset=file.syntax.starts[taken.at],
            name=taken.name,
            module=module or "",
            package="" if module else package_of(taken.specifier),
            target=_declaration(program, file, taken.at) if module else None,
        )


def _declaration(program: Program, file: File, at: int) -> tuple[str, int] | None:
    """Follow an import through what modules export to what is declared."""
    waiting: list[tuple[int, Label]] = [(at + file.first, ())]
    seen = set(waiting)
    for node, path in waiting:
        place = program.at(node)
        is_own = place is not None and node - place[0].first < len(place[0].syntax.kinds)
        if place is not None and is_own and node != at + file.first:
            return place[0].path, place[0].syntax.starts[place[1]]
        for source, op, label, _ in program.into.get(node, ()):
            earlier = _earlier(op, label, path)
            if earlier is not None and (source, earlier) not in seen and len(seen) < MOST_PLACES:
                seen.add((source, earlier))
                waiting.append((source, earlier))
    return None


def _earlier(op: int, label: Label, path: Label) -> Label | None:
    if op == LOAD:
        return (*label, *path)
    if op == STORE:
        return path[len(label) :] if path[: len(label)] == label else None
    return path if op in {CAPTURE, COPY} and not (label and path[: len(label)] == label) else None
