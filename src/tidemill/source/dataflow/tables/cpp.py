"""C++ (tree-sitter-cpp): what C has, and more."""

from tidemill.source.dataflow.grammar import FlowTable
from tidemill.source.dataflow.roles import (
    Annotation,
    Assign,
    Branch,
    Call,
    Catch,
    Class,
    Declarator,
    Declare,
    ForEach,
    Function,
    Jump,
    Literal,
    Name,
    Only,
    Parameter,
    Pattern,
    Raise,
    Self,
    Skip,
    Try,
    While,
)
from tidemill.source.dataflow.tables.c import DECLARATORS, KEYWORDS, ROLES

__all__ = ["TABLE"]

_SKIPPED = (
    "access_specifier",
    "alias_declaration",
    "base_class_clause",
    "concept_definition",
    "default_method_clause",
    "delete_method_clause",
    "explicit_function_specifier",
    "literal_suffix",
    "namespace_alias_definition",
    "namespace_identifier",
    "nested_namespace_specifier",
    "noexcept",
    "pure_virtual_clause",
    "ref_qualifier",
    "requires_clause",
    "static_assert_declaration",
    "template_argument_list",
    "template_instantiation",
    "template_parameter_list",
    "throw_specifier",
    "trailing_return_type",
    "using_declaration",
    "virtual_specifier",
)
# Types stay in the tree: what looks like a type may turn out to be a variable.
_TYPES = (
    "primitive_type",
    "sized_type_specifier",
    "type_qualifier",
    "template_type",
    "dependent_type",
    "placeholder_type_specifier",
    "decltype",
)
_UNVISITED = (
    *_TYPES,
    "type_identifier",
    "operator_name",
    "destructor_name",
    "template_method",
    "requires_expression",
)
_CASTS = (b"static_cast", b"dynamic_cast", b"const_cast", b"reinterpret_cast")
_DECLARATORS = (*DECLARATORS, "reference_declarator")
_CLASSES = ("class_specifier", "struct_specifier", "union_specifier")

TABLE = FlowTable(
    roles={
        **ROLES,
        **dict.fromkeys(_SKIPPED, Skip()),
        **dict.fromkeys(_UNVISITED, Annotation()),
        "field_identifier": Name(),
        "this": Self(),
        "raw_string_literal": Literal(),
        "user_defined_literal": Literal(),
        "qualified_identifier": Only(parts=("name",), place=True),
        "template_function": Only(parts=("name",), operators=_CASTS),
        "type_definition": Only(parts=("type",)),
        "assignment_expression": Assign(left="left", right="right", types=("primitive_type",)),
        "call_expression": Call(
            function="function", arguments="arguments", binders=(b"std::tie", b"tie")
        ),
        "new_expression": Raise(),
        "delete_expression": Raise(),
        "co_await_expression": Raise(),
        "co_yield_statement": Raise(),
        **dict.fromkeys(_CLASSES, Class(visible=True)),
        "function_definition": Function(
            signature="declarator", inside=("field_initializer_list", "try_statement")
        ),
        "function_declarator": Declarator(
            name="declarator",
            parameters="parameters",
            pointers=("parenthesized_declarator",),
            types=_TYPES,
            ambiguous=("type_identifier",),
        ),
        "abstract_function_declarator": Declarator(name=None, parameters="parameters"),
        "field_initializer": Only(parts=(-1,)),
        "lambda_expression": Function(
            named="nowhere", signature="declarator", captures="captures", own_receiver=False
        ),
        "lambda_capture_initializer": Declare(name="left", value="right"),
        "optional_parameter_declaration": Parameter(name="declarator", value="default_value"),
        "variadic_parameter_declaration": Parameter(name="declarator"),
        "structured_binding_declarator": Pattern(),
        "declaration": Declare(
            name=None,
            value="value",
            names=_DECLARATORS,
            around=_CLASSES,
            external=b"extern",
            constructs=True,
        ),
        "field_declaration": Declare(
            name=None,
            value="default_value",
            names=("field_identifier", *_DECLARATORS),
            around=_CLASSES,
        ),
        "condition_clause": Only(parts=("initializer", "value")),
        "if_statement": Branch(
            condition="condition",
            consequence="consequence",
            alternative="alternative",
            scoped=True,
        ),
        "while_statement": While(condition="condition", body="body", scoped=True),
        "for_range_loop": ForEach(
            target="declarator",
            iterable="right",
            body="body",
            declares=True,
            initializer="initializer",
        ),
        "try_statement": Try(body="body", handlers=("catch_clause",)),
        "catch_clause": Catch(target="parameters", body="body", everything=b"(...)"),
        "throw_statement": Jump(to="throw"),
        "co_return_statement": Jump(to="return"),
    },
    true=(b"true", b"1"),
    false=(b"false", b"0"),
    keywords=KEYWORDS,
    streams=(b"cin", b"std::cin", b"wcin", b"std::wcin"),
)
