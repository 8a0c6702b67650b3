"""Def-use chains of local variables, read from CPython's own bytecode.

An independent judge of the Python data flow: nothing here shares code or method
with the extractor. The compiler has resolved scopes, loops, ``finally`` copies and
exception tables already; what is left is reaching definitions over instructions.

Conventions, where Python leaves room:

- Judged are fast locals, and variables captured only by comprehensions and
  generator expressions, which are taken to run where they are written. Variables
  captured by functions, lambdas or class bodies are skipped: the time of a call is
  not known.
- An instruction in a protected range that can raise passes its in-state to the
  handler. Taken as never raising are those in ``code_objects.QUIET``: plain loads and
  stores of names (an unbound name is not expected), constants, stack moves, jumps,
  tests of truth, the building of tuples, lists, sets, dicts and functions. If
  nothing else in a range can raise (``try: unicode`` / ``except NameError``), the loads
  of global names do.
- Code the compiler drops for a constant condition (``if 0``, ``assert 0``) is dead.
- The deletion of ``e`` at the end of ``except E as e`` ends the definition; its
  instructions are neither use nor definition. ``del x`` is a use.
"""

import ast
import dis
import textwrap
import tokenize
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from tests.source.dataflow.code_objects import (
    INLINE,
    JUMPS,
    LAST,
    QUIET,
    children_of,
    code_tree,
    effects_of,
    free_uses,
    function_of,
    place_of,
    protected_ranges,
    tracked_variables,
)
from tests.source.dataflow.name_tokens import NameTokens, Place, name_tokens, own_uses

__all__ = ["Comparison", "OracleResult", "compare", "functions_of", "oracle_edges", "word_at"]

Edge = tuple[int, int]
"""Byte offset of a use, byte offset of a definition that may reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleResult:
    """What the bytecode says about one function.

    Attributes:
        edges: Use and definition that may reach it.
        uses: The uses that were judged; a use without an edge has no definition.
        definitions: The definitions of judged variables.
        skipped: How many uses were not judged, by cause.
    """

    edges: frozenset[Edge]
    uses: frozenset[int]
    definitions: frozenset[int]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our edges against the oracle's."""

    true_positive: int
    false_positive: tuple[Edge, ...]
    false_negative: tuple[Edge, ...]

    def __iter__(self) -> Iterator[int | tuple[Edge, ...]]:
        return iter((self.true_positive, self.false_positive, self.false_negative))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One effect of an instruction on one variable."""

    effect: str
    name: str
    tokens: tuple[int | None, ...] = (None,)


def oracle_edges(source: str) -> OracleResult:
    """Def-use chains of the first function of ``source``, nested functions included.

    Args:
        source: Text of one function, not indented.

    Raises:
        SyntaxError: Where the text does not compile.
        ValueError: Where it has no function.
    """
    tokens = name_tokens(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = compile(source, "<oracle>", "exec", dont_inherit=True, optimize=0)
    first = next((one for one in ast.parse(source).body if _is_function(one)), None)
    if first is None:
        message = "no function in the text"
        raise ValueError(message)
    name = getattr(first, "name", "")
    code = next(one for one in children_of(module) if one.co_name == name)
    return _merged([_Scope(one, tokens).result() for one in code_tree(code)], tokens)


def compare(source: str, our_edges: Iterable[Edge]) -> Comparison:
    """Set our edges beside the oracle's.

    Args:
        source: Text of one function.
        our_edges: Pairs (target, source) of byte offsets between variable
            occurrences; those the oracle does not judge are left out.
    """
    truth = oracle_edges(source)
    text = source.encode()
    ours = {
        (use, origin)
        for use, origin in our_edges
        if use in truth.uses and word_at(text, use) == word_at(text, origin)
        # In `x += x` the right x is a source of the value, not a definition that reaches.
        if use not in truth.definitions or origin in truth.definitions
    }
    return Comparison(
        true_positive=len(ours & truth.edges),
        false_positive=tuple(sorted(ours - truth.edges)),
        false_negative=tuple(sorted(truth.edges - ours)),
    )


def functions_of(path: Path) -> Iterator[str]:
    """Texts of the outermost functions and methods of a Python file, dedented."""
    with tokenize.open(path) as stream:
        source = stream.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        lines = source.split("\n")
        for node in _outermost(tree):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            text = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno])) + "\n"
            if _compiles(text):
                yield text


class _Scope:
    """Reaching definitions in one code object."""

    def __init__(self, code: CodeType, tokens: NameTokens) -> None:
        self._code = code
        self._tokens = tokens
        self._instructions = list(dis.get_instructions(code))
        self._tracked = tracked_variables(code)
        self._function = function_of(code, tokens)
        self._defined: list[int | None] = []
        self._masks = dict.fromkeys(self._tracked, 0)
        self._steps = [self._steps_at(at) for at in range(len(self._instructions))]
        self._bits = [[self._bit(step) for step in steps] for steps in self._steps]

    def result(self) -> OracleResult:
        """Solve, then read the uses off."""
        states = self._solve()
        edges: set[Edge] = set()
        uses: set[int] = set()
        skipped: Counter[str] = Counter()
        for at, steps in enumerate(self._steps):
            self._read(steps, self._bits[at], states[at], (edges, uses, skipped))
        uses |= self._dead_uses()
        captured = [key for key in self._own_uses() if key[0] in self._captured()]
        skipped["captured by a function"] += len(captured)
        return OracleResult(
            edges=frozenset(edges),
            uses=frozenset(uses),
            definitions=frozenset(token for token in self._defined if token is not None),
            skipped=skipped,
        )

    def _read(
        self,
        steps: list[_Step],
        bits: list[int],
        state: int | None,
        into: tuple[set[Edge], set[int], Counter[str]],
    ) -> None:
        edges, uses, skipped = into
        for step, bit in zip(steps, bits, strict=True):
            if step.effect in {"load", "delete"}:
                reaching = self._reaching(step.name, state)
                for token in step.tokens:
                    if token is None:
                        skipped["use without a token"] += step.effect == "load"
                    elif None in reaching:
                        skipped["definition without a token"] += 1
                    else:
                        uses.add(token)
                        edges |= {(token, origin) for origin in reaching if origin is not None}
            state = None if state is None else self._after(step, bit, state)

    def _reaching(self, name: str, state: int | None) -> set[int | None]:
        found = (state or 0) & self._masks[name]
        return {token for at, token in enumerate(self._defined) if found >> at & 1}

    def _dead_uses(self) -> set[int]:
        """Uses in code that the compiler has dropped because nothing leads there."""
        loads = [step for steps in self._steps for step in steps if step.effect != "store"]
        compiled = {token for step in loads for token in step.tokens}
        # Where a load lost its place (3.13 joins two in one), no absence is certain.
        lost = {step.name for step in loads if step.effect == "load" and None in step.tokens}
        names = self._tracked - lost
        tokens = (self._tokens.uses.get(key) for key in self._own_uses() if key[0] in names)
        return {token for token in tokens if token is not None and token not in compiled}

    def _own_uses(self) -> list[tuple[str, int, int]]:
        return [] if self._function is None else list(own_uses(self._function))

    def _captured(self) -> set[str]:
        return set(self._code.co_cellvars) - self._tracked

    def _solve(self) -> list[int | None]:
        """In-state of every instruction as a set of bits; None where none leads there."""
        states: list[int | None] = [None] * len(self._instructions)
        successors = self._successors()
        handlers = self._handlers()
        states[0] = self._entry()
        pending = [0]
        while pending:
            at = pending.pop()
            state = states[at] or 0
            out = state
            for step, bit in zip(self._steps[at], self._bits[at], strict=True):
                out = self._after(step, bit, out)
            arrivals = [(after, out) for after in successors[at]]
            arrivals += [(handler, state) for handler in handlers[at]]
            for after, arriving in arrivals:
                joined = (states[after] or 0) | arriving
                if joined != states[after]:
                    states[after] = joined
                    pending.append(after)
        return states

    def _entry(self) -> int:
        code = self._code
        count = code.co_argcount + code.co_kwonlyargcount
        count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
        places = {} if self._function is None else self._tokens.parameters(self._function)
        state = 0
        for name in code.co_varnames[:count]:
            if name in self._tracked:
                state |= self._new_bit(name, places.get(name))
        return state

    def _new_bit(self, name: str, token: int | None) -> int:
        bit = 1 << len(self._defined)
        self._defined.append(token)
        self._masks[name] |= bit
        return bit

    def _bit(self, step: _Step) -> int:
        if step.effect == "store":
            return self._new_bit(step.name, step.tokens[0])
        return 0

    def _after(self, step: _Step, bit: int, state: int) -> int:
        if step.effect == "load":
            return state
        return (state & ~self._masks[step.name]) | bit

    def _successors(self) -> list[list[int]]:
        index = {one.offset: at for at, one in enumerate(self._instructions)}
        found: list[list[int]] = []
        for at, one in enumerate(self._instructions):
            after = [] if one.opname in LAST else [at + 1]
            if one.opcode in JUMPS:
                after.append(index[one.argval])
            found.append(after)
        return found

    def _handlers(self) -> list[list[int]]:
        index = {one.offset: at for at, one in enumerate(self._instructions)}
        inside: dict[int, list[int]] = {}
        for start, end, target in protected_ranges(self._code.co_exceptiontable):
            places = inside.setdefault(index[target], [])
            places += [at for at, one in enumerate(self._instructions) if start <= one.offset < end]
        found: list[list[int]] = [[] for _ in self._instructions]
        for handler, places in inside.items():
            raising = [at for at in places if self._raises(at)]
            for at in raising or [at for at in places if self._reads_global(at)]:
                found[at].append(handler)
        return found

    def _reads_global(self, at: int) -> bool:
        return self._instructions[at].opname in {"LOAD_GLOBAL", "LOAD_NAME"}

    def _raises(self, at: int) -> bool:
        one, before = self._instructions[at], self._instructions[max(at - 1, 0)]
        if one.opname in {"LIST_EXTEND", "SET_UPDATE"} and before.opname == "LOAD_CONST":
            return False  # a display of constants
        if one.opname == "UNPACK_SEQUENCE" and before.opname in {"BUILD_LIST", "BUILD_TUPLE"}:
            return one.arg != before.arg  # a, b, c, d = e, f, g, h
        return not one.opname.startswith(QUIET)

    def _steps_at(self, at: int) -> list[_Step]:
        one = self._instructions[at]
        place = place_of(one)
        if one.opname == "MAKE_FUNCTION":
            return self._inlined_uses(at)
        names = one.argval if isinstance(one.argval, tuple) else (one.argval,)
        return [
            self._step(effect, name, place, self._is_cleanup(at))
            for effect, name in zip(effects_of(one.opname), names, strict=False)
            if name in self._tracked
        ]

    def _step(self, effect: str, name: str, place: Place | None, cleanup: bool) -> _Step:
        if place is None or cleanup:
            return _Step(effect="kill" if effect != "load" else effect, name=name)
        if effect == "store":
            return _Step(effect=effect, name=name, tokens=(self._tokens.store(name, place),))
        return _Step(effect=effect, name=name, tokens=(self._tokens.uses.get((name, *place)),))

    def _is_cleanup(self, at: int) -> bool:
        """Whether this belongs to ``e = None; del e`` at the end of a handler."""
        window = self._instructions[max(at - 2, 0) : at + 2]
        for none, store, delete in zip(window, window[1:], window[2:], strict=False):
            names = [one.opname.rpartition("_")[0] for one in (none, store, delete)]
            if names == ["LOAD", "STORE", "DELETE"] and store.argval == delete.argval:
                place = place_of(store)
                # The compiler gives its own three instructions the place of a statement.
                if place is None or place_of(none) == place:
                    return True
                return self._tokens.store(store.argval, place) is None
        return False

    def _inlined_uses(self, at: int) -> list[_Step]:
        code = next(
            one.argval
            for one in reversed(self._instructions[:at])
            if isinstance(one.argval, CodeType)
        )
        if code.co_name not in INLINE:
            return []
        wanted = self._tracked.intersection(code.co_freevars)
        return [
            _Step(effect="load", name=name, tokens=tuple(free_uses(code, name, self._tokens)))
            for name in sorted(wanted)
        ]


def _merged(results: Collection[OracleResult], tokens: NameTokens) -> OracleResult:
    skipped: Counter[str] = Counter()
    if tokens.doubtful:
        skipped["f-string without a position"] = tokens.doubtful
    for one in results:
        skipped.update(one.skipped)
    return OracleResult(
        edges=frozenset[Edge]().union(*(one.edges for one in results)),
        uses=frozenset[int]().union(*(one.uses for one in results)),
        definitions=frozenset[int]().union(*(one.definitions for one in results)),
        skipped=+skipped,
    )


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _outermost(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        else:
            pending += reversed(list(ast.iter_child_nodes(node)))


def _compiles(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    return len(tree.body) == 1 and _is_function(tree.body[0])


def word_at(text: bytes, start: int) -> bytes:
    """The identifier that begins at a byte offset."""
    rest = text[start : start + 200].decode("utf-8", "ignore")
    end = next((at for at, one in enumerate(rest) if not (one.isalnum() or one == "_")), len(rest))
    return rest[:end].encode()
