"""What CPython's code objects say: effects of instructions, ranges, places, scopes."""

import ast
import dis
from collections.abc import Iterator
from types import CodeType

from tests.source.dataflow.name_tokens import FunctionNode, NameTokens, Place

__all__ = [
    "INLINE",
    "JUMPS",
    "LAST",
    "QUIET",
    "children_of",
    "code_tree",
    "effects_of",
    "free_uses",
    "function_of",
    "place_of",
    "protected_ranges",
    "tracked_variables",
]

# fmt: off
QUIET = (
    "ASYNC_GEN_WRAP", "BUILD_", "CACHE", "CHECK_EG_MATCH", "CHECK_EXC_MATCH", "COPY",
    "DELETE_DEREF", "DELETE_FAST", "END_FOR", "END_SEND", "EXTENDED_ARG", "IS_OP", "JUMP_",
    "KW_NAMES", "LIST_APPEND", "LIST_TO_TUPLE", "LOAD_ASSERTION_ERROR", "LOAD_BUILD_CLASS",
    "LOAD_CLASSDEREF", "LOAD_CLOSURE", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST",
    "LOAD_FROM_DICT_OR_DEREF", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_SMALL_INT", "MAKE_CELL",
    "MAKE_FUNCTION", "MAP_ADD", "MATCH_MAPPING", "MATCH_SEQUENCE", "NOP", "NOT_TAKEN", "POP_",
    "PRECALL", "PUSH_", "RESUME", "RETURN_", "SET_ADD", "SET_FUNCTION_ATTRIBUTE", "STORE_DEREF",
    "STORE_FAST", "STORE_GLOBAL", "STORE_NAME", "SWAP", "TO_BOOL", "UNARY_NOT",
)
"""How the names of instructions begin that are taken as never raising."""
# fmt: on

LAST = frozenset(
    {
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
        "JUMP_FORWARD",
        "RAISE_VARARGS",
        "RERAISE",
        "RETURN_CONST",
        "RETURN_VALUE",
    }
)
"""Instructions that nothing follows."""

JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)
INLINE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


def effects_of(opname: str) -> tuple[str, ...]:
    """What an instruction does to its variables, in order."""
    if opname.startswith("LOAD_FAST_AND_CLEAR"):
        return ("kill",)
    parts = opname.replace("_BORROW", "").replace("_CHECK", "").replace("_DEREF", "_FAST")
    found: list[str] = []
    for effect in parts.split("_FAST")[:-1]:
        word = effect.strip("_").lower()
        if word not in {"load", "store", "delete"}:
            return ()
        found.append(word)
    return tuple(found)


def tracked_variables(code: CodeType) -> set[str]:
    """Variables whose every use can be placed: not shared with a function or class."""
    found = {name for name in code.co_varnames if name not in code.co_cellvars}
    found -= {".0"}  # the iterator a comprehension is given
    return found | {name for name in code.co_cellvars if _only_inlined(code, name)}


def _only_inlined(code: CodeType, name: str) -> bool:
    users = [one for one in children_of(code) if name in one.co_freevars]
    return all(
        one.co_name in INLINE and not _rebinds(one, name) and _only_inlined(one, name)
        for one in users
    )


def _rebinds(code: CodeType, name: str) -> bool:
    rebinding = {"STORE_DEREF", "DELETE_DEREF"}
    return any(one.opname in rebinding and one.argval == name for one in dis.get_instructions(code))


def free_uses(code: CodeType, name: str, tokens: NameTokens) -> Iterator[int | None]:
    """Tokens at which an inlined code object reads a variable of its owner."""
    for one in dis.get_instructions(code):
        place = place_of(one)
        if one.opname == "LOAD_DEREF" and one.argval == name and place is not None:
            yield tokens.uses.get((name, *place))
    for child in children_of(code):
        if name in child.co_freevars:
            yield from free_uses(child, name, tokens)


def function_of(code: CodeType, tokens: NameTokens) -> FunctionNode | None:
    """The syntax node a code object was compiled from, if there is just one."""
    found = [one for one in tokens.functions if _made(one, code)]
    if code.co_name == "<lambda>" and len(found) > 1:
        found = _around(found, code)
    return found[0] if len(found) == 1 else None


def _made(function: FunctionNode, code: CodeType) -> bool:
    if isinstance(function, ast.Lambda):
        return code.co_name == "<lambda>" and function.lineno == code.co_firstlineno
    first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
    return (function.name, first) == (code.co_name, code.co_firstlineno)


def _around(candidates: list[FunctionNode], code: CodeType) -> list[FunctionNode]:
    """Of several lambdas on a line, the innermost whose body holds all the code."""
    outside = {"RESUME", "RETURN_VALUE"}  # these stand at the start of the line
    places = {place_of(one) for one in dis.get_instructions(code) if one.opname not in outside}
    holding: list[tuple[Place, FunctionNode]] = []
    for one in candidates:
        body = one.body
        if isinstance(body, ast.expr):
            start = (body.lineno, body.col_offset)
            end = (body.end_lineno or 0, body.end_col_offset or 0)
            own = (one.lineno, one.col_offset) if isinstance(one, ast.Lambda) else None
            if all(place is None or place == own or start <= place < end for place in places):
                holding.append((start, one))
    return [max(holding, key=lambda pair: pair[0])[1]] if holding else []


def protected_ranges(table: bytes) -> Iterator[tuple[int, int, int]]:
    """Start, end and handler of each entry of an exception table, as byte offsets."""
    values = _variable_length_numbers(table)
    for start in values:
        length, target, _depth = next(values), next(values), next(values)
        yield 2 * start, 2 * (start + length), 2 * target


def _variable_length_numbers(table: bytes) -> Iterator[int]:
    """Numbers in groups of six bits, high group first; bit 6 says that one more follows."""
    value = 0
    for byte in table:
        value = value << 6 | byte & 0x3F
        if not byte & 0x40:
            yield value
            value = 0


def place_of(one: dis.Instruction) -> Place | None:
    positions = one.positions
    if positions is None or positions.lineno is None or positions.col_offset is None:
        return None
    return positions.lineno, positions.col_offset


def children_of(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def code_tree(code: CodeType) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        one = pending.pop()
        yield one
        pending += children_of(one)
