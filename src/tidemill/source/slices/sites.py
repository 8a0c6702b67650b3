"""The rules that all languages share: calls, operators, members and what is returned."""

from tidemill.source.slices.scopes import Source
from tidemill.source.slices.vocabulary import Vocabulary
from tidemill.source.slices.walk import Rule, Walk

__all__ = ["shared_rules", "visit_assignment", "visit_call"]


def shared_rules(words: Vocabulary) -> dict[str, Rule]:
    """Return the rules for the calls and operators of a vocabulary."""
    return {
        **dict.fromkeys(words.operators, visit_operator),
        **dict.fromkeys(words.subscripts, visit_subscript),
        **dict.fromkeys(words.calls, visit_call),
    }


def visit_call(walk: Walk, index: int) -> None:
    """Note the receiver and the arguments of a call."""
    syntax = walk.syntax
    call = syntax.words.calls[syntax.kind(index)]
    callee = syntax.value(syntax.part(index, call.callee))
    if callee:
        receiver = receiver_of(walk, callee)
        if receiver:
            walk.involve(receiver, index, 0)
            if syntax.raw(receiver).decode("utf-8", "replace") in syntax.words.own:
                walk.owners[index] = walk.outline.segments[walk.scope.segment].receiver
        else:
            walk.mention(callee)
    arguments = syntax.part(index, call.arguments)
    # A tagged template has none, nor has Python's call with a generator.
    if not arguments or syntax.kind(arguments) not in syntax.words.argument_lists:
        return
    for position, argument in enumerate(syntax.children(arguments), 1):
        pair = syntax.words.named_arguments.get(syntax.kind(argument))
        if pair is None:
            walk.involve(argument, index, position)
        else:
            name = syntax.part(argument, pair.first)
            value = syntax.part(argument, pair.second)
            if name and value:
                walk.involve(value, index, syntax.raw(name).decode("utf-8", "replace"))


def receiver_of(walk: Walk, callee: int) -> int:
    """Return the object whose method is called; 0 where none is named."""
    words, kind = walk.syntax.words, walk.syntax.kind(callee)
    pair = words.members.get(kind) or words.subscripts.get(kind)
    return walk.syntax.part(callee, pair.first) if pair else 0


def visit_operator(walk: Walk, index: int) -> None:
    """Note the operands of an operator."""
    syntax = walk.syntax
    operator = syntax.words.operators[syntax.kind(index)]
    position = operator.first
    for child in syntax.children(index):
        if syntax.kind(child) not in syntax.words.tokens:
            walk.involve(child, index, position)
            position += operator.step


def visit_subscript(walk: Walk, index: int) -> None:
    """Note the object and the index of an access by index."""
    pair = walk.syntax.words.subscripts[walk.syntax.kind(index)]
    for position, field in enumerate((pair.first, pair.second), 1):
        part = walk.syntax.part(index, field)
        if part:
            walk.involve(part, index, position)


def visit_assignment(walk: Walk, index: int) -> None:
    """Note an assignment whose target is a variable, or a part of something."""
    syntax = walk.syntax
    pair = syntax.words.assignments[syntax.kind(index)]
    target, value = syntax.part(index, pair.first), syntax.part(index, pair.second)
    name = syntax.name(target) if target else 0
    if name:
        walk.assign(index, name, Source(value=value))
    if value:
        walk.involve(value, index, 2)
