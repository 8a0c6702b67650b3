"""``for`` and ``while``: a loop of the other kind that runs the same way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from tidemill.source.rewriting.branches import is_on_lines_of_its_own
from tidemill.source.rewriting.conditions import asked, negated
from tidemill.source.rewriting.edits import (
    Change,
    Edit,
    only_child,
    put,
    replaced,
    text_of,
    words_of,
)
from tidemill.source.rewriting.scene import Scene

__all__ = ["exchanged_loops"]

GOES_ON = frozenset(
    {
        "declaration",
        "enhanced_for_statement",
        "expression_statement",
        "for_in_statement",
        "for_range_loop",
        "foreach_statement",
        "lexical_declaration",
        "local_declaration_statement",
        "local_variable_declaration",
    }
)
"""Kinds of statements after which the next one is reached, as compilers can see."""

FOREVER = frozenset({b"1", b"True", b"true"})
LABELS = frozenset({"labeled_statement"})


def exchanged_loops(scene: Scene) -> Iterator[Change]:
    """Yield the loops that can be written as the other kind."""
    if scene.language == "python":
        for node in scene.nodes(["while_statement"]):
            yield from _python_loop(node, scene.whole)
    elif scene.shape.block and scene.shape.unbraced:
        for node in scene.nodes(["while_statement"]):
            yield from _as_for(node)
        # In PHP, `continue 2` further inside would leave the step out.
        for node in scene.nodes(["for_statement"] if scene.language != "php" else []):
            yield from _as_while(node, scene)


def _as_for(node: Node) -> Iterator[Change]:
    """``while (c) B`` becomes ``for (; c; ) B``."""
    body = node.child_by_field_name("body")
    condition = node.child_by_field_name("condition")
    if body is None or condition is None or body.type == "colon_block":
        return
    head = text_of(node)[: body.start_byte - node.start_byte]
    if b"//" in head or b"/*" in head:
        return
    asks = head[head.index(b"(") + 1 : head.rindex(b")")].strip()
    yield (Edit(start=node.start_byte, end=body.start_byte, text=b"for (; " + asks + b"; ) "),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The three parts of a counted loop, and where its body begins."""

    start: bytes
    condition: bytes
    step: bytes


def _as_while(node: Node, scene: Scene) -> Iterator[Change]:
    """``for (a; c; s) { B }`` becomes ``{ a; while (c) { B s; } }``, if the step is reached."""
    body = node.child_by_field_name("body")
    head = _head_of(node, body) if body is not None else None
    is_labelled = node.parent is None or node.parent.type in LABELS
    if body is None or head is None or is_labelled:
        return
    step = head.step + b";" if head.step else b""
    if step and not _reaches_end(body, head, scene):
        return
    forever = b"1" if scene.language == "c" else b"true"
    loop = (
        b"while (" + (head.condition or forever) + b") " + _with_last(body, step, scene.shape.block)
    )
    if head.start:
        loop = b"{ " + head.start + b"; " + loop + b" }"
    yield (replaced(node, loop),)


def _head_of(node: Node, body: Node) -> _Head | None:
    """Return the parts of a loop's head; None for one that cannot be taken apart."""
    parts: list[list[bytes]] = [[]]
    for child in node.children[2:]:
        if child.start_byte >= body.start_byte or child.type == ")":
            break
        if child.type in {",", "comment", "line_comment", "block_comment", "ERROR"}:
            return None
        text = text_of(child)
        if child.is_named and not text.endswith(b";"):
            parts[-1].append(text)
        else:
            parts[-1] += [text[:-1].strip()] if text[:-1].strip() else []
            parts.append([])
    if len(parts) != 3 or any(len(part) > 1 for part in parts):
        return None
    start, condition, step = (part[0] if part else b"" for part in parts)
    return _Head(start=start, condition=condition, step=step)


def _reaches_end(body: Node, head: _Head, scene: Scene) -> bool:
    """Whether what is put at the end of a body is done after each round, and says the same."""
    if _continues(body, scene) or words_of(head.step) & _declared(body, scene):
        return False
    # Where closures see a variable of each round, one variable is not the same.
    is_fresh = head.start.startswith(b"let ")
    if is_fresh and _holds(body, scene.shape.functions):
        return False
    statements = body.named_children if body.type == scene.shape.block else [body]
    if not statements or body.type in {";", "empty_statement"}:
        return True
    last = statements[-1]
    is_half = last.type == "if_statement" and not last.children_by_field_name("alternative")
    return last.type in GOES_ON or is_half


def _continues(node: Node, scene: Scene) -> bool:
    """Whether something in a statement goes on to the next round of the loop around it."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.type == "continue_statement":
            return True
        if one.type not in scene.shape.loops and one.type not in scene.shape.functions:
            waiting += one.children
    return False


def _declared(body: Node, scene: Scene) -> frozenset[bytes]:
    """Return all words in the declarations of a body, the names they declare among them."""
    kinds = scene.shape.declarations
    texts = [text_of(child) for child in body.named_children if child.type in kinds]
    return words_of(b" ".join(texts))


def _holds(node: Node, kinds: frozenset[str]) -> bool:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.type in kinds or one.type == "class_body":
            return True
        waiting += one.children
    return False


def _with_last(body: Node, statement: bytes, block: str) -> bytes:
    """Return a body as a block with one more statement at its end."""
    text = text_of(body)
    if body.type == block:
        return text[:-1] + b" " + statement + b" }" if statement else text
    return b"{ " + text + b" " + statement + b" }" if statement else text


def _python_loop(node: Node, whole: bytes) -> Iterator[Change]:
    """``while c: B`` and ``while True: if not c: break; B``."""
    body, condition = node.child_by_field_name("body"), asked(node)
    if body is None or condition is None or node.children_by_field_name("alternative"):
        return
    if not is_on_lines_of_its_own(body):
        return
    if text_of(condition) not in FOREVER:
        indent = whole[body.start_byte - body.start_point.column : body.start_byte]
        ends = b"if " + negated(condition, "python") + b":\n" + indent + b"    break\n" + indent
        yield replaced(condition, b"True"), put(body.start_byte, ends)
    elif (first := _leaving(body.named_children)) is not None:
        following = body.named_children[1]
        yield (
            replaced(condition, negated(first, "python")),
            Edit(start=body.start_byte, end=following.start_byte, text=b""),
        )


def _leaving(statements: Sequence[Node]) -> Node | None:
    """Return the condition under which the first of several statements leaves the loop."""
    if len(statements) < 2 or statements[0].type != "if_statement":
        return None
    first = statements[0]
    body = first.child_by_field_name("consequence")
    only = only_child(body) if body is not None else None
    is_plain = not first.children_by_field_name("alternative")
    return (
        asked(first) if is_plain and only is not None and only.type == "break_statement" else None
    )
