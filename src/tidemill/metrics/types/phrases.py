"""From the pieces between two brackets to the one type that they are."""

from collections.abc import Sequence

from tidemill.core.errors import InputError
from tidemill.metrics.types.pieces import Piece, PieceKind, position_of, split_at, unreadable
from tidemill.metrics.types.terms import (
    Binding,
    Term,
    array_of,
    intersection_of,
    named,
    union_of,
)

__all__ = ["type_of"]

_PREFIXES = ("keyof", "unique", "readonly", "infer")
_PREDICATES = ("asserts", "is")
"""Words that are no names where types stand, though TypeScript would take them as such."""

_PREFIX_HEADS = {"unique": "symbol", "infer": "infer", "keyof": "keyof"}
_MOST_PREFIXES = 64


def type_of(pieces: Sequence[Piece]) -> Term:
    """Read a type.

    Args:
        pieces: What stands between two brackets, or between two commas there.

    Raises:
        InputError: It is no type.
    """
    heads: list[str] = []
    while length := _function_head(pieces):
        heads.append(_glued(pieces[: length - 1]))
        pieces = pieces[length:]
    if not heads:
        return _result_of(pieces)
    result = _result_of(pieces)
    text = " => ".join([*heads, result.text])
    return Term(text=text, head="function", binding=Binding.LOOSE)


def _function_head(pieces: Sequence[Piece]) -> int:
    """Return how many pieces reach to the arrow of a function type; 0 where it is none."""
    place = 0
    while place < len(pieces) and pieces[place].is_word("abstract", "new"):
        place += 1
    if place < len(pieces) and pieces[place].kind is PieceKind.ARGUMENTS:
        place += 1
    ending = pieces[place : place + 2]
    if len(ending) == 2 and ending[0].kind is PieceKind.PARAMETERS and ending[1].is_sign("=>"):
        return place + 2
    return 0


def _glued(pieces: Sequence[Piece]) -> str:
    """Return the text before an arrow: ``new <T>(x: T)``."""
    words = [piece.text for piece in pieces if piece.kind is PieceKind.WORD]
    brackets = "".join(piece.text for piece in pieces if piece.kind is not PieceKind.WORD)
    return " ".join([*words, brackets])


def _result_of(pieces: Sequence[Piece]) -> Term:
    """Read what may stand right of an arrow, functions apart."""
    length = _predicate_head(pieces)
    if not length:
        return _plain(pieces)
    words = [piece.text for piece in pieces[:length]]
    rest = [_plain(pieces[length:]).text] if words[-1] == "is" else []
    return Term(text=" ".join([*words, *rest]), head="predicate", binding=Binding.LOOSE)


def _predicate_head(pieces: Sequence[Piece]) -> int:
    """Return the words of ``x is T``, ``asserts x is T`` or ``asserts x``, without the T."""
    words = [piece.kind is PieceKind.WORD for piece in pieces[:3]]
    first = 1 if words[:2] == [True, True] and pieces[0].text == "asserts" else 0
    if all(words[: first + 2]) and pieces[first + 1 :] and pieces[first + 1].text == "is":
        return first + 2
    return 2 if first and len(pieces) == 2 else 0


def _plain(pieces: Sequence[Piece]) -> Term:
    if not any(piece.is_word("extends") for piece in pieces):
        return _union(pieces)
    if position_of(pieces, "?") >= 0:
        return _conditional(pieces)
    if pieces[0].is_word("infer") and len(pieces) > 3 and pieces[2].is_word("extends"):
        text = f"infer {pieces[1].text} extends {_union(pieces[3:]).text}"
        return Term(text=text, head="infer", binding=Binding.LOOSE)
    raise unreadable(pieces, "type")


def _conditional(pieces: Sequence[Piece]) -> Term:
    """Read ``A extends B ? C : D``, however many of them follow one another."""
    words = []
    start = 0
    for place, piece in enumerate([*pieces, Piece(text=":", kind=PieceKind.SIGN)]):
        between = piece.is_word("extends") or piece.is_sign("?") or piece.is_sign(":")
        if between:
            words += [_part(pieces[start:place]), piece.text]
            start = place + 1
    return Term(text=" ".join(words[:-1]), head="conditional", binding=Binding.LOOSE)


def _part(pieces: Sequence[Piece]) -> str:
    """Return a part of a conditional type; what binds loosely keeps its parentheses."""
    if _function_head(pieces):
        return type_of(pieces).text
    return _union(pieces).within(Binding.UNION)


def _union(pieces: Sequence[Piece]) -> Term:
    members = [_intersection(part) for part in _operands(pieces, "|")]
    return union_of(members)


def _intersection(pieces: Sequence[Piece]) -> Term:
    members = [_operator(part) for part in _operands(pieces, "&")]
    return intersection_of(members)


def _operands(pieces: Sequence[Piece], sign: str) -> list[Sequence[Piece]]:
    """Return what a sign joins; one may stand before the first of them too."""
    parts = split_at(pieces, sign)
    return parts[1:] if len(parts) > 1 and not parts[0] else parts


def _operator(pieces: Sequence[Piece]) -> Term:
    """Read ``keyof X``, ``readonly X[]`` and the like, or what has no such word."""
    length = 0
    while length + 1 < len(pieces) and pieces[length].is_word(*_PREFIXES):
        length += 1
    if length > _MOST_PREFIXES:
        raise unreadable(pieces, "type: too many words before it")
    operand = _postfix(pieces[length:])
    if not length:
        return operand
    words = [piece.text for piece in pieces[:length]]
    text = " ".join([*words, operand.within(Binding.OPERATOR)])
    head = _PREFIX_HEADS.get(words[0], operand.head)
    return Term(text=text, head=head, binding=Binding.OPERATOR)


def _postfix(pieces: Sequence[Piece]) -> Term:
    """Read a type with ``[]`` or ``[K]`` behind it."""
    operand, length = _primary(pieces)
    suffixes = pieces[length:]
    if not suffixes:
        return operand
    if any(piece.kind is not PieceKind.BRACKETS or len(piece.terms) > 1 for piece in suffixes):
        raise unreadable(pieces, "type")
    if len(suffixes) == 1 and not suffixes[0].terms:
        return array_of(operand)
    text = operand.within(Binding.TIGHT) + "".join(piece.text for piece in suffixes)
    return Term(text=text, head="indexed" if suffixes[-1].terms else "array")


def _primary(pieces: Sequence[Piece]) -> tuple[Term, int]:
    """Read a name, a literal or a bracket; return it and how many pieces it took."""
    if not pieces:
        raise InputError("a type is missing")
    first = pieces[0]
    if first.kind is PieceKind.WORD:
        return _reference(pieces)
    if first.kind is PieceKind.LITERAL:
        return Term(text=first.text, head="literal"), 1
    if first.kind is PieceKind.ENCLOSED:
        return first.terms[0], 1
    if first.kind is PieceKind.BRACKETS:
        return Term(text=first.text, head="tuple"), 1
    if first.kind is PieceKind.OBJECT:
        return Term(text=first.text, head="object"), 1
    raise unreadable(pieces, "type")


def _reference(pieces: Sequence[Piece]) -> tuple[Term, int]:
    """Read a name with its type arguments, after ``typeof`` too."""
    if pieces[0].is_word(*_PREFIXES, *_PREDICATES):
        raise unreadable(pieces, "type")
    if not pieces[0].is_word("typeof"):
        return _path(pieces)
    if len(pieces) == 1:
        raise unreadable(pieces, "type")
    term, length = _path(pieces[1:])
    return Term(text=f"typeof {term.text}", head="typeof"), length + 1


def _path(pieces: Sequence[Piece]) -> tuple[Term, int]:
    """Read names with dots between; where they come from (``import("x").``) is left out."""
    place = 0
    if pieces[0].is_word("import") and pieces[1:] and pieces[1].kind is PieceKind.ENCLOSED:
        if not pieces[2:] or not pieces[2].is_sign("."):
            return Term(text="import" + pieces[1].text, head="import"), 2
        place = 3
    length = place + _length_of_path(pieces[place:])
    path = "".join(piece.text for piece in pieces[place:length])
    if pieces[length:] and pieces[length].kind is PieceKind.ARGUMENTS:
        return named(path, pieces[length].terms), length + 1
    return named(path), length


def _length_of_path(pieces: Sequence[Piece]) -> int:
    """Return how many pieces are names with single dots between."""
    for place, piece in enumerate(pieces):
        if place % 2 == 0 and piece.kind is not PieceKind.WORD:
            raise unreadable(pieces, "name")
        if place % 2 and not piece.is_sign("."):
            return place
    if len(pieces) % 2 == 0:
        raise unreadable(pieces, "name")
    return len(pieces)
