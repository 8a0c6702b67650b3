"""JavaScript, TypeScript and TSX: one family, three grammars."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["JAVASCRIPT", "TSX", "TYPESCRIPT"]

FUNCTIONS = "[(arrow_function) (function_expression) (generator_function)]"
VALUES = "[(arrow_function) (function_expression) (generator_function) (object) (class)]"
TARGETS = "[(identifier) (member_expression) (subscript_expression index: (string))]"

SHARED_QUERY = f"""
    (function_declaration) @function
    (generator_function_declaration) @function
    (method_definition) @function
    (function_expression name: (_)) @function
    (generator_function name: (_)) @function
    (class_declaration) @scope
    (class) @scope
    (variable_declarator name: (identifier) value: {VALUES}) @holder
    (assignment_expression left: {TARGETS} right: {VALUES}) @holder
    (augmented_assignment_expression left: {TARGETS} right: {VALUES}) @holder
    (pair key: [(property_identifier) (string)] value: {VALUES}) @holder
    (lexical_declaration . (variable_declarator value: {FUNCTIONS}) .) @wrapper
    (variable_declaration . (variable_declarator value: {FUNCTIONS}) .) @wrapper
    (export_statement declaration:
        [(function_declaration) (generator_function_declaration)]) @wrapper
    (export_statement declaration: (_ . (variable_declarator value: {FUNCTIONS}) .)) @wrapper
    (comment) @comment
"""

JAVASCRIPT_QUERY = f"""
    (field_definition property: (_) value: {VALUES}) @holder
"""

TYPESCRIPT_QUERY = f"""
    (public_field_definition name: (_) value: {VALUES}) @holder
    (abstract_class_declaration) @scope
    (internal_module) @scope
    (module body: (_)) @scope
    (class_body (decorator) @decorator)
"""

WRAPS = (Wrap(prefix=b"class X {\n", suffix=b"\n}"), Wrap(prefix=b"({\n", suffix=b"\n})"))


def _units(query: str) -> UnitTable:
    """Return the family's table with a member's own captures."""
    return UnitTable(
        query=SHARED_QUERY + query,
        docs=DocStyle(blocks=("/**",)),
        methods=frozenset({"method_definition"}),
        classes=frozenset({"class_declaration", "abstract_class_declaration", "class", "object"}),
        values=frozenset({"arrow_function", "function_expression", "generator_function"}),
        holders={
            "variable_declarator": Holder(name="name", value="value"),
            "assignment_expression": Holder(),
            "augmented_assignment_expression": Holder(),
            "pair": Holder(name="key", value="value"),
            "field_definition": Holder(name="property", value="value"),
            "public_field_definition": Holder(name="name", value="value"),
        },
        members={"member_expression": "property", "subscript_expression": "index"},
    )


JAVASCRIPT = Language(
    name="javascript",
    title="JavaScript",
    extensions=(".js", ".mjs", ".cjs", ".jsx"),
    filenames=("Jakefile",),
    interpreters=("node", "nodejs", "bun"),
    grammar="tree_sitter_javascript:language",
    units=_units(JAVASCRIPT_QUERY),
    wraps=WRAPS,
)

TYPESCRIPT = Language(
    name="typescript",
    title="TypeScript",
    extensions=(".ts", ".mts", ".cts"),
    interpreters=("ts-node", "tsx", "deno"),
    grammar="tree_sitter_typescript:language_typescript",
    units=_units(TYPESCRIPT_QUERY),
    wraps=WRAPS,
)

TSX = Language(
    name="tsx",
    title="TSX",
    extensions=(".tsx",),
    grammar="tree_sitter_typescript:language_tsx",
    units=_units(TYPESCRIPT_QUERY),
    wraps=WRAPS,
)
