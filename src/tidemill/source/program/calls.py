"""Call sites: what is called, on what, with what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tidemill.source.program.program import File, Program
from tidemill.source.program.syntax import NONE, OPERATIONS, unwrapped

__all__ = ["Argument", "CallForm", "CallSite", "calls_of"]

CHAINS = frozenset({"member_expression", "subscript_expression", "call_expression"})

CallForm = Literal["plain", "member", "new", "super", "tagged", "computed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument.

    Attributes:
        node: Its node in the program's graph.
        is_spread: It stands for any number of arguments.
    """

    node: int
    is_spread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """One call.

    Attributes:
        node: The call in the program's graph; its value is what the call returns.
        path: The file.
        start: First byte.
        end: Byte after the last.
        form: How the callee is written.
        name: The callee's own name: of the variable, the member, the class; empty where it
            has none.
        callee: The node of what is called.
        receiver: The node of what it is called on, or -1.
        arguments: In order.
        is_optional: Written with ``?.``.
    """

    node: int
    path: str
    start: int
    end: int
    form: CallForm
    name: str
    callee: int
    receiver: int
    arguments: tuple[Argument, ...]
    is_optional: bool


def calls_of(program: Program) -> Iterator[CallSite]:
    """Yield every call that control can come to, file by file; what loads a module is none."""
    for file in program.files:
        imported = {taken.at for taken in file.imports}
        for at in file.values.calls:
            call = None if at in imported else _call(file, at)
            if call is not None:
                yield call


def _call(file: File, at: int) -> CallSite | None:
    syntax = file.syntax
    callee = syntax.child(at, "constructor")
    is_new = callee != NONE
    callee = callee if is_new else syntax.child(at, "function")
    if callee == NONE:
        return None
    callee = unwrapped(syntax, callee)
    arguments = syntax.child(at, "arguments")
    form = _form(syntax.kinds[callee], is_new=is_new)
    if arguments != NONE and syntax.kinds[arguments] == "template_string":
        form = "tagged" if form == "plain" else form
    receiver = syntax.child(callee, "object") if form in {"member", "computed"} else NONE
    between = syntax.text[syntax.ends[callee] : syntax.starts[arguments]]
    return CallSite(
        node=at + file.first,
        path=file.path,
        start=_start(file, at, callee),
        end=syntax.ends[at],
        form=form,
        name=_name(file, callee),
        callee=callee + file.first,
        receiver=receiver + file.first if receiver != NONE else NONE,
        arguments=_arguments(file, arguments),
        is_optional=arguments != NONE and b"?." in between,
    )


def _start(file: File, call: int, callee: int) -> int:
    """Return where a call begins; see ``inner_of`` for those that begin before their callee."""
    syntax, at = file.syntax, callee
    while syntax.parents[at] <= call or syntax.kinds[syntax.parents[at]] not in OPERATIONS:
        inner = max(syntax.child(at, field) for field in ("object", "function"))
        if syntax.kinds[at] not in CHAINS or inner == NONE:
            return syntax.starts[call]
        at = unwrapped(syntax, inner)
    return syntax.starts[at]


def _form(kind: str, *, is_new: bool) -> CallForm:
    if is_new:
        return "new"
    if kind == "super":
        return "super"
    if kind == "member_expression":
        return "member"
    return "computed" if kind == "subscript_expression" else "plain"


def _name(file: File, callee: int) -> str:
    syntax = file.syntax
    kind = syntax.kinds[callee]
    if kind == "member_expression":
        callee = syntax.child(callee, "property")
    elif kind not in {"identifier", "super"}:
        return ""
    return "" if callee == NONE else syntax.word(callee)


def _arguments(file: File, holder: int) -> tuple[Argument, ...]:
    """Return the arguments; those of a tagged template are what is put into it."""
    syntax = file.syntax
    if holder == NONE:
        return ()
    if syntax.kinds[holder] == "template_string":
        return tuple(
            Argument(node=part + 1 + file.first, is_spread=False)
            for part in syntax.children(holder)
            if syntax.kinds[part] == "template_substitution" and syntax.after[part] > part + 1
        )
    return tuple(
        Argument(node=part + file.first, is_spread=syntax.kinds[part] == "spread_element")
        for part in syntax.children(holder)
    )
