"""Local variables get other names, all occurrences of one together.

A name is replaced only where the data-flow graph accounts for it wholly: every place in
the function where it could stand for a variable is an occurrence in the graph, none of
them is bound outside, in a class body or by an import, and nothing looks names up by
their text. The new name stands nowhere in the text before.
"""

import random
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from tree_sitter import Node

from tidemill.source.alphabet import COMMENT, NAME, PLAIN, ROLES, STRING
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.rewriting.edits import Change, Edit, text_of, words_of
from tidemill.source.rewriting.scene import Scene
from tidemill.source.units import Unit

__all__ = ["renamed_variables"]

NOUNS = """
    account amount answer batch buffer bundle bound cell chunk column count cursor data depth
    detail edge element entry extent field figure flag found group height item key level limit
    line mark measure member name node number offset outcome owner pair part piece place point
    position product record reply rest result row sample score series share side source span
    stage step stock store sum target term text ticket token total unit weight width
"""
PREFIXES = ("", "next", "last", "my", "the", "new", "old", "one")
VARIABLES = frozenset({"identifier", "variable_name"})
INSEPARABLE = frozenset({"shorthand_property_identifier", "shorthand_property_identifier_pattern"})
"""Kinds of names that are a variable and a key at once."""


def renamed_variables(scene: Scene, chance: random.Random) -> Iterator[Change]:
    """Yield for each local variable that can be renamed the change to a new name."""
    whole = scene.tree.tree.root_node
    taken = words_of(text_of(whole))
    labels = _labels(scene)
    for unit in scene.units:
        graph = scene.graph(unit)
        if graph is None or scene.shape.reflection & words_of(_text_of_unit(scene, unit)):
            continue
        names = _Names(scene, unit, graph)
        for name in names.own:
            bare = name.lstrip(b"$")
            if bare not in labels and names.may_be_renamed(name):
                new = name[: len(name) - len(bare)] + _fresh(chance, taken)
                yield names.change(name, new)


def _fresh(chance: random.Random, taken: AbstractSet[bytes]) -> bytes:
    """Draw a name that does not stand in the text."""
    for _ in range(100):
        prefix, noun = chance.choice(PREFIXES), chance.choice(NOUNS.split())
        name = (prefix + noun.title() if prefix else noun).encode()
        if name not in taken:
            return name
    return b"value" + str(chance.randrange(10**6, 10**7)).encode()


def _labels(scene: Scene) -> frozenset[bytes]:
    """Return the names by which arguments are passed somewhere in the text."""
    found = []
    for kind, field in scene.shape.labels:
        for node in scene.nodes([kind]):
            label = node.child_by_field_name(field)
            found += [text_of(label)] if label is not None else []
    return frozenset(found)


def _text_of_unit(scene: Scene, unit: Unit) -> bytes:
    return scene.tree.text[unit.start : unit.end]


class _Names:
    """The names in one function.

    Args:
        scene: The text.
        unit: The function.
        graph: Its data flow.
    """

    def __init__(self, scene: Scene, unit: Unit, graph: DataFlowGraph) -> None:
        self._scene = scene
        self._free = {name.encode() for name in graph.free}
        self._places: dict[bytes, list[tuple[int, int]]] = {}
        defined = set()
        for node in graph.nodes:
            if node.kind == "variable":
                name = node.name.encode()
                self._places.setdefault(name, []).append((node.start, node.end))
                defined |= {name} if node.role == "definition" else set()
        self.own: Sequence[bytes] = [name for name in self._places if name in defined]
        self._blocked = self._outside_the_graph(unit)

    def may_be_renamed(self, name: bytes) -> bool:
        """Whether all occurrences of a name are known, and are its own."""
        return name not in self._free and name not in self._blocked

    def change(self, name: bytes, new: bytes) -> Change:
        """Return the edits that put a new name everywhere."""
        offset = self._scene.tree.offset
        spans = sorted(set(self._places[name]))
        return tuple(Edit(start=start + offset, end=end + offset, text=new) for start, end in spans)

    def _outside_the_graph(self, unit: Unit) -> frozenset[bytes]:
        """Return the names that stand where the graph does not look, or must stay."""
        known = {span for spans in self._places.values() for span in spans}
        blocked: set[bytes] = set()
        waiting: list[tuple[Node, bool]] = [(self._around(unit), False)]
        while waiting:
            node, is_fixed = waiting.pop()
            is_fixed = is_fixed or self._fixes(node)
            if node.type in VARIABLES or node.child_count == 0:
                if is_fixed or not self._is_known(node, known):
                    blocked |= self._words(node)
            else:
                waiting += [(child, is_fixed) for child in node.children]
        return frozenset(blocked)

    def _around(self, unit: Unit) -> Node:
        """Return the smallest node that covers a function with all that belongs to it."""
        found = self._scene.node_at(unit.start, unit.end)
        return found if found is not None else unit.node

    def _fixes(self, node: Node) -> bool:
        """Whether the names below a node cannot be replaced one by one."""
        shape = self._scene.shape
        is_shown = node.type == "interpolation" and any(one.type == "=" for one in node.children)
        return node.type in shape.fixed or node.type in shape.bodies or is_shown

    def _is_known(self, node: Node, known: AbstractSet[tuple[int, int]]) -> bool:
        """Whether a leaf is an occurrence in the graph, or stands for no variable."""
        offset = self._scene.tree.offset
        if (node.start_byte - offset, node.end_byte - offset) in known:
            return True
        if node.type in VARIABLES or node.type in INSEPARABLE:
            return self._is_member(node)
        return ROLES.get(node.type) == NAME or not node.is_named

    def _is_member(self, node: Node) -> bool:
        """Whether a name is a part of something else, not a variable."""
        parent = node.parent
        return parent is not None and any(
            parent.type == kind and parent.child_by_field_name(field) == node
            for kind, field in self._scene.shape.members
        )

    def _words(self, node: Node) -> frozenset[bytes]:
        """Return the words of a leaf that the graph does not know; texts and comments have none."""
        role = ROLES.get(node.type, PLAIN)
        if role in {STRING, COMMENT}:
            return frozenset()
        if node.type == "variable_name":
            return frozenset({text_of(node)})
        return words_of(text_of(node))
