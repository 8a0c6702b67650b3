"""The values of a file: its own code first, then function after function."""

from tidemill.source.program.functions import Definitions
from tidemill.source.program.imports import Export, Import
from tidemill.source.program.lowering import expressions, makings, places, statements
from tidemill.source.program.lowering.walk import Rule, Walk
from tidemill.source.program.scopes import Names
from tidemill.source.program.syntax import FUNCTIONS, NONE, WRAPPERS, Syntax
from tidemill.source.program.targets import bound, default_of
from tidemill.source.program.values import STORE, FileValues

__all__ = ["values_of"]

DECLARED = frozenset({"function_declaration", "generator_function_declaration"})
NAMES = ("identifier", "shorthand_property_identifier", "undefined")
NAMING = {"variable_declarator": "name", "assignment_expression": "left"}
TYPES = (
    "type_annotation",
    "type_arguments",
    "type_parameters",
    "interface_declaration",
    "type_alias_declaration",
    "implements_clause",
    "ambient_declaration",
    "function_signature",
    "import_statement",
    "string",
    "property_identifier",
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(TYPES, statements.skip),
    **dict.fromkeys(DECLARED, statements.skip),
    **dict.fromkeys(NAMES, places.visit_name),
    **dict.fromkeys((*WRAPPERS, "spread_element"), expressions.visit_wrapper),
    **dict.fromkeys(FUNCTIONS - DECLARED, makings.visit_function),
    "this": places.visit_this,
    "member_expression": places.visit_member,
    "subscript_expression": places.visit_member,
    "assignment_expression": expressions.visit_assignment,
    "augmented_assignment_expression": expressions.visit_augmented,
    "update_expression": expressions.visit_update,
    "binary_expression": expressions.visit_binary,
    "ternary_expression": expressions.visit_ternary,
    "await_expression": expressions.visit_await,
    "yield_expression": expressions.visit_yield,
    "sequence_expression": expressions.visit_sequence,
    "type_assertion": expressions.visit_sequence,
    "template_string": expressions.visit_template,
    "array": makings.visit_array,
    "object": makings.visit_object,
    "call_expression": expressions.visit_call,
    "new_expression": expressions.visit_call,
    "class_declaration": makings.visit_class,
    "abstract_class_declaration": makings.visit_class,
    "class": makings.visit_class,
    "variable_declarator": statements.visit_declarator,
    "return_statement": statements.visit_return,
    "throw_statement": statements.visit_throw,
    "if_statement": statements.visit_if,
    "while_statement": statements.visit_while,
    "do_statement": statements.visit_do,
    "for_statement": statements.visit_for,
    "for_in_statement": statements.visit_for_in,
    "labeled_statement": statements.visit_label,
    "break_statement": statements.visit_break,
    "continue_statement": statements.visit_continue,
    "internal_module": makings.visit_namespace,
    "enum_declaration": makings.visit_enum,
    "switch_statement": statements.visit_switch,
    "try_statement": statements.visit_try,
    "catch_clause": statements.visit_catch,
}


def values_of(
    syntax: Syntax,
    names: Names,
    definitions: Definitions,
    *,
    imports: tuple[Import, ...],
    exports: tuple[Export, ...],
) -> FileValues:
    """Return where values go inside one file.

    Args:
        syntax: The file.
        names: Its names.
        definitions: Its functions and classes.
        imports: What it imports.
        exports: What it exports.
    """
    walk = Walk(syntax, names, definitions, RULES)
    _make_nodes(walk)
    for taken in imports:
        variable = names.variables.get(taken.at)
        if variable is not None:
            walk.define(variable, taken.at)
    declared = _declared(syntax, names)
    _begin(walk, declared.get(0, []))
    walk.visit_all(*syntax.children(0))
    walk.run()
    _export(walk, exports)
    while walk.pending:
        function = walk.pending.pop()
        if function not in walk.done:
            walk.done.add(function)
            _walk_function(walk, function, declared.get(function, []))
    return walk.values


def _make_nodes(walk: Walk) -> None:
    values = walk.values
    values.exports = walk.node(0)
    for at, function in walk.definitions.functions.items():
        values.returns[at] = walk.node(at)
        if function.kind != "arrow":
            values.receivers[at] = walk.node(at)
    for at in walk.definitions.classes:
        values.instances[at] = walk.node(at)
    for function in walk.definitions.functions.values():
        if function.is_static:
            walk.edge(function.owner, values.receivers[function.at])


def _declared(syntax: Syntax, names: Names) -> dict[int, list[int]]:
    """Return the declared functions of every function: they are there from its beginning."""
    found: dict[int, list[int]] = {}
    for at, kind in enumerate(syntax.kinds):
        if kind in DECLARED:
            found.setdefault(names.owners[at], []).append(at)
    return found


def _begin(walk: Walk, declared: list[int]) -> None:
    """Make the functions that a body declares."""
    for at in declared:
        name = walk.syntax.child(at, "name")
        if name != NONE:
            walk.edge(at, name)
            variable = walk.names.variables.get(name)
            if variable is not None:
                walk.define(variable, name)
    for at in declared:
        walk.capture(at)


def _export(walk: Walk, exports: tuple[Export, ...]) -> None:
    """Put into the module what its own code exports."""
    target = walk.values.exports
    for export in exports:
        if export.specifier or export.at == NONE:
            continue
        variable = walk.names.variables.get(_named(walk.syntax, export.at))
        is_value = variable is not None and variable.kind not in {"interface", "alias"}
        value = walk.held(variable) if variable is not None and is_value else export.at
        if value != NONE and export.name == "*":
            walk.edge(value, target)
        elif value != NONE:
            walk.edge(value, target, STORE, (export.name,))


def _named(syntax: Syntax, value: int) -> int:
    """Return the name under which a file goes on to fill what it exports.

    That of ``api`` in ``const api = module.exports = {}``; the value itself without one.
    """
    assignment = syntax.parents[value]
    if syntax.kinds[assignment] != "assignment_expression":
        return value
    holder = syntax.parents[assignment]
    named = NAMING.get(syntax.kinds[holder])
    name = NONE if named is None else syntax.child(holder, named)
    is_name = name not in {NONE, assignment} and syntax.kinds[name] == "identifier"
    return name if is_name else value


def _walk_function(walk: Walk, function: int, declared: list[int]) -> None:
    """Walk the body of one function with what it sees of the variables around it."""
    syntax = walk.syntax
    walk.function = function
    walk.environment = dict(walk.cells[function])
    walk.exits.clear()
    walk.collectors.clear()
    walk.catches.clear()
    for parameter in walk.definitions.functions[function].parameters:
        value = default_of(syntax, parameter.at)
        given = [] if value == NONE else [value]
        walk.then(
            *((Walk.visit, node) for node in (*given, *places.defaults_of(walk, parameter.at))),
            (places.assign, parameter.at, value),
        )
        walk.run()
        if parameter.is_property:
            for name in bound(syntax, parameter.at):
                _make_property(walk, function, name)
    _begin(walk, declared)
    body = syntax.child(function, "body")
    if body != NONE and syntax.kinds[body] != "statement_block":
        walk.edge(body, walk.values.returns[function])
    walk.visit_all(body)
    walk.run()


def _make_property(walk: Walk, function: int, name: int) -> None:
    """Let a parameter be a field of the instance that is made."""
    own = walk.values.receivers[function]
    environment = walk.environment or {}
    base = environment.get("this", own)
    path = (walk.syntax.word(name),)
    walk.values.writes.append((own, path, name))
    walk.hold("this", walk.renew(base, path, name, name))
