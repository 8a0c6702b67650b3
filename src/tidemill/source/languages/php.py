"""PHP."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["PHP"]

CLOSURES = "[(anonymous_function) (arrow_function)]"
TARGETS = "[(variable_name) (member_access_expression) (scoped_property_access_expression)]"

UNITS = UnitTable(
    query=f"""
    (function_definition) @function
    (method_declaration body: (_)) @function
    (class_declaration) @scope
    (trait_declaration) @scope
    (interface_declaration) @scope
    (enum_declaration) @scope
    (anonymous_class) @scope
    (namespace_definition body: (_)) @scope
    (namespace_definition !body) @rest
    (assignment_expression left: {TARGETS} right: {CLOSURES}) @holder
    (array_element_initializer . [(string) (encapsed_string)] . {CLOSURES}) @holder
    (comment) @comment
    """,
    docs=DocStyle(blocks=("/**",)),
    methods=frozenset({"method_declaration"}),
    classes=frozenset(
        {
            "class_declaration",
            "trait_declaration",
            "interface_declaration",
            "enum_declaration",
            "anonymous_class",
        }
    ),
    values=frozenset({"anonymous_function", "arrow_function"}),
    holders={
        "assignment_expression": Holder(),
        "array_element_initializer": Holder(name=None, value=None),
    },
    members={"member_access_expression": "name", "scoped_property_access_expression": "name"},
)

PHP = Language(
    name="php",
    title="PHP",
    extensions=(".php", ".phtml", ".php5", ".php7", ".phps"),
    interpreters=("php",),
    grammar="tree_sitter_php:language_php",
    units=UNITS,
    wraps=(
        Wrap(prefix=b"<?php\n", suffix=b"\n"),
        Wrap(prefix=b"<?php class X {\n", suffix=b"\n}"),
    ),
    opener=b"<?",
)
