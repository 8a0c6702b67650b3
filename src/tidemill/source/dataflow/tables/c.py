"""C (tree-sitter-c)."""

from tidemill.source.dataflow.grammar import FlowTable
from tidemill.source.dataflow.roles import (
    Annotation,
    Assign,
    Block,
    Branch,
    Call,
    Case,
    Catch,
    Comma,
    Conditional,
    Declarator,
    Declare,
    DoWhile,
    ForLoop,
    Function,
    Index,
    Jump,
    Label,
    Literal,
    Match,
    Member,
    Name,
    Not,
    Only,
    Parameter,
    Parenthesized,
    Pointer,
    Role,
    ShortCircuit,
    Skip,
    Text,
    Try,
    Update,
    Variants,
    While,
)

__all__ = ["DECLARATORS", "KEYWORDS", "ROLES", "TABLE"]

DECLARATORS = (
    "identifier",
    "init_declarator",
    "pointer_declarator",
    "array_declarator",
    "function_declarator",
    "parenthesized_declarator",
    "attributed_declarator",
)
"""The kinds of what a declaration declares."""

_SKIPPED = (
    "comment",
    "preproc_include",
    "preproc_def",
    "preproc_function_def",
    "preproc_call",
    "storage_class_specifier",
    "attribute_specifier",
    "attribute_declaration",
    "alignas_qualifier",
    "ms_based_modifier",
    "ms_call_modifier",
    "ms_declspec_modifier",
    "ms_pointer_modifier",
    "type_descriptor",
    "enum_specifier",
    "bitfield_clause",
    "string_content",
    "escape_sequence",
    "gnu_asm_qualifier",
    "gnu_asm_clobber_list",
    "gnu_asm_goto_list",
)
_TYPES = (
    "primitive_type",
    "sized_type_specifier",
    "type_identifier",
    "type_qualifier",
    "type_definition",
    "struct_specifier",
    "union_specifier",
    "macro_type_specifier",
    "variadic_parameter",
)
# What is asked of a type at compile time does not evaluate its operand.
_UNVISITED = (
    "field_identifier",
    "statement_identifier",
    "sizeof_expression",
    "alignof_expression",
    "offsetof_expression",
)
_LITERALS = ("number_literal", "char_literal", "true", "false", "null")
_DECLARATION = Declare(name=None, value=None, names=DECLARATORS, external=b"extern")

KEYWORDS = frozenset(
    b"void char short int long float double signed unsigned bool _Bool _Complex size_t"
    b" const volatile restrict struct union enum".split()
)
"""Words of types, which look like names where a macro takes a type: ``va_arg(ap, int)``."""

ROLES: dict[str, Role] = {
    **dict.fromkeys(_SKIPPED, Skip()),
    **dict.fromkeys(_UNVISITED, Annotation()),
    **dict.fromkeys(_LITERALS, Literal()),
    "identifier": Name(),
    "string_literal": Text(),
    "concatenated_string": Text(),
    "parenthesized_expression": Parenthesized(),
    "compound_statement": Block(),
    "preproc_if": Variants(condition="condition", alternative="alternative"),
    "preproc_elif": Variants(condition="condition", alternative="alternative"),
    "preproc_ifdef": Variants(condition="name", alternative="alternative"),
    "preproc_elifdef": Variants(condition="name", alternative="alternative"),
    "function_definition": Function(signature="declarator"),
    "function_declarator": Declarator(
        name="declarator", parameters="parameters", pointers=("parenthesized_declarator",)
    ),
    "array_declarator": Declarator(name="declarator", evaluated="size"),
    "parameter_declaration": Parameter(name="declarator"),
    "declaration": _DECLARATION,
    "init_declarator": Declare(name="declarator", value="value"),
    "assignment_expression": Assign(left="left", right="right"),
    "update_expression": Update(operand="argument"),
    "unary_expression": Not(operand="argument"),
    "binary_expression": ShortCircuit(),
    "comma_expression": Comma(),
    "conditional_expression": Conditional(
        condition="condition", consequence="consequence", alternative="alternative"
    ),
    "call_expression": Call(function="function", arguments="arguments"),
    "pointer_expression": Pointer(operand="argument"),
    "field_expression": Member(object="argument", key="field"),
    "subscript_expression": Index(object="argument"),
    # An index says where the value goes; it is no part of it.
    "initializer_pair": Comma(),
    "field_designator": Skip(),
    "gnu_asm_output_operand": Only(parts=("value",)),
    "gnu_asm_input_operand": Only(parts=("value",)),
    "if_statement": Branch(
        condition="condition", consequence="consequence", alternative="alternative"
    ),
    "for_statement": ForLoop(
        initializer="initializer", condition="condition", update="update", body="body"
    ),
    "while_statement": While(condition="condition", body="body"),
    "do_statement": DoWhile(body="body", condition="condition"),
    "switch_statement": Match(subject="condition", cases=("case_statement",), falls_through=True),
    "case_statement": Case(patterns=("value",), bare=True),
    "labeled_statement": Label(label="label", body=1),
    "seh_try_statement": Try(
        body="body", handlers=("seh_except_clause",), final=("seh_finally_clause",)
    ),
    "seh_except_clause": Catch(value="filter", body="body"),
    "return_statement": Jump(to="return"),
    "break_statement": Jump(to="break"),
    "continue_statement": Jump(to="continue"),
    "goto_statement": Jump(to="goto", label="label"),
}
"""The roles that C++ has as well."""

TABLE = FlowTable(
    roles={**dict.fromkeys(_TYPES, Skip()), **ROLES},
    true=(b"true", b"1"),
    false=(b"false", b"0"),
    keywords=KEYWORDS,
)
