"""TypeScript and TSX (tree-sitter-typescript): JavaScript with types."""

from tidemill.source.dataflow.grammar import FlowTable
from tidemill.source.dataflow.roles import (
    Cast,
    Class,
    Declare,
    Member,
    Name,
    Only,
    Parameter,
    Role,
    Skip,
)
from tidemill.source.dataflow.tables.javascript import ROLES, TRUE

__all__ = ["TABLE"]

_JAVASCRIPT_ONLY = frozenset({"field_definition", "using_declaration"})
_MARKUP = frozenset(kind for kind in ROLES if kind.startswith("jsx_")) - {"jsx_text"}

_TYPES = (
    "abstract_method_signature",
    "accessibility_modifier",
    "ambient_declaration",
    "asserts_annotation",
    "function_signature",
    "implements_clause",
    "index_signature",
    "interface_declaration",
    "method_signature",
    "override_modifier",
    "type_alias_declaration",
    "type_annotation",
    "type_arguments",
    "type_parameters",
    "type_predicate_annotation",
)

_TYPED: dict[str, Role] = {
    **{kind: Skip() for kind in _TYPES},
    # The name of a class; in types it is never reached.
    "type_identifier": Name(),
    "nested_identifier": Member(object="object", key="property"),
    "as_expression": Cast(),
    "satisfies_expression": Cast(),
    "type_assertion": Cast(),
    "non_null_expression": Cast(),
    "instantiation_expression": Cast(),
    "required_parameter": Parameter(name="pattern", value="value"),
    "optional_parameter": Parameter(name="pattern", value="value"),
    "public_field_definition": Only(
        parts=("value",), around=("decorator", "computed_property_name")
    ),
    "abstract_class_declaration": Class(name="name", visible=True, named="before"),
    "enum_declaration": Class(name="name", visible=True, named="before"),
    # The members of an enumeration are variables in it; no other property is visited.
    "property_identifier": Name(),
    "enum_body": Declare(name=None, value=None, names=("property_identifier", "enum_assignment")),
    "enum_assignment": Declare(name="name", value="value"),
    "internal_module": Class(name="name", visible=True, named="before"),
    "module": Class(name="name", visible=True, named="before"),
    "import_alias": Declare(name=0, value=1),
}

TABLE = FlowTable(
    roles={
        **{kind: role for kind, role in ROLES.items() if kind not in _JAVASCRIPT_ONLY},
        **_TYPED,
    },
    true=TRUE,
    optional_kinds=_MARKUP | {"type_assertion", "html_character_reference"},
)
