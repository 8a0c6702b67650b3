"""Where the names of a Python text stand, keyed the way bytecode positions name them.

CPython gives an instruction the position of a node of the syntax tree, which is
not always the name token: the store of ``except E as e`` has the position of the
whole handler. These tables lead from such a position to the token.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["FunctionNode", "Key", "NameTokens", "Place", "name_tokens", "own_uses"]

Place = tuple[int, int]
"""Line (from 1) and column (bytes, from 0)."""

Key = tuple[str, int, int]
"""A name with the line and column at which its syntax node begins."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_STATEMENTS_THAT_NAME = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DEFINING_WORDS = re.compile(rb"(?:async\s+)?(?:def|class)\s+")
_AS = re.compile(rb"[\s)\\]*as[\s\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Captures:
    """The names one ``case`` pattern captures, each with its tokens."""

    start: Place
    end: Place
    tokens: dict[str, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTokens:
    """Name tokens of one text as byte offsets.

    Attributes:
        uses: Loads and deletions, by key.
        stores: Definitions, by key; None where two tokens share the key.
        functions: Every function and lambda of the text.
        doubtful: How many names in f-strings have no trustworthy position.
    """

    text: bytes
    starts: tuple[int, ...]
    uses: dict[Key, int]
    stores: dict[Key, int | None]
    captures: tuple[_Captures, ...]
    functions: tuple[FunctionNode, ...]
    doubtful: int

    def store(self, name: str, place: Place) -> int | None:
        """Token of the definition of ``name`` compiled at ``place``, if there is just one."""
        if (name, *place) in self.stores:
            return self.stores[name, *place]
        for capture in self.captures:
            if capture.start <= place < capture.end and name in capture.tokens:
                tokens = capture.tokens[name]
                return tokens[0] if len(tokens) == 1 else None
        return None

    def parameters(self, function: FunctionNode) -> dict[str, int]:
        """Tokens of the parameters of ``function``, by name."""
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
        return {one.arg: self.offset((one.lineno, one.col_offset)) for one in every}

    def offset(self, place: Place) -> int:
        """Byte offset of a place."""
        return self.starts[place[0] - 1] + place[1]


def name_tokens(source: str) -> NameTokens:
    """Collect the name tokens of a text.

    Raises:
        SyntaxError: Where the text is not Python.
    """
    text = source.encode()
    return _Collector(text).collect(ast.parse(source))


def own_uses(function: FunctionNode) -> Iterator[Key]:
    """Names read in the function itself, not in scopes nested in it."""
    pending: list[ast.AST] = (
        [function.body] if isinstance(function, ast.Lambda) else list(function.body)
    )
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield (node.id, node.lineno, node.col_offset)
        pending += _children_in_scope(node)


def _children_in_scope(node: ast.AST) -> list[ast.AST]:
    """Children evaluated in the same scope as the node."""
    if isinstance(node, FunctionNode):
        defaults = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        return [*defaults, *getattr(node, "decorator_list", [])]
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *node.keywords, *node.decorator_list]
    if isinstance(node, _COMPREHENSIONS):
        return [node.generators[0].iter]
    if isinstance(node, ast.AnnAssign):
        return [node.target, *([node.value] if node.value else [])]
    return list(ast.iter_child_nodes(node))


class _Collector:
    """One walk over the tree that fills the tables."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        lengths = (len(line) + 1 for line in text.split(b"\n"))
        self._starts = tuple(accumulate(lengths, initial=0))
        self._uses: dict[Key, int] = {}
        self._stores: dict[Key, int | None] = {}
        self._captures: list[_Captures] = []
        self._functions: list[FunctionNode] = []
        self._doubtful = 0

    def collect(self, tree: ast.Module) -> NameTokens:
        for node in ast.walk(tree):
            self._visit(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                self._check_interpolation(node)
            if isinstance(node, ast.AnnAssign) and node.value is None:
                self._drop(node.target)
            for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
                self._drop(part)
        return NameTokens(
            text=self._text,
            starts=self._starts,
            uses=self._uses,
            stores=self._stores,
            captures=tuple(self._captures),
            functions=tuple(self._functions),
            doubtful=self._doubtful,
        )

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, FunctionNode):
            self._functions.append(node)
        if isinstance(node, ast.Name):
            self._name(node)
        elif isinstance(node, _STATEMENTS_THAT_NAME):
            self._named_statement(node)
        elif isinstance(node, ast.ExceptHandler):
            self._handler(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._imported(node)
        elif isinstance(node, ast.AugAssign):
            self._augmented(node.target)
        elif isinstance(node, ast.match_case):
            self._case(node)

    def _name(self, node: ast.Name) -> None:
        token = self._start(node)
        key = (node.id, node.lineno, node.col_offset)
        if isinstance(node.ctx, ast.Store):
            self._stores[key] = token
        else:
            self._uses[key] = token

    def _augmented(self, target: ast.expr) -> None:
        """Note the target of an augmented assignment as the use that it is, too."""
        if isinstance(target, ast.Name):
            self._uses[target.id, target.lineno, target.col_offset] = self._start(target)

    def _named_statement(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        word = _DEFINING_WORDS.match(self._text, self._start(node))
        if word is not None:
            for place in (node, *node.decorator_list):
                self._define(node.name, place, word.end())

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name is None or node.type is None:
            return
        word = _AS.match(self._text, self._end(node.type))
        if word is not None:
            self._define(node.name, node, word.end())

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.asname is None:
                self._define(alias.name.partition(".")[0], node, self._start(alias))
            else:
                self._define(alias.asname, node, self._end(alias) - len(alias.asname.encode()))

    def _case(self, node: ast.match_case) -> None:
        tokens: dict[str, list[int]] = {}
        for part in ast.walk(node.pattern):
            name, token = self._capture(part)
            if name is not None:
                tokens.setdefault(name, []).append(token)
        pattern = node.pattern
        start = (pattern.lineno, pattern.col_offset)
        end = (pattern.end_lineno, pattern.end_col_offset)
        self._captures.append(_Captures(start=start, end=end, tokens=tokens))

    def _capture(self, node: ast.AST) -> tuple[str | None, int]:
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            return node.name, self._end(node) - len(node.name.encode())
        if isinstance(node, ast.MatchMapping) and node.rest is not None:
            start, end = self._start(node), self._end(node)
            return node.rest, self._text.rindex(node.rest.encode(), start, end)
        return None, 0

    def _define(self, name: str, node: ast.stmt | ast.expr | ast.ExceptHandler, token: int) -> None:
        """Record a definition compiled at the start of ``node``, if the token reads ``name``."""
        key = (name, node.lineno, node.col_offset)
        spelled = self._text[token : token + len(name.encode())] == name.encode()
        self._stores[key] = token if spelled and key not in self._stores else None

    def _drop(self, part: ast.AST | None) -> None:
        """Forget the names of an annotation, and of the ``self`` in ``self.x: int``.

        Python may evaluate them, but no value flows from there.
        """
        for name in ast.walk(part) if part is not None else ():
            if isinstance(name, ast.Name):
                self._uses.pop((name.id, name.lineno, name.col_offset), None)

    def _check_interpolation(self, node: ast.JoinedStr) -> None:
        """Drop names in an f-string whose position does not show that very name."""
        start, end = self._start(node), self._end(node)
        seen: set[Key] = set()
        names = [part for part in _own_parts(node) if isinstance(part, ast.Name)]
        for name in names:
            key = (name.id, name.lineno, name.col_offset)
            token = self._uses.get(key)
            if token is None:
                continue
            if key in seen or not (start < token < end and self._reads(token, name.id)):
                del self._uses[key]
                self._doubtful += 1
            seen.add(key)

    def _reads(self, token: int, name: str) -> bool:
        end = token + len(name.encode())
        alone = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
        return alone.match(self._text, token, end + 1) is not None

    def _start(self, node: ast.stmt | ast.expr | ast.pattern | ast.alias) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.pattern | ast.alias) -> int:
        if node.end_lineno is None or node.end_col_offset is None:
            message = "a node without an end"
            raise ValueError(message)
        return self._starts[node.end_lineno - 1] + node.end_col_offset


def _own_parts(node: ast.JoinedStr) -> Iterator[ast.AST]:
    """Everything interpolated, leaving f-strings nested in it to their own check."""
    pending: list[ast.AST] = list(node.values)
    while pending:
        part = pending.pop()
        yield part
        if not isinstance(part, ast.JoinedStr) or part.lineno == node.lineno:
            pending += list(ast.iter_child_nodes(part))
