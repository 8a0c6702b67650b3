"""C and C++."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["CPP", "C"]

DOCS = DocStyle(blocks=("/*",), lines=("//",))

C_UNITS = UnitTable(
    query="""
    (function_definition body: (_)) @function
    (comment) @comment
    """,
    docs=DOCS,
    names={"function_definition": "declarator"},
    declarators=True,
)

CPP_UNITS = UnitTable(
    query="""
    (function_definition body: (_)) @function
    (class_specifier body: (_)) @scope
    (struct_specifier body: (_)) @scope
    (union_specifier body: (_)) @scope
    (namespace_definition) @scope
    (template_declaration (function_definition)) @wrapper
    (init_declarator declarator: (identifier) value: (lambda_expression)) @holder
    (assignment_expression left: [(identifier) (field_expression) (qualified_identifier)]
        right: (lambda_expression)) @holder
    (field_declaration declarator: (field_identifier)
        default_value: (lambda_expression)) @holder
    (declaration (init_declarator value: (lambda_expression)) .) @wrapper
    (comment) @comment
    """,
    docs=DOCS,
    classes=frozenset({"class_specifier", "struct_specifier", "union_specifier"}),
    values=frozenset({"lambda_expression"}),
    holders={
        "init_declarator": Holder(name="declarator", value="value"),
        "assignment_expression": Holder(),
        "field_declaration": Holder(name="declarator", value="default_value"),
    },
    names={"function_definition": "declarator"},
    members={"field_expression": "field"},
    declarators=True,
)

C = Language(
    name="c",
    title="C",
    extensions=(".c", ".h"),
    grammar="tree_sitter_c:language",
    units=C_UNITS,
)

CPP = Language(
    name="cpp",
    title="C++",
    extensions=(
        ".cc",
        ".cpp",
        ".cxx",
        ".c++",
        ".hpp",
        ".hh",
        ".hxx",
        ".h++",
        ".ipp",
        ".tpp",
        ".inl",
    ),
    grammar="tree_sitter_cpp:language",
    units=CPP_UNITS,
    wraps=(Wrap(prefix=b"class X {\n", suffix=b"\n};"),),
)
