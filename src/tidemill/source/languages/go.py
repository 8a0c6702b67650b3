"""Go."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["GO"]

UNITS = UnitTable(
    query="""
    (function_declaration body: (_)) @function
    (method_declaration body: (_)) @function
    (var_spec value: (expression_list (func_literal))) @holder
    (short_var_declaration right: (expression_list (func_literal))) @holder
    (assignment_statement right: (expression_list (func_literal))) @holder
    (keyed_element key: (literal_element [(identifier) (interpreted_string_literal)])
        value: (literal_element (func_literal))) @holder
    (var_declaration . (var_spec value: (expression_list (func_literal))) .) @wrapper
    (comment) @comment
    """,
    docs=DocStyle(
        blocks=("/*",), lines=("//",), directives=("//go:", "//nolint", "// +build", "//line ")
    ),
    methods=frozenset({"method_declaration"}),
    values=frozenset({"func_literal"}),
    holders={
        "var_spec": Holder(name="name", value="value"),
        "short_var_declaration": Holder(),
        "assignment_statement": Holder(),
        "keyed_element": Holder(name="key", value="value"),
    },
    members={"selector_expression": "field"},
    lists=frozenset({"expression_list"}),
    unwrap={"literal_element": ""},
    receiver="receiver",
)

GO = Language(
    name="go",
    title="Go",
    extensions=(".go",),
    grammar="tree_sitter_go:language",
    units=UNITS,
    wraps=(Wrap(prefix=b"func X() {\n", suffix=b"\n}"),),
)
