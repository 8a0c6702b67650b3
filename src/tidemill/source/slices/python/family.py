"""Python as a family of its own."""

from collections.abc import Mapping

from tidemill.source.slices.family import Family
from tidemill.source.slices.python.declarations import (
    visit_assignment,
    visit_augmented,
    visit_case,
    visit_comprehension,
    visit_except,
    visit_global,
    visit_import,
    visit_loop,
    visit_named,
    visit_nonlocal,
    visit_return,
    visit_with,
)
from tidemill.source.slices.python.functions import visit_class, visit_function, visit_lambda
from tidemill.source.slices.python.user_types import type_names, user_types
from tidemill.source.slices.python.words import WORDS
from tidemill.source.slices.sites import shared_rules
from tidemill.source.slices.walk import Rule

__all__ = ["PYTHON"]

RULES: Mapping[str, Rule] = {
    **shared_rules(WORDS),
    "assignment": visit_assignment,
    "augmented_assignment": visit_augmented,
    "case_clause": visit_case,
    "class_definition": visit_class,
    "dictionary_comprehension": visit_comprehension,
    "except_clause": visit_except,
    "for_in_clause": visit_loop,
    "for_statement": visit_loop,
    "function_definition": visit_function,
    "generator_expression": visit_comprehension,
    "global_statement": visit_global,
    "import_from_statement": visit_import,
    "import_statement": visit_import,
    "lambda": visit_lambda,
    "list_comprehension": visit_comprehension,
    "named_expression": visit_named,
    "nonlocal_statement": visit_nonlocal,
    "return_statement": visit_return,
    "set_comprehension": visit_comprehension,
    "with_item": visit_with,
}

PYTHON = Family(words=WORDS, rules=RULES, type_names=type_names, user_types=user_types)
