"""What stands between the commas of a bracket, or between the semicolons of an object type."""

from collections.abc import Sequence

from tidemill.metrics.types.phrases import type_of
from tidemill.metrics.types.pieces import Piece, PieceKind, position_of, split_at, unreadable
from tidemill.metrics.types.terms import Binding, Term

__all__ = ["entries_of", "members_of"]

_NAMES = frozenset({PieceKind.WORD, PieceKind.OBJECT, PieceKind.BRACKETS})
_MODIFIERS = ("const", "in", "out")
_OPERANDS = frozenset({PieceKind.WORD, PieceKind.LITERAL})
_SIGNS_OF_NAMES = ("?", "+", "-", "...")


def entries_of(pieces: Sequence[Piece]) -> tuple[Term, ...]:
    """Read type arguments or parameters, what a function takes, or what a tuple holds.

    Args:
        pieces: What stands in the bracket; one comma more than needed may end it.

    Raises:
        InputError: One of them is none of these.
    """
    parts = split_at(pieces, ",")
    if not parts[-1]:
        parts.pop()
    return tuple(_entry(part) for part in parts)


def members_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Read the members of an object type, in their order, which overloads depend on.

    Raises:
        InputError: One of them is no member.
    """
    return tuple(_member(part) for part in split_at(pieces, ";", ",") if part)


def _entry(pieces: Sequence[Piece]) -> Term:
    if pieces and pieces[0].is_sign("..."):
        inner = _named_entry(pieces[1:])
        return Term(text=f"...{inner.text}", head=inner.head, binding=Binding.LOOSE)
    return _named_entry(pieces)


def _named_entry(pieces: Sequence[Piece]) -> Term:
    """Read ``name: T``, ``name?: T``, or what has no name."""
    optional = len(pieces) > 2 and pieces[1].is_sign("?")
    colon = 2 if optional else 1
    if len(pieces) > colon and pieces[colon].is_sign(":") and pieces[0].kind in _NAMES:
        label = pieces[0].text + ("?" if optional else "")
        inner = type_of(pieces[colon + 1 :])
        return Term(text=f"{label}: {inner.text}", head=inner.head, binding=Binding.LOOSE)
    if len(pieces) > 2 and pieces[1].is_word("in"):
        return _mapped(pieces)
    if len(pieces) > 1 and pieces[-1].is_sign("?"):
        inner = type_of(pieces[:-1])
        text = f"{inner.within(Binding.TIGHT)}?"
        return Term(text=text, head=inner.head, binding=Binding.LOOSE)
    if _is_type_parameter(pieces):
        return _type_parameter(pieces)
    return type_of(pieces)


def _mapped(pieces: Sequence[Piece]) -> Term:
    """Read ``K in T`` or ``K in T as N``."""
    renamed = next((n for n, piece in enumerate(pieces) if piece.is_word("as")), len(pieces))
    text = f"{pieces[0].text} in {type_of(pieces[2:renamed]).text}"
    if pieces[renamed:]:
        text += f" as {type_of(pieces[renamed + 1 :]).text}"
    return Term(text=text, head="object", binding=Binding.LOOSE)


def _is_type_parameter(pieces: Sequence[Piece]) -> bool:
    """Whether this is ``T extends U`` or ``T = U``, with modifiers before or without."""
    start = _modifiers(pieces)
    after = pieces[start + 1 : start + 2]
    if not after:
        return start > 0
    default = position_of(pieces, "=") >= 0
    return default or (after[0].is_word("extends") and position_of(pieces, "?") < 0)


def _type_parameter(pieces: Sequence[Piece]) -> Term:
    start = _modifiers(pieces)
    default = position_of(pieces, "=")
    bound = pieces[start + 1 : default if default >= 0 else len(pieces)]
    words = [piece.text for piece in pieces[: start + 1]]
    if bound:
        if not bound[0].is_word("extends"):
            raise unreadable(pieces, "type parameter")
        words += ["extends", type_of(bound[1:]).text]
    if default >= 0:
        words += ["=", type_of(pieces[default + 1 :]).text]
    return Term(text=" ".join(words), head=words[start], binding=Binding.LOOSE)


def _modifiers(pieces: Sequence[Piece]) -> int:
    """Return how many words stand before the name of a type parameter."""
    start = 0
    while start + 1 < len(pieces) and pieces[start].is_word(*_MODIFIERS):
        if pieces[start + 1].kind is not PieceKind.WORD or pieces[start + 1].is_word("extends"):
            break
        start += 1
    return start


def _member(pieces: Sequence[Piece]) -> str:
    """Return a property, a method, a signature or what is mapped, with its type if it has one."""
    colon = position_of(pieces, ":")
    if colon < 0:
        return _name_of(pieces)
    return f"{_name_of(pieces[:colon])}: {type_of(pieces[colon + 1 :]).text}"


def _name_of(pieces: Sequence[Piece]) -> str:
    """Return what stands before the colon of a member."""
    text = ""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if piece.kind is PieceKind.SIGN and piece.text not in _SIGNS_OF_NAMES:
            raise unreadable(pieces, "member of an object type")
        apart = before is not None and _stand_apart(before, piece)
        text += f" {piece.text}" if apart else piece.text
    return text


def _stand_apart(left: Piece, right: Piece) -> bool:
    """Whether a blank stands between two pieces of a member's name."""
    if left.is_word("readonly") and (right.kind in _NAMES or right.kind is PieceKind.LITERAL):
        return True
    if left.is_word("new") and right.kind in {PieceKind.PARAMETERS, PieceKind.ARGUMENTS}:
        return True
    return left.kind is not PieceKind.SIGN and right.kind in _OPERANDS
