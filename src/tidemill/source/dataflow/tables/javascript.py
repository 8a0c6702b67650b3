"""JavaScript (tree-sitter-javascript)."""

from tidemill.source.dataflow.grammar import FlowTable
from tidemill.source.dataflow.roles import (
    Assign,
    Block,
    Branch,
    Call,
    Case,
    Catch,
    Class,
    Comma,
    Conditional,
    Container,
    Declaration,
    Declare,
    Default,
    DoWhile,
    Element,
    Export,
    ForEach,
    ForLoop,
    Function,
    Import,
    Index,
    Jump,
    Label,
    Literal,
    Match,
    Member,
    Name,
    Not,
    Only,
    Parenthesized,
    Pattern,
    Raise,
    Role,
    Self,
    Sequence,
    ShortCircuit,
    Skip,
    Text,
    Try,
    Update,
    While,
)

__all__ = ["ROLES", "TABLE", "TRUE"]

_PLACES = ("member_expression", "subscript_expression")
_COMPUTED = ("computed_property_name",)
_AROUND = ("decorator", *_COMPUTED)
_DEFAULT = Default(target="left", value="right")
_DECLARED_FUNCTION = Function(name="name", parameters=("parameters",), hoisted=True)
_FUNCTION_EXPRESSION = Function(name="name", parameters=("parameters",), named="inside")
_ELEMENT = Element(name="name")

ROLES: dict[str, Role] = {
    "program": Block(),
    "identifier": Name(),
    "undefined": Name(),
    "shorthand_property_identifier": Name(),
    "shorthand_property_identifier_pattern": Name(),
    "this": Self(),
    "super": Self(),
    "number": Literal(),
    "true": Literal(),
    "false": Literal(),
    "null": Literal(),
    "regex": Literal(),
    "string": Text(),
    "template_string": Text(),
    "string_fragment": Skip(),
    "escape_sequence": Skip(),
    "comment": Skip(),
    "html_comment": Skip(),
    "hash_bang_line": Skip(),
    "empty_statement": Skip(),
    "optional_chain": Skip(),
    "import_attribute": Skip(),
    "parenthesized_expression": Parenthesized(),
    "array": Sequence(),
    "object": Container(),
    "pair": Only(parts=("value",), around=_COMPUTED),
    "member_expression": Member(object="object", key="property"),
    "subscript_expression": Index(object="object"),
    "call_expression": Call(function="function", arguments="arguments"),
    "new_expression": Call(function="constructor", arguments="arguments", callee_is_variable=False),
    "unary_expression": Not(operand="argument", operators=(b"!",)),
    "binary_expression": ShortCircuit(),
    "ternary_expression": Conditional(
        condition="condition", consequence="consequence", alternative="alternative"
    ),
    "sequence_expression": Comma(),
    "await_expression": Raise(),
    "yield_expression": Raise(),
    "assignment_expression": Assign(
        left="left", right="right", augmented=False, places_first=_PLACES
    ),
    "augmented_assignment_expression": Assign(
        left="left", right="right", augmented=True, places_first=_PLACES
    ),
    "update_expression": Update(operand="argument"),
    "variable_declaration": Declaration(hoists=True),
    "lexical_declaration": Declaration(hoists=False),
    "using_declaration": Declaration(hoists=False),
    "variable_declarator": Declare(name="name", value="value"),
    "array_pattern": Pattern(),
    "object_pattern": Pattern(ordered=False),
    "pair_pattern": Pattern(skip=("key",), around=_COMPUTED, ordered=False),
    "assignment_pattern": _DEFAULT,
    "object_assignment_pattern": _DEFAULT,
    "import_statement": Import(source="source", aliased=("import_specifier",)),
    "export_statement": Export(source="source"),
    "export_specifier": Only(parts=("name",)),
    "function_declaration": _DECLARED_FUNCTION,
    "generator_function_declaration": _DECLARED_FUNCTION,
    "function_expression": _FUNCTION_EXPRESSION,
    "generator_function": _FUNCTION_EXPRESSION,
    "arrow_function": Function(parameters=("parameters", "parameter"), own_receiver=False),
    "method_definition": Function(
        parameters=("parameters",), name="name", named="nowhere", around=_AROUND
    ),
    "class_declaration": Class(name="name", visible=True, named="before"),
    "class": Class(name="name", visible=True, named="inside"),
    "field_definition": Only(parts=("value",), around=_AROUND),
    "statement_block": Block(),
    "if_statement": Branch(
        condition="condition", consequence="consequence", alternative="alternative"
    ),
    "for_statement": ForLoop(
        initializer="initializer", condition="condition", update="increment", body="body"
    ),
    "for_in_statement": ForEach(
        target="left",
        iterable="right",
        body="body",
        declared_by=(b"let", b"const", b"using"),
        hoisted_by=(b"var",),
    ),
    "while_statement": While(condition="condition", body="body"),
    "do_statement": DoWhile(body="body", condition="condition"),
    "switch_statement": Match(
        subject="value", cases=("switch_case", "switch_default"), falls_through=True
    ),
    "switch_case": Case(patterns=("value",)),
    "switch_default": Case(default=True),
    "try_statement": Try(body="body", handlers=("catch_clause",), final=("finally_clause",)),
    "catch_clause": Catch(target="parameter", body="body", total=True),
    "return_statement": Jump(to="return"),
    "throw_statement": Jump(to="throw"),
    "break_statement": Jump(to="break", label="label"),
    "continue_statement": Jump(to="continue", label="label"),
    "labeled_statement": Label(label="label", body="body"),
    "jsx_opening_element": _ELEMENT,
    "jsx_self_closing_element": _ELEMENT,
    "jsx_attribute": Only(parts=(1,)),
    "jsx_closing_element": Skip(),
    "jsx_namespace_name": Skip(),
    "jsx_text": Skip(),
    "html_character_reference": Skip(),
}
"""Roles that TypeScript shares."""

TRUE = (b"true", b"1")

# In `await (x).y()` the grammar sees a call of a function `await`.
TABLE = FlowTable(roles=ROLES, true=TRUE, keywords=frozenset({b"await"}))
