"""``int a = 1, b;`` in pieces, and pieces put together: declarations split and merged."""

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from tidemill.source.rewriting.edits import Change, Edit, replaced, text_of, words_of
from tidemill.source.rewriting.scene import Scene

__all__ = ["recut_declarations"]

DECLARATORS = frozenset({"init_declarator", "variable_declarator"})
LISTS = frozenset({"block", "compound_statement", "statement_block"})
BARE = frozenset({"array_declarator", "identifier", "pointer_declarator"})
"""Kinds of declarators without a value (C, C++)."""

UNNAMED_VALUES = frozenset(
    {
        "array_initializer",
        "arrow_function",
        "class",
        "function_expression",
        "generator_function",
        "initializer_list",
        "lambda_expression",
        "object_pattern",
    }
)
"""Kinds of values that an assignment cannot give, or gives otherwise."""

KEPT_WHOLE = frozenset(
    {
        b"_Atomic",
        b"auto",
        b"const",
        b"constexpr",
        b"enum",
        b"extern",
        b"final",
        b"fixed",
        b"ref",
        b"register",
        b"scoped",
        b"static",
        b"struct",
        b"thread_local",
        b"typedef",
        b"union",
        b"using",
        b"var",
        b"volatile",
    }
)
"""Words of declarations that are left as they are."""


def recut_declarations(scene: Scene) -> Iterator[Change]:
    """Yield declarations in pieces, their values given later, and neighbours put together."""
    for node in scene.nodes(scene.shape.declarations):
        if node.parent is None or node.parent.type not in LISTS:
            continue
        parts = _parts(node)
        if parts is None:
            continue
        head, declarators = parts
        if len(declarators) > 1:
            pieces = [head + b" " + text_of(one) + b";" for one in declarators]
            yield (replaced(node, b" ".join(pieces)),)
        else:
            yield from _value_later(node, head, declarators[0], scene)
        yield from _merged(node, head, declarators, scene)


def _parts(node: Node) -> tuple[bytes, list[Node]] | None:
    """Return what all declarators share, and the declarators; None where it is left alone."""
    holder = next((one for one in node.named_children if one.type == "variable_declaration"), node)
    declarators = [
        child for child in holder.named_children if child.type in DECLARATORS or child.type in BARE
    ]
    if not declarators or not text_of(node).endswith(b";"):
        return None
    head = text_of(node)[: declarators[0].start_byte - node.start_byte].rstrip()
    between = [child for child in holder.children if child.start_byte >= declarators[0].start_byte]
    is_plain = all(child in declarators or child.type in {",", ";"} for child in between)
    is_odd = not head or head.endswith(b",") or b"{" in head or b"//" in head
    if is_odd or not is_plain or KEPT_WHOLE & words_of(head):
        return None
    return head, declarators


def _value_later(node: Node, head: bytes, declarator: Node, scene: Scene) -> Iterator[Change]:
    """``int a = 1;`` becomes ``int a; a = 1;``."""
    target, value = _target_and_value(declarator)
    if target is None or value is None or value.type in UNNAMED_VALUES:
        return
    # A type that only C++ knows may be built in another way than it is assigned.
    is_foreign = scene.language == "cpp" and head not in scene.shape.integers
    # What is declared with a type of its own must keep its value beside it.
    annotation = declarator.child_by_field_name("type")
    if is_foreign or annotation is not None:
        return
    name = text_of(target)
    yield (replaced(node, head + b" " + name + b"; " + name + b" = " + text_of(value) + b";"),)


def _target_and_value(declarator: Node) -> tuple[Node | None, Node | None]:
    """Return the name of a declarator that declares a plain variable, and its value."""
    target = declarator.child_by_field_name("name") or declarator.child_by_field_name("declarator")
    if target is None or target.type != "identifier" or declarator.type not in DECLARATORS:
        return None, None
    if declarator.child_by_field_name("dimensions") is not None:
        return None, None
    return target, declarator.child_by_field_name("value")


def _merged(node: Node, head: bytes, declarators: Sequence[Node], scene: Scene) -> Iterator[Change]:
    """Put a declaration together with the next one, or with the value that follows it."""
    following = node.next_sibling
    if following is None:
        return
    between = scene.whole[node.end_byte : following.start_byte]
    if between.strip():
        return
    if following.type in scene.shape.declarations:
        parts = _parts(following)
        if parts is not None and parts[0] == head:
            last, first = declarators[-1].end_byte, parts[1][0].start_byte
            yield (Edit(start=last, end=first, text=b", "),)
    elif len(declarators) == 1:
        yield from _value_at_once(declarators[0], following)


def _value_at_once(declarator: Node, following: Node) -> Iterator[Change]:
    """``int a; a = 1;`` becomes ``int a = 1;``."""
    inner = following.named_children[0] if following.named_child_count == 1 else None
    if following.type != "expression_statement" or inner is None:
        return
    if inner.type != "assignment_expression" or not text_of(following).endswith(b";"):
        return
    target, value = inner.child_by_field_name("left"), inner.child_by_field_name("right")
    operator = inner.child_by_field_name("operator")
    if target is None or value is None or value.type in UNNAMED_VALUES:
        return
    name = text_of(target)
    is_bare = text_of(declarator) == name
    is_plain = operator is None or text_of(operator) == b"="
    if is_bare and is_plain and name not in words_of(text_of(value)):
        yield (
            Edit(
                start=declarator.end_byte,
                end=following.end_byte,
                text=b" = " + text_of(value) + b";",
            ),
        )
