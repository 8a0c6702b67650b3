"""Python."""

from tidemill.source.tables import DocStyle, Holder, Language, UnitTable, Wrap

__all__ = ["PYTHON"]

UNITS = UnitTable(
    query="""
    (function_definition) @function
    (class_definition) @scope
    (decorated_definition definition: (function_definition)) @decorated
    (assignment left: [(identifier) (attribute)] right: (lambda)) @holder
    (named_expression value: (lambda)) @holder
    (comment) @comment
    """,
    docs=DocStyle(docstrings=True),
    classes=frozenset({"class_definition"}),
    values=frozenset({"lambda"}),
    holders={
        "assignment": Holder(),
        "named_expression": Holder(name="name", value="value"),
    },
    members={"attribute": "attribute"},
)

PYTHON = Language(
    name="python",
    title="Python",
    extensions=(".py", ".pyi", ".pyw"),
    filenames=("SConstruct", "SConscript", "wscript"),
    interpreters=("python", "pypy"),
    grammar="tree_sitter_python:language",
    units=UNITS,
    wraps=(Wrap(prefix=b"class X:\n", suffix=b"\n"),),
)
