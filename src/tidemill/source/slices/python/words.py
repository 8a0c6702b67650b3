"""What Python calls things; types of literals and builtins as in Joern's Python frontend."""

from tidemill.source.slices.vocabulary import Call, Operator, Pair, Vocabulary

__all__ = ["WORDS"]

BINARY = {
    "+": "addition",
    "-": "subtraction",
    "*": "multiplication",
    "/": "division",
    "//": "floorDiv",
    "%": "modulo",
    "@": "matMult",
    "**": "power",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "shiftLeft",
    ">>": "arithmeticShiftRight",
}
COMPARISON = {
    "==": "equals",
    "!=": "notEquals",
    "<": "lessThan",
    "<=": "lessEqualsThan",
    ">": "greaterThan",
    ">=": "greaterEqualsThan",
    "is": "is",
    "is not": "isNot",
    "in": "in",
    "not in": "notIn",
}
BOOLEAN = {"and": "logicalAnd", "or": "logicalOr"}
UNARY = {"-": "minus", "+": "plus", "~": "not"}
AUGMENTED = {
    "+=": "assignmentPlus",
    "-=": "assignmentMinus",
    "*=": "assignmentMultiplication",
    "/=": "assignmentDivision",
    "//=": "assignmentFloorDiv",
    "%=": "assignmentModulo",
    "@=": "assignmentMatMult",
    "**=": "assignmentPower",
    "&=": "assignmentAnd",
    "|=": "assignmentOr",
    "^=": "assignmentXor",
    "<<=": "assignmentShiftLeft",
    ">>=": "assignmentArithmeticShiftRight",
}
BUILTINS = """
    bool bytearray bytes complex dict float frozenset int list memoryview object range set
    slice str tuple type
"""
TYPES = {
    **{name: f"__builtin.{name}" for name in BUILTINS.split()},
    "Any": "ANY",
    "None": "__builtin.None",
}

WORDS = Vocabulary(
    names=frozenset({"identifier"}),
    transparent=frozenset({"interpolation", "parenthesized_expression"}),
    casts={},
    functions=frozenset({"lambda"}),
    calls={"call": Call(callee="function")},
    members={"attribute": Pair(first="object", second="attribute")},
    subscripts={"subscript": Pair(first="value", second="subscript")},
    assignments={
        "assignment": Pair(first="left", second="right"),
        "named_expression": Pair(first="name", second="value"),
    },
    operators={
        "augmented_assignment": Operator(tokens=AUGMENTED),
        "await": Operator(name="await"),
        "binary_operator": Operator(tokens=BINARY),
        "boolean_operator": Operator(tokens=BOOLEAN),
        "comparison_operator": Operator(tokens=COMPARISON),
        "conditional_expression": Operator(name="conditional"),
        "delete_statement": Operator(name="delete"),
        "dictionary_splat": Operator(name="starredUnpack"),
        "expression_list": Operator(name="tupleLiteral"),
        "list": Operator(name="listLiteral"),
        "list_splat": Operator(name="starredUnpack"),
        "not_operator": Operator(name="logicalNot"),
        "raise_statement": Operator(name="raise"),
        "set": Operator(name="setLiteral"),
        "string": Operator(name="formatString"),
        "tuple": Operator(name="tupleLiteral"),
        "unary_operator": Operator(tokens=UNARY),
        "yield": Operator(name="yield"),
    },
    alternatives={},
    argument_lists=frozenset({"argument_list"}),
    named_arguments={"keyword_argument": Pair(first="name", second="value")},
    literals={
        "concatenated_string": "__builtin.str",
        "dictionary": "__builtin.dict",
        "dictionary_comprehension": "__builtin.dict",
        "expression_list": "__builtin.tuple",
        "false": "__builtin.bool",
        "float": "__builtin.float",
        "integer": "__builtin.int",
        "list": "__builtin.list",
        "list_comprehension": "__builtin.list",
        "none": "__builtin.None",
        "set": "__builtin.set",
        "set_comprehension": "__builtin.set",
        "string": "__builtin.str",
        "true": "__builtin.bool",
        "tuple": "__builtin.tuple",
    },
    builtins=frozenset(),
    builtin_prefix="__builtin.",
    primitives=TYPES,
    imports=frozenset({"__import__"}),
    own=frozenset({"cls", "self"}),
    factories={},
    spelled=frozenset({"string"}),
    keywords=frozenset(),
    calls_construct=True,
    left_out=frozenset(
        {
            "comment",
            "escape_interpolation",
            "escape_sequence",
            "format_specifier",
            "line_continuation",
            "string_content",
            "string_end",
            "string_start",
            "type_conversion",
            "type_parameter",
        }
    ),
    tokens=frozenset([*BINARY, *COMPARISON, *BOOLEAN, *UNARY, *AUGMENTED]),
)
