"""Which names of a function are local variables wholly, so that they can be exchanged.

A name is wholly local where the data-flow graph accounts for it: every place in the
function where it could stand for a variable is an occurrence in the graph, each of
them in reach of a declaration, and none is bound outside, in a class body or by an
import, named by callers, or looked up by its text.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Self

from tree_sitter import Node

from tidemill.source.alphabet import COMMENT, NAME, PLAIN, ROLES, STRING
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.parsing import SyntaxTree
from tidemill.source.rewriting.edits import text_of, words_of
from tidemill.source.rewriting.shapes import Shape
from tidemill.source.units import Unit

__all__ = ["LocalNames", "leaf_at"]

VARIABLES = frozenset({"identifier", "variable_name"})
INSEPARABLE = frozenset(
    {
        "hash_key_symbol",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
    }
)
"""Kinds of names that are a variable and a key at once."""

DECLARATORS = frozenset(
    {
        "array_declarator",
        "array_pattern",
        "assignment_pattern",
        "expression_list",
        "init_declarator",
        "object_assignment_pattern",
        "object_pattern",
        "pair_pattern",
        "pointer_declarator",
        "reference_declarator",
        "rest_pattern",
        "structured_binding_declarator",
        "variable_declarator",
    }
)
"""Kinds of nodes between a name and what declares it."""

DECLARATIONS = frozenset(
    {
        "arrow_function",
        "catch_clause",
        "catch_declaration",
        "catch_formal_parameter",
        "const_spec",
        "declaration",
        "declaration_expression",
        "declaration_pattern",
        "enhanced_for_statement",
        "for_range_loop",
        "foreach_statement",
        "formal_parameter",
        "formal_parameters",
        "implicit_parameter",
        "inferred_parameters",
        "instanceof_expression",
        "lambda_expression",
        "lexical_declaration",
        "local_variable_declaration",
        "optional_parameter",
        "optional_parameter_declaration",
        "parameter",
        "parameter_declaration",
        "required_parameter",
        "resource",
        "short_var_declaration",
        "spread_parameter",
        "type_pattern",
        "var_spec",
        "variable_declaration",
        "variadic_parameter_declaration",
    }
)
"""Kinds of nodes that declare the names in them; loops that may assign instead are below."""

REGIONS = frozenset(
    {
        "block",
        "catch_clause",
        "communication_case",
        "default_case",
        "expression_case",
        "for_range_loop",
        "statement_block",
        "statement_list",
        "switch_block_statement_group",
        "switch_rule",
        "switch_section",
        "type_case",
    }
)
"""Kinds of nodes that a variable declared in them ends with; statements are others."""

FIELD_MAKERS = frozenset(
    {"optional_parameter", "property_promotion_parameter", "required_parameter"}
)
MODIFIERS = frozenset({"accessibility_modifier", "override_modifier", "readonly"})
HOISTED = "variable_declaration"
PARAMETERS = frozenset({"lambda_parameters", "parameters"})


def leaf_at(tree: SyntaxTree, start: int, end: int) -> Node | None:
    """Return the smallest node over a span of the text."""
    offset = tree.offset
    return tree.tree.root_node.descendant_for_byte_range(start + offset, end + offset)


class LocalNames:
    """The names of one function.

    Args:
        tree: The parsed text.
        shape: What is to be known of its language.
        unit: The function.
        graph: Its data flow.
    """

    def __init__(self, tree: SyntaxTree, shape: Shape, unit: Unit, graph: DataFlowGraph) -> None:
        self._tree = tree
        self._shape = shape
        self._places: dict[bytes, list[tuple[int, int]]] = {}
        self._defined: dict[bytes, list[tuple[int, int]]] = {}
        for node in graph.nodes:
            if node.kind == "variable":
                span, name = (node.start, node.end), node.name.encode()
                self._places.setdefault(name, []).append(span)
                if node.role == "definition":
                    self._defined.setdefault(name, []).append(span)
        blocked, seen = self._look_through(leaf_at(tree, unit.start, unit.end) or unit.node)
        blocked |= {name.encode() for name in graph.free}
        self._names = (
            ()
            if seen & shape.reflection
            else tuple(
                name for name in self._defined if name not in blocked and self._is_in_reach(name)
            )
        )

    def without(self, words: AbstractSet[bytes]) -> Self:
        """Take some names for others than wholly local, and return the rest."""
        self._names = tuple(name for name in self._names if name not in words)
        return self

    @property
    def names(self) -> tuple[bytes, ...]:
        """The names that are wholly local, in order of their first definition."""
        return self._names

    def places(self, name: bytes) -> list[tuple[int, int]]:
        """Return the spans of all occurrences of a name in the text, in order."""
        return sorted(set(self._places.get(name, ())))

    def definitions(self, name: bytes) -> Iterator[Node | None]:
        """Yield the leaf of each definition of a name."""
        for start, end in self._defined.get(name, ()):
            yield leaf_at(self._tree, start, end)

    def _look_through(self, top: Node) -> tuple[set[bytes], set[bytes]]:
        """Return the names that stand where the graph does not look or must stay, and all words."""
        known = {span for spans in self._places.values() for span in spans}
        blocked: set[bytes] = set()
        seen: set[bytes] = set()
        waiting = [(top, False)]
        while waiting:
            node, is_fixed = waiting.pop()
            is_fixed = is_fixed or self._fixes(node)
            if node.child_count and node.type not in VARIABLES:
                waiting += [(child, is_fixed) for child in node.children]
                continue
            words = _words(node)
            seen |= words
            if is_fixed or not self._is_known(node, known):
                blocked |= words
        return blocked, seen

    def _fixes(self, node: Node) -> bool:
        """Whether the names in a node cannot be replaced one by one."""
        shape = self._shape
        is_shown = node.type == "interpolation" and any(one.type == "=" for one in node.children)
        is_field = node.type in FIELD_MAKERS and any(one.type in MODIFIERS for one in node.children)
        return (
            node.type in shape.fixed
            or node.type in shape.bodies
            or is_shown
            or is_field
            or _is_passed_by_name(node)
            or _is_own_name(node, shape)
        )

    def _is_known(self, node: Node, known: AbstractSet[tuple[int, int]]) -> bool:
        """Whether a leaf is an occurrence in the graph, or stands for no variable."""
        offset = self._tree.offset
        if node.type in INSEPARABLE:
            return False
        if (node.start_byte - offset, node.end_byte - offset) in known:
            return True
        if node.type in VARIABLES:
            return self._is_member(node)
        return ROLES.get(node.type) == NAME or not node.is_named

    def _is_member(self, node: Node) -> bool:
        """Whether a name is a part of something else."""
        parent = node.parent
        return parent is not None and any(
            parent.type == kind and parent.child_by_field_name(field) == node
            for kind, field in self._shape.members
        )

    def _is_in_reach(self, name: bytes) -> bool:
        """Whether every occurrence lies where a declaration of the name holds."""
        if not self._shape.declares:
            return True
        regions = [self._region(leaf) for leaf in self.definitions(name) if leaf is not None]
        offset = self._tree.offset
        return all(
            any(first <= start + offset < after for first, after in regions)
            for start, _ in self._places[name]
        )

    def _region(self, leaf: Node) -> tuple[int, int]:
        """Return where the declaration of a name holds; nowhere for what is no declaration."""
        node = leaf.parent
        while node is not None and node.type in DECLARATORS:
            node = node.parent
        if node is None or not _declares(node):
            return 0, 0
        is_hoisted = self._shape.hoists and node.type == HOISTED
        while node is not None and not self._ends_variables(node, is_hoisted=is_hoisted):
            node = node.parent
        if node is None:
            return 0, 0
        return (node.start_byte if is_hoisted else leaf.start_byte), node.end_byte

    def _ends_variables(self, node: Node, *, is_hoisted: bool) -> bool:
        """Whether what is declared in a node is not there after it."""
        if node.type in self._shape.functions or is_hoisted:
            return node.type in self._shape.functions
        if node.type in self._shape.declarations:
            return False
        return node.type in REGIONS or node.type.endswith("_statement")


def _declares(node: Node) -> bool:
    """Whether a node makes the variables in it, and does not only give them values."""
    if node.type == "for_in_statement":
        return node.child_by_field_name("kind") is not None
    if node.type == "range_clause":
        return any(child.type == ":=" for child in node.children)
    return node.type in DECLARATIONS


def _words(leaf: Node) -> frozenset[bytes]:
    """Return the words of a leaf that are names, or may be; texts and comments have none."""
    if leaf.type == "variable_name":
        return frozenset({text_of(leaf)})
    if ROLES.get(leaf.type, PLAIN) in {STRING, COMMENT} and leaf.is_named:
        return frozenset()
    return words_of(text_of(leaf))


def _is_own_name(node: Node, shape: Shape) -> bool:
    """Whether a name is that of a function or class, which others may ask it for."""
    parent = node.parent
    if parent is None or node.type not in VARIABLES:
        return False
    is_named = parent.type in shape.functions or parent.type.startswith("class")
    return is_named and parent.child_by_field_name("name") == node


def _is_passed_by_name(node: Node) -> bool:
    """Whether a parameter stands behind a star, so that callers have to name it (Python)."""
    parent = node.parent
    if parent is None or parent.type not in PARAMETERS or text_of(node).startswith(b"*"):
        return False
    before = node.prev_named_sibling
    while before is not None:
        if text_of(before).startswith(b"*"):
            return True
        before = before.prev_named_sibling
    return False
