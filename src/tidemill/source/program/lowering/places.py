"""Reading and writing of variables, of members, and of what a pattern takes apart."""

from tidemill.source.program.lowering.walk import THIS, Walk
from tidemill.source.program.scopes import Variable
from tidemill.source.program.syntax import NONE, unwrapped
from tidemill.source.program.targets import ANY, field_name, place_of
from tidemill.source.program.values import CAPTURE, COPY, LOAD, MADE, STORE, Label

__all__ = ["assign", "defaults_of", "read_member", "visit_member", "visit_name", "visit_this"]

MEMBERS = frozenset({"member_expression", "subscript_expression"})
DEFAULTED = frozenset({"assignment_pattern", "object_assignment_pattern"})
MOST_VERSIONS = 64
PROTOTYPE = "prototype"


def visit_name(walk: Walk, at: int) -> None:
    """Read a variable."""
    variable = walk.names.variables.get(at)
    if variable is not None:
        held = walk.held(variable)
        if held not in {NONE, at}:
            walk.edge(held, at, COPY if variable.owner == walk.function else CAPTURE)
    else:
        _read_free(walk, at, walk.syntax.word(at))


def _read_free(walk: Walk, at: int, name: str) -> None:
    """Read a name that nothing declares."""
    if is_exports(walk, at):
        walk.edge(walk.values.exports, at, CAPTURE)
    elif name != "arguments" or not walk.function:
        walk.values.globals.setdefault(name, []).append(at)
    else:
        parameters = walk.definitions.functions[walk.function].parameters
        for place, parameter in enumerate(parameters):
            walk.edge(parameter.at, at, STORE, (str(place),))


def visit_this(walk: Walk, at: int) -> None:
    """Read the receiver."""
    held = _receiver(walk, at)
    if held != NONE:
        walk.edge(held, at, COPY if _is_own(walk, walk.receiver(at)) else CAPTURE)


def visit_member(walk: Walk, at: int) -> None:
    """Read a member."""
    read_member(walk, at)
    walk.visit_all(*_operands(walk, at))


def read_member(walk: Walk, at: int) -> None:
    """Say where the value of a member comes from.

    What was last written through the same variable is known exactly; all else is taken
    out of the object.
    """
    if is_exports(walk, at):
        walk.edge(walk.values.exports, at, CAPTURE)
    root, path = place_of(walk.syntax, at)
    base = _followed(walk, root)
    if base == NONE:
        target = walk.syntax.child(at, "object")
        if target != NONE:
            walk.edge(target, at, LOAD, (field_name(walk.syntax, at),))
        return
    source, rest = _last_written(walk, base, path)
    walk.edge(source, at, LOAD if rest else COPY, rest)


def assign(walk: Walk, target: int, value: int) -> None:
    """Give a value to what a target names: a variable, a member, or a pattern of them."""
    stack: list[tuple[int, int, int, Label]] = [(target, value, COPY, ())]
    while stack:
        at, source, op, label = stack.pop()
        kind = walk.syntax.kinds[at]
        if kind in MEMBERS:
            _store_at(walk, at, source, (op, label))
            continue
        if source != NONE:
            walk.edge(source, at, op, label)
        variable = walk.names.variables.get(at)
        if variable is not None:
            walk.define(variable, at)
        elif kind == "identifier":
            walk.values.global_writes.setdefault(walk.syntax.word(at), []).append(at)
        else:
            stack.extend(_parts(walk, at, kind))


def defaults_of(walk: Walk, pattern: int) -> list[int]:
    """Return what has to be computed before a pattern takes its value apart."""
    found: list[int] = []
    stack = [pattern]
    syntax = walk.syntax
    while stack:
        at = stack.pop()
        kind = syntax.kinds[at]
        if kind in DEFAULTED:
            found.append(syntax.child(at, "right"))
            stack.append(syntax.child(at, "left"))
        elif kind in MEMBERS:
            found += _operands(walk, at)
        elif kind == "computed_property_name":
            found += syntax.children(at)
        elif kind.endswith("pattern") or kind == "parenthesized_expression":
            stack.extend(reversed(list(syntax.children(at))))
    return [at for at in found if at != NONE]


def _operands(walk: Walk, member: int) -> list[int]:
    """Return the object of a member, and its index."""
    syntax = walk.syntax
    return [at for at in (syntax.child(member, "object"), syntax.child(member, "index")) if at >= 0]


def _receiver(walk: Walk, at: int) -> int:
    """Return what ``this`` holds at a place."""
    own = walk.receiver(at)
    followed = walk.environment.get(THIS, NONE) if walk.environment is not None else NONE
    return followed if _is_own(walk, own) and followed != NONE else own


def _is_own(walk: Walk, receiver: int) -> bool:
    """Whether a receiver is that of the function that is walked, and not of one around."""
    return receiver == walk.values.receivers.get(walk.function, NONE)


def _followed(walk: Walk, root: int) -> int:
    """Return what the root of a chain holds, if it is followed statement by statement."""
    if walk.syntax.kinds[root] == "this":
        return _receiver(walk, root)
    variable = walk.names.variables.get(root)
    if variable is None or variable.is_plain or variable.written_outside:
        return NONE
    return walk.held(variable)


def _last_written(walk: Walk, node: int, path: Label) -> tuple[int, Label]:
    """Return the node that holds a field of an object, and what to take out of it."""
    for _ in range(MOST_VERSIONS):
        version = walk.versions.get(node)
        if version is None or ANY in path:
            break
        written = version.path
        if path[: len(written)] == written:
            return version.value, path[len(written) :]
        if written[: len(path)] == path or version.before == NONE:
            break
        node = version.before
    return node, path


def _store_at(walk: Walk, member: int, source: int, through: tuple[int, Label]) -> None:
    """Write a member; what is written may first be taken out of the source."""
    if source == NONE:
        return
    op, label = through
    value = source
    if op != COPY or label:
        value = walk.node(member)
        walk.edge(source, value, op, label)
    store(walk, member, value)


def store(walk: Walk, member: int, value: int) -> None:
    """Write a member."""
    root, path = place_of(walk.syntax, member)
    if not path:
        return
    variable = walk.names.variables.get(root)
    if value in walk.values.receivers:
        _own(walk, root, path, value)
    if walk.syntax.kinds[root] == "this":
        _renew_receiver(walk, root, path, value)
    elif variable is None or variable.written_outside or variable.is_plain:
        if variable is None and walk.syntax.kinds[root] == "identifier":
            walk.values.global_writes.setdefault(walk.syntax.word(root), [])
        # No order is known: the field is one of the object itself, from wherever it comes.
        walk.edge(value, root, STORE, path)
    else:
        _renew_variable(walk, variable, path, (value, member))


def _own(walk: Walk, root: int, path: Label, function: int) -> None:
    """Say what ``this`` is in a function that becomes a member.

    Of ``o.f = function`` it is ``o``, with all that it gets later; of
    ``A.prototype.f = function`` it is what ``A`` makes.
    """
    receiver = walk.values.receivers[function]
    variable = walk.names.variables.get(root)
    if variable is None:
        if is_exports(walk, root):
            walk.edge(walk.values.exports, receiver, CAPTURE)
        return
    owner = walk.follow(variable, function)
    if path[:-1] == (PROTOTYPE,):
        walk.edge(owner, receiver, MADE)
    elif len(path) == 1:
        walk.edge(owner, receiver)


def is_exports(walk: Walk, at: int) -> bool:
    """Whether a node is CommonJS's ``exports`` or ``module.exports``."""
    syntax = walk.syntax
    if syntax.kinds[at] == "identifier":
        return at not in walk.names.variables and syntax.word(at) == "exports"
    target = syntax.child(at, "object")
    is_member = target != NONE and field_name(syntax, at) == "exports"
    return is_member and target not in walk.names.variables and syntax.word(target) == "module"


def _renew_receiver(walk: Walk, root: int, path: Label, value: int) -> None:
    own = walk.receiver(root)
    if own == NONE or walk.environment is None:
        return
    walk.values.writes.append((own, path, value))
    if _is_own(walk, own):
        base = walk.environment.get(THIS, own)
        walk.hold(THIS, walk.renew(base, path, value, root))
    else:
        walk.edge(own, root, CAPTURE)
        walk.edge(value, root, STORE, path)


def _renew_variable(walk: Walk, variable: Variable, path: Label, written: tuple[int, int]) -> None:
    value, member = written
    if walk.environment is not None:
        base = walk.held(variable)
        walk.define(variable, walk.renew(base, path, value, member))


def _parts(walk: Walk, at: int, kind: str) -> list[tuple[int, int, int, Label]]:
    """Return what a pattern hands on to the patterns in it."""
    syntax = walk.syntax
    if kind == "object_pattern":
        return _fields(walk, at)
    if kind == "array_pattern":
        return _elements(walk, at)
    inner = at + 1 if kind == "rest_pattern" and syntax.after[at] > at + 1 else at
    if kind in DEFAULTED:
        inner, right = syntax.child(at, "left"), syntax.child(at, "right")
        if right != NONE:
            walk.edge(right, at)
    elif inner == at:
        inner = unwrapped(syntax, at)
    return [] if inner in {NONE, at} else [(inner, at, COPY, ())]


def _fields(walk: Walk, pattern: int) -> list[tuple[int, int, int, Label]]:
    syntax = walk.syntax
    found: list[tuple[int, int, int, Label]] = []
    taken: list[str] = []
    for part in syntax.children(pattern):
        kind = syntax.kinds[part]
        if kind == "pair_pattern":
            key, target = syntax.child(part, "key"), syntax.child(part, "value")
            computed = key == NONE or syntax.kinds[key] == "computed_property_name"
            name = ANY if computed else syntax.key(key)
        elif kind == "rest_pattern":
            found.append((part, _without(walk, pattern, taken), COPY, ()))
            continue
        else:
            left = syntax.child(part, "left") if kind in DEFAULTED else part
            name, target = syntax.word(left) if left != NONE else ANY, part
        taken.append(name)
        if target != NONE:
            found.append((target, pattern, LOAD, (name,)))
    return found


def _without(walk: Walk, node: int, fields: list[str]) -> int:
    """Return a node of an object without some of its fields."""
    for name in fields[:MOST_VERSIONS]:
        rest = walk.node(node)
        walk.edge(node, rest, COPY, () if name == ANY else (name,))
        node = rest
    return node


def _elements(walk: Walk, pattern: int) -> list[tuple[int, int, int, Label]]:
    """Return the elements of an array pattern; after a hole their places are not known."""
    syntax = walk.syntax
    text = b"".join(syntax.text[syntax.starts[pattern] : syntax.ends[pattern]].split())
    has_holes = b"[," in text or b",," in text
    found: list[tuple[int, int, int, Label]] = []
    for place, part in enumerate(syntax.children(pattern)):
        if syntax.kinds[part] == "rest_pattern":
            found.append((part, pattern, COPY, ()))
        else:
            found.append((part, pattern, LOAD, (ANY if has_holes else str(place),)))
    return found
