"""Java."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["JAVA"]

CLASSES = (
    "class_declaration",
    "enum_declaration",
    "record_declaration",
    "interface_declaration",
    "annotation_type_declaration",
    "enum_constant",
    "object_creation_expression",
)

UNITS = UnitTable(
    query="""
    (method_declaration body: (_)) @function
    (constructor_declaration) @function
    (compact_constructor_declaration) @function
    (class_declaration) @scope
    (enum_declaration) @scope
    (record_declaration) @scope
    (interface_declaration) @scope
    (annotation_type_declaration) @scope
    (enum_constant body: (_)) @scope
    (object_creation_expression (class_body)) @scope
    (variable_declarator value: (lambda_expression)) @holder
    (assignment_expression left: [(identifier) (field_access)] right: (lambda_expression)) @holder
    (field_declaration (variable_declarator value: (lambda_expression)) .) @wrapper
    (local_variable_declaration (variable_declarator value: (lambda_expression)) .) @wrapper
    (line_comment) @comment
    (block_comment) @comment
    """,
    docs=DocStyle(blocks=("/**",), lines=("///",), markup="html"),
    methods=frozenset(
        {"method_declaration", "constructor_declaration", "compact_constructor_declaration"}
    ),
    classes=frozenset(CLASSES),
    values=frozenset({"lambda_expression"}),
    holders={
        "variable_declarator": Holder(name="name", value="value"),
        "assignment_expression": Holder(),
    },
    members={"field_access": "field"},
)

JAVA = Language(
    name="java",
    title="Java",
    extensions=(".java",),
    grammar="tree_sitter_java:language",
    units=UNITS,
    wraps=(Wrap(prefix=b"class X {\n", suffix=b"\n}"),),
)
