"""What the rewrites have to know of a language's grammar."""

from dataclasses import dataclass, replace

__all__ = ["SHAPES", "Shape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One language, as far as it can be rewritten; what is empty is not done there.

    Attributes:
        block: Kind of a block in braces.
        unbraced: Whether a single statement may stand where a block does.
        branch: Field of what an ``if`` does.
        loops: Kinds of loops, all of them.
        functions: Kinds of functions, named or not.
        declarations: Kinds of declarations of local variables.
        declares: Whether a variable has to be declared, and ends with what is around it.
        hoists: Whether ``var`` makes a variable of the whole function.
        typed: Whether a variable keeps the type that it was declared with.
        integers: Texts of types whose variables can be counted up in any way of writing.
        comparisons: Kinds of comparisons.
        comparable: Whether any two names compare alike from both sides; else one side
            has to be a number.
        members: Kinds of nodes with a name that is no variable, and its field.
        fixed: Kinds of nodes whose names cannot be replaced one by one.
        bodies: Kinds of class bodies.
        reflection: Names whose presence forbids to rename anything.
        labels: Kinds of arguments with a name, and the name's field.
        steps: Whether ``i++`` and ``++i`` are statements, the first alone (Go), or none.
    """

    block: str = ""
    unbraced: bool = False
    branch: str = "consequence"
    loops: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    declarations: frozenset[str] = frozenset()
    declares: bool = False
    hoists: bool = False
    typed: bool = False
    integers: frozenset[bytes] = frozenset()
    comparisons: frozenset[str] = frozenset({"binary_expression"})
    comparable: bool = True
    members: frozenset[tuple[str, str]] = frozenset()
    fixed: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    reflection: frozenset[bytes] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()
    steps: tuple[str, ...] = ()


BOTH = ("after", "before")

JAVA = Shape(
    block="block",
    unbraced=True,
    loops=frozenset({"do_statement", "enhanced_for_statement", "for_statement", "while_statement"}),
    functions=frozenset({"constructor_declaration", "lambda_expression", "method_declaration"}),
    declarations=frozenset({"local_variable_declaration"}),
    declares=True,
    typed=True,
    integers=frozenset({b"int", b"long"}),
    members=frozenset({("field_access", "field"), ("method_invocation", "name")}),
    bodies=frozenset({"class_body", "enum_body", "interface_body"}),
    steps=BOTH,
)

C = Shape(
    block="compound_statement",
    unbraced=True,
    loops=frozenset({"do_statement", "for_statement", "while_statement"}),
    functions=frozenset({"function_definition"}),
    declarations=frozenset({"declaration"}),
    declares=True,
    typed=True,
    integers=frozenset(
        {b"char", b"int", b"long", b"long long", b"short", b"size_t", b"unsigned", b"unsigned int"}
    ),
    fixed=frozenset({"preproc_def", "preproc_function_def", "sizeof_expression"}),
    bodies=frozenset({"field_declaration_list"}),
    steps=BOTH,
)

CPP = replace(
    C,
    loops=C.loops | {"for_range_loop"},
    functions=C.functions | {"lambda_expression"},
    comparable=False,
    fixed=C.fixed | {"lambda_capture_initializer", "template_argument_list"},
)

CSHARP = Shape(
    block="block",
    unbraced=True,
    loops=frozenset({"do_statement", "for_statement", "foreach_statement", "while_statement"}),
    functions=frozenset(
        {
            "accessor_declaration",
            "anonymous_method_expression",
            "lambda_expression",
            "local_function_statement",
            "method_declaration",
        }
    ),
    declarations=frozenset({"local_declaration_statement"}),
    declares=True,
    typed=True,
    integers=frozenset({b"int", b"long", b"uint", b"ulong"}),
    members=frozenset(
        {("member_access_expression", "name"), ("member_binding_expression", "name")}
    ),
    fixed=frozenset(
        {"anonymous_object_creation_expression", "query_expression", "tuple_expression"}
    ),
    bodies=frozenset({"declaration_list"}),
    reflection=frozenset({b"nameof"}),
    labels=frozenset({("argument", "name")}),
    steps=BOTH,
)

SCRIPT = Shape(
    block="statement_block",
    unbraced=True,
    loops=frozenset({"do_statement", "for_in_statement", "for_statement", "while_statement"}),
    functions=frozenset(
        {
            "arrow_function",
            "function_declaration",
            "function_expression",
            "generator_function",
            "generator_function_declaration",
            "method_definition",
        }
    ),
    declares=True,
    hoists=True,
    declarations=frozenset({"lexical_declaration", "variable_declaration"}),
    fixed=frozenset(
        {"export_statement", "import_statement", "jsx_opening_element", "with_statement"}
    ),
    bodies=frozenset({"class_body"}),
    reflection=frozenset({b"arguments", b"eval"}),
    steps=BOTH,
)

GO = Shape(
    block="block",
    declares=True,
    typed=True,
    loops=frozenset({"for_statement"}),
    functions=frozenset({"func_literal", "function_declaration", "method_declaration"}),
    integers=frozenset({b"int", b"int32", b"int64", b"uint", b"uint32", b"uint64"}),
    fixed=frozenset({"keyed_element", "type_switch_statement"}),
    bodies=frozenset({"field_declaration_list"}),
    steps=("after",),
)

PHP = Shape(
    block="compound_statement",
    unbraced=True,
    branch="body",
    loops=frozenset({"do_statement", "for_statement", "foreach_statement", "while_statement"}),
    functions=frozenset({"anonymous_function", "function_definition", "method_declaration"}),
    fixed=frozenset(
        {"dynamic_variable_name", "global_declaration", "property_promotion_parameter"}
    ),
    bodies=frozenset({"declaration_list"}),
    reflection=frozenset(
        {b"compact", b"eval", b"extract", b"get_defined_vars", b"include", b"parse_str", b"require"}
    ),
    labels=frozenset({("argument", "name")}),
)

PYTHON = Shape(
    loops=frozenset({"for_statement", "while_statement"}),
    functions=frozenset({"function_definition", "lambda"}),
    comparisons=frozenset({"comparison_operator"}),
    members=frozenset({("attribute", "attribute")}),
    fixed=frozenset(
        {
            "aliased_import",
            "class_pattern",
            "dotted_name",
            "global_statement",
            "keyword_pattern",
            "nonlocal_statement",
        }
    ),
    bodies=frozenset({"class_definition"}),
    reflection=frozenset({b"dir", b"eval", b"exec", b"globals", b"locals", b"vars"}),
    labels=frozenset({("keyword_argument", "name")}),
)

RUBY = Shape(
    comparisons=frozenset({"binary"}),
    members=frozenset({("call", "method")}),
    fixed=frozenset({"keyword_parameter"}),
    bodies=frozenset({"class", "module", "singleton_class"}),
    reflection=frozenset({b"binding", b"eval", b"instance_eval", b"local_variables"}),
)

SHAPES = {
    "c": C,
    "cpp": CPP,
    "csharp": CSHARP,
    "go": GO,
    "java": JAVA,
    "javascript": SCRIPT,
    "php": PHP,
    "python": PYTHON,
    "ruby": RUBY,
    "tsx": SCRIPT,
    "typescript": SCRIPT,
}
"""The shapes by the name of the language."""
