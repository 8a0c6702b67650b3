"""Go (tree-sitter-go)."""

from tidemill.source.dataflow.grammar import FlowTable
from tidemill.source.dataflow.roles import (
    Annotation,
    Assign,
    Block,
    Branch,
    Call,
    Case,
    Conversion,
    Declare,
    ForEach,
    ForLoop,
    Function,
    Index,
    Jump,
    Label,
    Labelled,
    Literal,
    Loop,
    Match,
    Member,
    Name,
    Parenthesized,
    Pointer,
    Raise,
    Record,
    Sequence,
    ShortCircuit,
    Skip,
    Update,
    Variants,
)

__all__ = ["TABLE"]

_SKIPPED = (
    "comment",
    "package_clause",
    "import_declaration",
    "type_declaration",
    "type_parameter_list",
    "pointer_type",
    "channel_type",
    "function_type",
    "struct_type",
    "interface_type",
    "parenthesized_type",
)
# Kept, because the grammar takes `table[key](x)` for a conversion.
_TYPES = (
    "type_arguments",
    "type_identifier",
    "qualified_type",
    "package_identifier",
    "generic_type",
)
_LITERALS = (
    "int_literal",
    "float_literal",
    "imaginary_literal",
    "rune_literal",
    "interpreted_string_literal",
    "raw_string_literal",
    "true",
    "false",
    "nil",
    "iota",
)
_PUT_OFF = Variants(condition=None, alternative=None)
_ELEMENT_TYPES = ("map_type", "slice_type", "array_type", "implicit_length_array_type")

TABLE = FlowTable(
    roles={
        **dict.fromkeys(_SKIPPED, Skip()),
        **dict.fromkeys(_LITERALS, Literal()),
        **dict.fromkeys((*_TYPES, *_ELEMENT_TYPES), Annotation()),
        "source_file": Block(),
        "block": Block(),
        # Control goes on whatever the call does that is put off, or made elsewhere.
        "defer_statement": _PUT_OFF,
        "go_statement": _PUT_OFF,
        "identifier": Name(),
        "parenthesized_expression": Parenthesized(),
        "expression_list": Sequence(),
        "selector_expression": Member(object="operand", key="field"),
        "index_expression": Index(object="operand", callee="function"),
        "unary_expression": Pointer(operand="operand"),
        "binary_expression": ShortCircuit(),
        "slice_expression": Raise(),
        "type_assertion_expression": Raise(),
        "type_conversion_expression": Conversion(
            type="type", operand="operand", generic=("generic_type",)
        ),
        "call_expression": Call(function="function", arguments="arguments"),
        "composite_literal": Record(type="type", body="body", element_types=_ELEMENT_TYPES),
        "keyed_element": Labelled(key="key", value="value"),
        "literal_element": Parenthesized(),
        "short_var_declaration": Assign(left="left", right="right", plain=(b":=",), declares=True),
        "assignment_statement": Assign(
            left="left", right="right", places_first=("expression_list",)
        ),
        "receive_statement": Assign(
            left="left", right="right", plain=(b"=", b":="), declaring=(b":=",)
        ),
        "inc_statement": Update(),
        "dec_statement": Update(),
        "var_spec": Declare(name="name", value="value", names=("identifier",)),
        "const_spec": Declare(name="name", value="value", names=("identifier",)),
        "function_declaration": Function(
            name="name", parameters=("parameters", "result"), hoisted=True
        ),
        "method_declaration": Function(
            name="name", parameters=("receiver", "parameters", "result"), named="nowhere"
        ),
        "func_literal": Function(parameters=("parameters", "result")),
        "if_statement": Branch(
            condition="condition",
            consequence="consequence",
            alternative="alternative",
            initializer="initializer",
        ),
        "for_statement": Loop(body="body"),
        "for_clause": ForLoop(
            initializer="initializer", condition="condition", update="update", body=None
        ),
        "range_clause": ForEach(target="left", iterable="right", body=None, declaring=(b":=",)),
        "expression_switch_statement": Match(
            subject="value",
            cases=("expression_case", "default_case"),
            initializer="initializer",
        ),
        "expression_case": Case(patterns=("value",)),
        "default_case": Case(default=True),
        "type_switch_statement": Match(
            subject="value",
            target="alias",
            cases=("type_case", "default_case"),
            initializer="initializer",
        ),
        "type_case": Case(),
        "select_statement": Match(
            subject=None, cases=("communication_case", "default_case"), total=True
        ),
        "communication_case": Case(),
        "labeled_statement": Label(label="label", body=1),
        "return_statement": Jump(to="return"),
        "break_statement": Jump(to="break", label=0),
        "continue_statement": Jump(to="continue", label=0),
        "goto_statement": Jump(to="goto", label=0),
        "fallthrough_statement": Jump(to="fallthrough"),
    },
    wildcard=b"_",
    throwers=(b"panic",),
)
