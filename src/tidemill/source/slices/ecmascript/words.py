"""What JavaScript, TypeScript and TSX call things.

Names of operators, types of literals and of builtins are those of Joern's JavaScript
frontend, as its slices show them.
"""

from tidemill.source.slices.vocabulary import Call, Operator, Pair, Vocabulary

__all__ = ["FUNCTIONS", "WORDS"]

FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)

BINARY = {
    "+": "addition",
    "-": "subtraction",
    "*": "multiplication",
    "/": "division",
    "%": "modulo",
    "**": "exponentiation",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "shiftLeft",
    ">>": "arithmeticShiftRight",
    ">>>": "logicalShiftRight",
    "&&": "logicalAnd",
    "||": "logicalOr",
    "??": "elvis",
    "==": "equals",
    "===": "equals",
    "!=": "notEquals",
    "!==": "notEquals",
    "<": "lessThan",
    "<=": "lessEqualsThan",
    ">": "greaterThan",
    ">=": "greaterEqualsThan",
    "in": "in",
    "instanceof": "instanceOf",
}
AUGMENTED = {
    "+=": "assignmentPlus",
    "-=": "assignmentMinus",
    "*=": "assignmentMultiplication",
    "/=": "assignmentDivision",
    "%=": "assignmentModulo",
    "**=": "assignmentExponentiation",
    "&=": "assignmentAnd",
    "&&=": "assignmentAnd",
    "|=": "assignmentOr",
    "||=": "assignmentOr",
    "^=": "assignmentXor",
    "<<=": "assignmentShiftLeft",
    ">>=": "assignmentArithmeticShiftRight",
    ">>>=": "assignmentLogicalShiftRight",
    "??=": "assignmentElvis",
}
UNARY = {
    "!": "logicalNot",
    "~": "not",
    "-": "minus",
    "+": "plus",
    "typeof": "instanceOf",
    "void": "void",
    "delete": "delete",
}
UPDATE = {"++": "postIncrement", "--": "postDecrement"}

TYPES = """
    adding_type_annotation array_type asserts asserts_annotation call_signature
    conditional_type constraint construct_signature constructor_type default_type
    existential_type flow_maybe_type function_type generic_type index_signature
    index_type_query infer_type intersection_type literal_type lookup_type
    mapped_type_clause nested_type_identifier omitting_type_annotation
    opting_type_annotation optional_type parenthesized_type predefined_type readonly_type
    rest_type template_literal_type template_type this_type tuple_type type_arguments
    type_parameter type_parameters type_predicate type_predicate_annotation type_query
    union_type
"""
SILENT = """
    comment escape_sequence hash_bang_line html_comment jsx_text optional_chain
    regex_flags regex_pattern string_fragment
"""
BUILTINS = """
    Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date
    Error EvalError FinalizationRegistry Float32Array Float64Array Function Int16Array
    Int32Array Int8Array Intl JSON Map Math Number Object Promise Proxy RangeError
    ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError
    URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
"""

WORDS = Vocabulary(
    names=frozenset(
        {
            "identifier",
            "shorthand_property_identifier",
            "shorthand_property_identifier_pattern",
        }
    ),
    transparent=frozenset(
        {
            "as_expression",
            "instantiation_expression",
            "non_null_expression",
            "parenthesized_expression",
            "satisfies_expression",
            "template_substitution",
            "type_assertion",
        }
    ),
    casts={"as_expression": "as"},
    functions=FUNCTIONS,
    calls={
        "call_expression": Call(callee="function"),
        "new_expression": Call(callee="constructor", constructs=True),
    },
    members={"member_expression": Pair(first="object", second="property")},
    subscripts={"subscript_expression": Pair(first="object", second="index")},
    assignments={
        "assignment_expression": Pair(first="left", second="right"),
        "for_in_statement": Pair(first="left", second="right"),
        "object_assignment_pattern": Pair(first="left", second="right"),
        "pair": Pair(first="key", second="value"),
        "shorthand_property_identifier": Pair(first="", second=""),
        "variable_declarator": Pair(first="name", second="value"),
    },
    operators={
        "array": Operator(name="arrayInitializer"),
        "augmented_assignment_expression": Operator(tokens=AUGMENTED),
        "await_expression": Operator(name="await"),
        "binary_expression": Operator(tokens=BINARY),
        "spread_element": Operator(name="spread"),
        "template_string": Operator(name="formatString", first=2, step=2),
        "ternary_expression": Operator(name="conditional"),
        "throw_statement": Operator(name="throw"),
        "unary_expression": Operator(tokens=UNARY),
        "update_expression": Operator(tokens=UPDATE),
        "yield_expression": Operator(name="yield"),
    },
    alternatives={
        "assignment_expression": ("right",),
        "binary_expression": ("left", "right"),
        "ternary_expression": ("consequence", "alternative"),
    },
    argument_lists=frozenset({"arguments"}),
    named_arguments={},
    literals={
        "array": "__ecma.Array",
        "false": "__ecma.Boolean",
        "null": "null",
        "number": "__ecma.Number",
        "regex": "__ecma.RegExp",
        "string": "__ecma.String",
        "template_string": "__ecma.String",
        "true": "__ecma.Boolean",
        "undefined": "undefined",
    },
    builtins=frozenset(BUILTINS.split()),
    builtin_prefix="__ecma.",
    primitives={
        "any": "ANY",
        "unknown": "ANY",
        "bigint": "__ecma.BigInt",
        "boolean": "__ecma.Boolean",
        "number": "__ecma.Number",
        "object": "__ecma.Object",
        "string": "__ecma.String",
        "symbol": "__ecma.Symbol",
    },
    imports=frozenset({"import", "require"}),
    own=frozenset({"self", "this"}),
    factories={"array": "__ecma.Array.factory"},
    spelled=frozenset({"array", "template_string"}),
    keywords=frozenset({"import", "super"}),
    calls_construct=False,
    left_out=frozenset([*TYPES.split(), *SILENT.split()]),
    tokens=frozenset([*BINARY, *AUGMENTED, *UNARY, *UPDATE, "const", "let", "var"]),
)
