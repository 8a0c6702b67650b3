"""From a parsed file to the data-flow graphs of its units."""

from bisect import bisect_left
from collections.abc import Sequence
from importlib import import_module

from tidemill.source.dataflow.finish import finish
from tidemill.source.dataflow.flatten import FlatTree, flatten
from tidemill.source.dataflow.grammar import CompiledGrammar, FlowTable, compile_grammar
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.packing import pack
from tidemill.source.dataflow.roles import ExpressionBody, Function, Name
from tidemill.source.dataflow.rules.registry import rule_table
from tidemill.source.dataflow.rules.scoping import begin_unit, next_body
from tidemill.source.dataflow.walk import RuleTable, Walk
from tidemill.source.parsing import SyntaxTree, grammar_of
from tidemill.source.tables import Language
from tidemill.source.units import Unit

__all__ = ["Extractor", "data_flow", "pack_unit_graph"]

_TABLES = {
    "python": "python",
    "javascript": "javascript",
    "typescript": "typescript",
    "tsx": "typescript",
    "java": "java",
    "csharp": "csharp",
    "go": "go",
    "ruby": "ruby",
    "php": "php",
    "c": "c",
    "cpp": "cpp",
}


_COMPILED: dict[str, tuple[CompiledGrammar, RuleTable]] = {}


def _compiled(language: Language) -> tuple[CompiledGrammar, RuleTable]:
    found = _COMPILED.get(language.name)
    if found is None:
        module = import_module(f"tidemill.source.dataflow.tables.{_TABLES[language.name]}")
        table: FlowTable = module.TABLE
        grammar = compile_grammar(table, grammar_of(language))
        found = _COMPILED[language.name] = grammar, rule_table(grammar)
    return found


class Extractor:
    """Extracts the graphs of one file's units; the tree is flattened once.

    Args:
        tree: The parsed file.
        units: Its units; their bodies are left out of the module's graph.
    """

    def __init__(self, tree: SyntaxTree, units: Sequence[Unit] = ()) -> None:
        self._text, self._offset = tree.text, tree.offset
        self._grammar, self._rules = _compiled(tree.language)
        # What stands before a fragment is its surroundings, whose text nobody reads.
        source = b" " * tree.offset + tree.text if tree.offset else tree.text
        self._flat = flatten(tree.tree.root_node, source, self._grammar)
        if self._grammar.type_fields:
            _hide_types(self._flat, self._grammar)
        if any(word in source for word in self._grammar.table.keywords):
            _hide_keywords(self._flat, self._grammar)
        if tree.errors:
            _hide_missing(self._flat, self._grammar)
        if tree.offset:
            _hide_surroundings(self._flat, self._grammar, tree.offset)
        self._functions = frozenset(
            index
            for index in (self._find(unit) for unit in units if unit.kind != "module")
            if index is not None
        )

    def _find(self, unit: Unit) -> int | None:
        """Return the flat index of the function of ``unit``."""
        flat: FlatTree = self._flat
        return _first_function(flat, self._grammar, unit.node.start_byte, unit.node.end_byte)

    def packed(self, unit: Unit) -> bytes:
        """Return the packed graph of ``unit``, with spans counted from its start."""
        return pack(self.graph(unit), unit.start)

    def graph(self, unit: Unit) -> DataFlowGraph:
        """Return the data-flow graph of ``unit``.

        Raises:
            InputError: If the graph would be larger than any real function's.
        """
        return finish(self.walk(unit), self._text, self._offset)

    def walk(self, unit: Unit) -> Walk:
        """Return the finished walk over ``unit``, of which :func:`.finish` makes the graph."""
        walk = Walk(self._flat, self._grammar, self._rules)
        if unit.kind == "module":
            walk.unit_functions = self._functions
            walk.then(0)
        else:
            index = self._find(unit)
            before = bisect_left(self._flat.starts, unit.start + self._offset)
            if index is None:
                # Damage may put a function where a type is expected: nothing is kept of it.
                walk.stack += (bisect_left(self._flat.starts, unit.end + self._offset), before)
            else:
                begin_unit(walk, index, before)
        walk.run()
        while next_body(walk):
            walk.run()
        return walk


def _hide_surroundings(flat: FlatTree, grammar: CompiledGrammar, offset: int) -> None:
    """Take its role from every name that stands before the text, around a fragment."""
    for index in range(bisect_left(flat.starts, offset)):
        if isinstance(grammar.roles[flat.kinds[index]], Name | Function):
            flat.kinds[index] = grammar.error


def _hide_missing(flat: FlatTree, grammar: CompiledGrammar) -> None:
    """Take its role from everything that the parser has put in where it was missing."""
    for index, (start, stop) in enumerate(zip(flat.starts, flat.stops, strict=True)):
        if start == stop:
            flat.kinds[index] = grammar.error


def _hide_types(flat: FlatTree, grammar: CompiledGrammar) -> None:
    """Take its role from every name that stands where a type does."""
    kinds, fields, roles = flat.kinds, flat.fields, grammar.roles
    for index, field in enumerate(fields):
        if field in grammar.type_fields and isinstance(roles[kinds[index]], Name):
            kinds[index] = grammar.error


def _hide_keywords(flat: FlatTree, grammar: CompiledGrammar) -> None:
    """Take its role from every name that is spelled like a keyword."""
    kinds, starts, stops, text = flat.kinds, flat.starts, flat.stops, flat.text
    names = {kind for kind, role in enumerate(grammar.roles) if isinstance(role, Name)}
    for index in [index for index, kind in enumerate(kinds) if kind in names]:
        if text[starts[index] : stops[index]] in grammar.table.keywords:
            kinds[index] = grammar.error


def _first_function(flat: FlatTree, grammar: CompiledGrammar, start: int, end: int) -> int | None:
    for index in range(bisect_left(flat.starts, start), len(flat.starts)):
        if flat.starts[index] >= end:
            return None
        if isinstance(grammar.roles[flat.kinds[index]], Function | ExpressionBody):
            return index
    return None


def pack_unit_graph(tree: SyntaxTree, unit: Unit, units: Sequence[Unit] = ()) -> bytes:
    """Return the packed graph of one unit, as :func:`.packing.unpack` reads it."""
    return pack(data_flow(tree, unit, units), unit.start)


def data_flow(tree: SyntaxTree, unit: Unit, units: Sequence[Unit] = ()) -> DataFlowGraph:
    """Return the data-flow graph of one unit of ``tree``.

    Args:
        tree: The parsed text.
        unit: The unit to look at.
        units: All units of the text; needed for the module's graph, which leaves their
            bodies out.
    """
    return Extractor(tree, units).graph(unit)
