"""A file's syntax as columns: what every analysis of a program reads.

The columns are those of :mod:`tidemill.source.dataflow.flatten`, with the names of kinds
and fields instead of their numbers: the JavaScript and TypeScript grammars number them
differently and name them alike.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from tidemill.source.dataflow.flatten import flatten
from tidemill.source.parsing import SyntaxTree, grammar_of, parse
from tidemill.source.spans import Span
from tidemill.source.tables import Language

__all__ = [
    "CLASSES",
    "FUNCTIONS",
    "NONE",
    "OPERATIONS",
    "WRAPPERS",
    "Syntax",
    "inner_of",
    "is_analysable",
    "syntax_of",
    "unwrapped",
]

NONE = -1
"""What stands for a node that is not there."""

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "arrow_function",
        "method_definition",
    }
)
CLASSES = frozenset({"class_declaration", "abstract_class_declaration", "class"})
WRAPPERS = frozenset(
    {
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "instantiation_expression",
    }
)
"""Kinds whose value is that of their first child."""

OPERATIONS = frozenset({"unary_expression", "binary_expression", "type_assertion"})
"""Kinds that a chain of members and calls never begins with, but for parentheses."""

CHAINED = frozenset({"object", "function"})

LANGUAGES = frozenset({"javascript", "typescript", "tsx"})
TOKENS = frozenset(
    {"static", "get", "set", "async", "var", "let", "const", "using", "in", "default"}
    | {"+", "&&", "||", "??", "+=", "&&=", "||=", "??=", "readonly", "type"}
)
LEFT_OUT = frozenset({"comment", "html_comment", "hash_bang_line", "optional_chain"})
ERROR = "ERROR"
ANY_KIND = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Syntax:
    """The nodes of a file in preorder, one entry a node in each column.

    Attributes:
        path: The file, as the program names it.
        language: What it was parsed as.
        text: UTF-8; spans count in it.
        kinds: The grammar's name of each node; ``ERROR`` for damage.
        starts: First byte.
        ends: Byte after the last.
        fields: Field under which a node hangs in its parent, or empty.
        after: Index after the last node of the subtree.
        parents: Index of the parent; -1 at the root.
        errors: What could not be parsed.
    """

    path: str
    language: Language
    text: bytes = field(repr=False)
    kinds: list[str] = field(repr=False)
    starts: list[int] = field(repr=False)
    ends: list[int] = field(repr=False)
    fields: list[str] = field(repr=False)
    after: list[int] = field(repr=False)
    parents: list[int] = field(repr=False)
    errors: tuple[Span, ...]

    def children(self, at: int) -> Iterator[int]:
        """Yield the children of a node in order."""
        after, stop = self.after, self.after[at]
        child = at + 1
        while child < stop:
            yield child
            child = after[child]

    def child(self, at: int, name: str) -> int:
        """Return the first child under a field, or -1."""
        after, fields, stop = self.after, self.fields, self.after[at]
        child = at + 1
        while child < stop:
            if fields[child] == name:
                return child
            child = after[child]
        return NONE

    def has(self, at: int, kind: str) -> bool:
        """Whether a child of a node is of a kind, such as the token ``static``."""
        return any(self.kinds[child] == kind for child in self.children(at))

    def word(self, at: int) -> str:
        """Return the text of a node."""
        return self.text[self.starts[at] : self.ends[at]].decode("utf-8", "replace")

    def key(self, at: int) -> str:
        """Return the name that a key means: a string's content, a number, a name."""
        word = self.word(at)
        if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'`":
            return word[1:-1]
        return word


@dataclass(frozen=True, slots=True)
class _Kept:
    """Which kinds enter the columns; see ``flatten.KeptKinds``."""

    keep: "array[int]"
    error: int
    kinds: tuple[str, ...]
    fields: tuple[str, ...]


_KEPT: dict[str, _Kept] = {}


def is_analysable(language: Language | None) -> bool:
    """Whether files of a language can be part of a program."""
    return language is not None and language.name in LANGUAGES


def syntax_of(source: SyntaxTree | bytes, path: str, language: Language | None = None) -> Syntax:
    """Return the columns of a file.

    Args:
        source: The parsed file, or its text.
        path: The file, as the program names it.
        language: What to parse a text as; not used for a tree.

    Raises:
        ValueError: A text without a language, or a language other than JavaScript and
            TypeScript.
    """
    tree = source if isinstance(source, SyntaxTree) else _parsed(source, path, language)
    kept = _kept(tree.language)
    flat = flatten(tree.tree.root_node, tree.text, kept)
    return Syntax(
        path=path,
        language=tree.language,
        text=tree.text,
        kinds=[kept.kinds[kind] for kind in flat.kinds],
        starts=flat.starts,
        ends=flat.stops,
        fields=[kept.fields[name] for name in flat.fields],
        after=flat.end,
        parents=_parents(flat.end),
        errors=tree.errors,
    )


def unwrapped(syntax: Syntax, at: int) -> int:
    """Return what stands inside parentheses, casts and ``!``."""
    while syntax.kinds[at] in WRAPPERS and at + 1 < syntax.after[at]:
        at = inner_of(syntax, at)
    return at


def inner_of(syntax: Syntax, at: int) -> int:
    """Return what a wrapper with something inside wraps.

    The grammar reads ``a - b!.c()`` as ``(a - b)!.c()``; what it means is the last operand.
    """
    inner = at + 1
    if syntax.kinds[at] == "non_null_expression" and syntax.fields[at] in CHAINED:
        while syntax.kinds[inner] in OPERATIONS and syntax.after[inner] > inner + 1:
            *_, inner = syntax.children(inner)
    return inner


def _parsed(text: bytes, path: str, language: Language | None) -> SyntaxTree:
    if language is None or not is_analysable(language):
        raise ValueError(f"{path}: no program is made of this language")
    return parse(text, language, path=path)


def _kept(language: Language) -> _Kept:
    """Return what is kept of a language's nodes; made once."""
    found = _KEPT.get(language.name)
    if found is None:
        found = _KEPT[language.name] = _chosen(language)
    return found


def _chosen(language: Language) -> _Kept:
    grammar = grammar_of(language)
    count = grammar.node_kind_count
    keep = array("B", bytes(ANY_KIND))
    kinds = [grammar.node_kind_for_id(kind) or "" for kind in range(count)]
    for kind, name in enumerate(kinds):
        named = grammar.node_kind_is_named(kind)
        keep[kind] = name not in LEFT_OUT if named else name in TOKENS
    keep[ANY_KIND - 1] = 2
    fields = [grammar.field_name_for_id(field) or "" for field in range(1, grammar.field_count + 1)]
    return _Kept(keep=keep, error=count, kinds=(*kinds, ERROR), fields=("", *fields))


def _parents(after: list[int]) -> list[int]:
    parents: list[int] = []
    opened: list[int] = []
    for at in range(len(after)):
        while opened and after[opened[-1]] <= at:
            opened.pop()
        parents.append(opened[-1] if opened else NONE)
        opened.append(at)
    return parents
