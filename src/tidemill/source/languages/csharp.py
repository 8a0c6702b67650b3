"""C#."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["CSHARP"]

LAMBDAS = "[(lambda_expression) (anonymous_method_expression)]"

UNITS = UnitTable(
    query=f"""
    (method_declaration body: (_)) @function
    (constructor_declaration body: (_)) @function
    (destructor_declaration body: (_)) @function
    (operator_declaration body: (_)) @function
    (conversion_operator_declaration body: (_)) @function
    (local_function_statement body: (_)) @function
    (accessor_declaration body: (_)) @function
    (property_declaration value: (arrow_expression_clause)) @function
    (indexer_declaration value: (arrow_expression_clause)) @function
    (property_declaration accessors: (_)) @scope
    (indexer_declaration accessors: (_)) @scope
    (event_declaration accessors: (_)) @scope
    (class_declaration) @scope
    (struct_declaration) @scope
    (record_declaration) @scope
    (interface_declaration) @scope
    (enum_declaration) @scope
    (namespace_declaration) @scope
    (file_scoped_namespace_declaration) @rest
    (variable_declarator name: (_) {LAMBDAS}) @holder
    (assignment_expression left: [(identifier) (member_access_expression)] right: {LAMBDAS}) @holder
    (field_declaration (variable_declaration (variable_declarator {LAMBDAS}) .)) @wrapper
    (local_declaration_statement (variable_declaration (variable_declarator {LAMBDAS}) .)) @wrapper
    (comment) @comment
    """,
    docs=DocStyle(blocks=("/**",), lines=("///",), markup="xml"),
    methods=frozenset({"method_declaration", "constructor_declaration", "accessor_declaration"}),
    classes=frozenset(
        {
            "class_declaration",
            "struct_declaration",
            "record_declaration",
            "interface_declaration",
            "enum_declaration",
        }
    ),
    values=frozenset({"lambda_expression", "anonymous_method_expression"}),
    holders={
        "variable_declarator": Holder(name="name", value=None),
        "assignment_expression": Holder(),
    },
    names={
        "operator_declaration": "operator",
        "conversion_operator_declaration": "type",
    },
    prefixes={
        "destructor_declaration": "~",
        "operator_declaration": "operator",
        "conversion_operator_declaration": "operator ",
        "indexer_declaration": "this",
    },
    bodies={"property_declaration": "value", "indexer_declaration": "value"},
    members={"member_access_expression": "name"},
)

CSHARP = Language(
    name="csharp",
    title="C#",
    extensions=(".cs", ".csx"),
    grammar="tree_sitter_c_sharp:language",
    units=UNITS,
    wraps=(Wrap(prefix=b"class X {\n", suffix=b"\n}"),),
)
