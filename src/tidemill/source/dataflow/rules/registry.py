"""Which rule serves which role."""

from tidemill.source.dataflow import roles
from tidemill.source.dataflow.grammar import CompiledGrammar, FlowTable
from tidemill.source.dataflow.rules import (
    assignments,
    branches,
    conditions,
    elements,
    exceptions,
    jumps,
    loops,
    names,
    patterns,
    scoping,
    values,
)
from tidemill.source.dataflow.rules.conditions import DEFINES, MAY_THROW
from tidemill.source.dataflow.walk import Leaf, Rule, RuleTable

__all__ = ["rule_table"]

_LEAVES: dict[type, Leaf] = {
    roles.Name: names.visit_name,
    roles.Instance: names.visit_instance,
    roles.Literal: names.visit_literal,
    roles.Annotation: lambda _walk, _index: None,
    roles.Declarator: lambda _walk, _index: None,
    roles.Self: lambda _walk, _index: None,
}

_RULES: dict[type, Rule] = {
    roles.Text: names.visit_text,
    roles.Heredoc: names.visit_heredoc,
    roles.Member: names.visit_path,
    roles.Index: names.visit_path,
    roles.Pointer: names.visit_pointer,
    roles.Qualified: names.visit_qualified,
    roles.Only: values.visit_only,
    roles.Cast: values.visit_cast,
    roles.Element: values.visit_element,
    roles.Export: values.visit_export,
    roles.Conversion: values.visit_conversion,
    roles.Record: values.visit_record,
    roles.Labelled: values.visit_labelled,
    roles.Shorthand: values.visit_shorthand,
    roles.Raise: values.visit_raise,
    roles.Call: values.visit_call,
    roles.Argument: elements.visit_argument,
    roles.Initializer: elements.visit_initializer,
    roles.Query: elements.visit_query,
    roles.Source: elements.visit_source,
    roles.Without: elements.visit_without,
    roles.Guarded: names.visit_path,
    roles.ExpressionBody: scoping.visit_expression_body,
    roles.Conditional: values.visit_conditional,
    roles.Comma: values.visit_comma,
    roles.Not: conditions.visit_not,
    roles.Chain: conditions.visit_chain,
    roles.ShortCircuit: values.visit_short_circuit,
    roles.Assign: assignments.visit_assign,
    roles.TypeAlias: assignments.visit_type_alias,
    roles.Update: assignments.visit_update,
    roles.Declaration: assignments.visit_declaration,
    roles.Declare: assignments.visit_declare,
    roles.Default: patterns.visit_default,
    roles.As: assignments.visit_as,
    roles.Import: assignments.visit_import,
    roles.NonLocal: assignments.visit_nonlocal,
    roles.Delete: assignments.visit_delete,
    roles.Function: scoping.visit_function,
    roles.Class: scoping.visit_class,
    roles.Block: scoping.visit_block,
    roles.Comprehension: loops.visit_comprehension,
    roles.ForEach: loops.visit_for_each,
    roles.ForLoop: loops.visit_for_loop,
    roles.Loop: loops.visit_loop,
    roles.While: loops.visit_while,
    roles.DoWhile: loops.visit_do_while,
    roles.Branch: branches.visit_branch,
    roles.Variants: branches.visit_variants,
    roles.Match: branches.visit_match,
    roles.Assert: jumps.visit_assert,
    roles.Jump: jumps.visit_jump,
    roles.Label: jumps.visit_label,
    roles.Try: exceptions.visit_try,
    roles.Catch: exceptions.visit_catch,
    roles.With: exceptions.visit_with,
}

_SPECIAL_ARGUMENTS = (roles.Function, roles.Pointer, roles.Argument)
_WRAPPERS = (roles.Parenthesized, roles.Cast)
_DEFINERS = (roles.Assign, roles.Update, roles.As, roles.Argument, roles.Declare, roles.Jump)


def _definer(role: type, leaf: Leaf | None, table: FlowTable) -> int:
    if role in _DEFINERS:
        return DEFINES
    calls = role is roles.Call or leaf is names.visit_defined_name
    return MAY_THROW if calls and table.throwers else 0


def _name_leaf(table: FlowTable) -> Leaf:
    if table.names_need_definition:
        return names.visit_defined_name
    return names.visit_name_or_receiver if table.receiver else names.visit_name


def rule_table(grammar: CompiledGrammar) -> RuleTable:
    """Return the rules by kind id for one grammar."""
    kinds = [role.__class__ for role in grammar.roles]
    leaves = _LEAVES | {roles.Name: _name_leaf(grammar.table)}
    return RuleTable(
        leaves=[leaves.get(kind) for kind in kinds],
        rules=[_RULES.get(kind) for kind in kinds],
        wrappers=bytearray(kind in _WRAPPERS for kind in kinds),
        definers=bytearray(_definer(kind, leaves.get(kind), grammar.table) for kind in kinds),
        special_arguments=bytearray(kind in _SPECIAL_ARGUMENTS for kind in kinds),
        plain_roots=bytearray(leaves.get(kind) is names.visit_name for kind in kinds),
        receivers=bytearray(kind is roles.Self for kind in kinds),
    )
