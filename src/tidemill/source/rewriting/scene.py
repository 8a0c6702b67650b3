"""A parsed text with all that the rewrites ask about it, each found out once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from tidemill.core.errors import InputError
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.parsing import SyntaxTree, captures_of, grammar_of
from tidemill.source.rewriting.edits import text_of, words_of
from tidemill.source.rewriting.locals import LocalNames
from tidemill.source.rewriting.shapes import SHAPES, Shape
from tidemill.source.units import Unit, units_of

__all__ = ["Scene"]


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a rewrite looks at.

    Attributes:
        tree: The parsed text, without errors.
        shape: What is to be known of its language.
    """

    tree: SyntaxTree
    shape: Shape = field(init=False)
    _units: tuple[Unit, ...] | None = None
    _names: dict[int, LocalNames | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shape = SHAPES[self.language]

    @property
    def language(self) -> str:
        """The name of the language."""
        return self.tree.language.name

    @property
    def units(self) -> tuple[Unit, ...]:
        """The functions that are in no other, in order."""
        if self._units is None:
            found = units_of(self.tree)
            self._units = tuple(one for one in found if one.kind != "module" and one.parent is None)
        return self._units

    def unit_around(self, node: Node) -> Unit | None:
        """Return the outermost function that holds a node."""
        place = node.start_byte - self.tree.offset
        return next((one for one in self.units if one.start <= place < one.end), None)

    def local_names(self, unit: Unit) -> LocalNames | None:
        """Return what is known of a function's names; None where it has no data flow."""
        if unit.start not in self._names:
            try:
                graph = Extractor(self.tree).graph(unit)
            except InputError:
                self._names[unit.start] = None
            else:
                names = LocalNames(self.tree, self.shape, unit, graph)
                self._names[unit.start] = names.without(self._macro_words())
        return self._names[unit.start]

    def _macro_words(self) -> frozenset[bytes]:
        """Return the words in the bodies of macros, where names stand without a syntax."""
        return words_of(b" ".join(text_of(node) for node in self.nodes(["preproc_arg"])))

    @property
    def whole(self) -> bytes:
        """What the spans of nodes point into; before a fragment, its surroundings left blank."""
        return b" " * self.tree.offset + self.tree.text

    def nodes(self, kinds: Iterable[str]) -> Iterator[Node]:
        """Yield the nodes of some kinds in the text, in order of place."""
        grammar = grammar_of(self.tree.language)
        known = [kind for kind in kinds if grammar.id_for_node_kind(kind, True)]
        query = " ".join(f"({kind}) @site" for kind in sorted(known))
        found = captures_of(self.tree, query).get("site", []) if query else []
        for node in sorted(found, key=lambda one: (one.start_byte, -one.end_byte)):
            if self._is_inside(node):
                yield node

    def _is_inside(self, node: Node) -> bool:
        """Whether a node lies in the text, not in the surroundings of a fragment."""
        first = self.tree.offset
        return node.start_byte >= first and node.end_byte <= first + len(self.tree.text)
