"""Which rule goes with which kind of node."""

from collections.abc import Mapping

from tidemill.source.slices.ecmascript.declarations import (
    visit_assignment_expression,
    visit_block,
    visit_catch,
    visit_declaration,
    visit_import,
    visit_loop,
    visit_object,
    visit_return,
)
from tidemill.source.slices.ecmascript.functions import (
    visit_class,
    visit_field,
    visit_function,
    visit_namespace,
    visit_shape,
)
from tidemill.source.slices.ecmascript.words import FUNCTIONS, WORDS
from tidemill.source.slices.sites import shared_rules
from tidemill.source.slices.walk import Rule

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = {
    **shared_rules(WORDS),
    **dict.fromkeys(FUNCTIONS, visit_function),
    "abstract_class_declaration": visit_class,
    "assignment_expression": visit_assignment_expression,
    "catch_clause": visit_catch,
    "class": visit_class,
    "class_declaration": visit_class,
    "class_static_block": visit_block,
    "enum_declaration": visit_shape,
    "field_definition": visit_field,
    "for_in_statement": visit_loop,
    "for_statement": visit_block,
    "import_alias": visit_import,
    "import_statement": visit_import,
    "interface_declaration": visit_shape,
    "internal_module": visit_namespace,
    "lexical_declaration": visit_declaration,
    "module": visit_namespace,
    "object": visit_object,
    "public_field_definition": visit_field,
    "return_statement": visit_return,
    "statement_block": visit_block,
    "switch_body": visit_block,
    "type_alias_declaration": visit_shape,
    "using_declaration": visit_declaration,
    "variable_declaration": visit_declaration,
}
