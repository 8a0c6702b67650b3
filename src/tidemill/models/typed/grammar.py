"""What can follow in a type: decoding is held to types that can be said at a place.

A type is a name with the type arguments that it takes, an array of one, a union with others, or
a function: ``A``, ``A<B, C>``, ``A[]``, ``A | B``, ``(x: A) => B``. Names are those in scope; the
published model generates freely. The states are immutable, so that hypotheses share them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import ExpertError
from tidemill.models.typed.scope import Arity, Lexicon
from tidemill.models.typed.trie import Trie
from tidemill.models.typed.vocabulary import TypeVocabulary

__all__ = ["GrammarState", "SharedWords", "TypeGrammar"]

ANY = "any"
MOST_DEPTH = 3
MOST_MEMBERS = 4
SIGNS = ("<", ">", "[", "]", "|", ",", "(", ")", ":", "=>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """An open list: of type arguments, of parameters, or the whole type.

    Attributes:
        kind: ``whole``, ``arguments`` or ``parameters``.
        least: Items that it needs.
        most: Items that it takes; None for any number.
        items: Items that are complete, without the present one.
        members: Members of the present union.
        is_result: Whether the present type is what a function returns.
    """

    kind: str
    least: int = 1
    most: int | None = 1
    items: int = 0
    members: int = 1
    is_result: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarState:
    """Where in a type decoding stands.

    Attributes:
        levels: Open lists, the innermost last.
        expects: What comes next: ``type``, ``after`` (a complete type), ``parameter`` (a
            name, or the end of none), ``colon``, ``arrow``, or ``end`` (all is said).
        inside: Nodes of the trees of words, when a word has begun.
        arity: Of the name that has just ended.
        closes: Signs that must come before anything else.
        is_any: Whether the member that has just ended is ``any``, which may be said in a type but
            not as one.
    """

    levels: tuple[_Level, ...] = (_Level(kind="whole"),)
    expects: str = "type"
    inside: tuple[Trie, ...] = ()
    arity: Arity = (0, 0)
    closes: tuple[str, ...] = ()
    is_any: bool = False


class TypeGrammar:
    """The types that can be said at one place.

    Args:
        vocabulary: Whose tokens.
        lexicon: Types of the language and its libraries.
        shared: What the grammars of all places share, made once.
        names: Types of the file at this place.
    """

    def __init__(
        self,
        vocabulary: TypeVocabulary,
        lexicon: Lexicon,
        shared: "SharedWords",
        names: Mapping[str, Arity],
    ) -> None:
        own = Trie.of(zip(names, map(vocabulary.phrase, names), strict=True))
        self._roots = (shared.names, own)
        self._shared = shared
        self._arities: Mapping[str, Arity] = {ANY: (0, 0), **lexicon.names, **names}
        self._newline = vocabulary.newline
        self._allowed: dict[GrammarState, NDArray[np.int64]] = {}

    def start(self) -> GrammarState:
        """Return the state before a type."""
        return GrammarState()

    def allowed(self, state: GrammarState) -> NDArray[np.int64]:
        """Return the tokens that may come next."""
        known = self._allowed.get(state)
        if known is None:
            known = np.array(sorted({*self._tokens(state)}), dtype=np.int64)
            self._allowed[state] = known
        return known

    def advance(self, state: GrammarState, token: int) -> GrammarState:
        """Return where an allowed token leads."""
        if state.inside:
            deeper = tuple(node.next[token] for node in state.inside if token in node.next)
            if deeper:
                return replace(state, inside=deeper)
            state = self._ended(state)
        if token == self._newline:
            return replace(state, expects="end")
        sign = self._shared.sign_of.get(token)
        if sign is not None:
            return _signed(state, sign)
        roots = self._shared.parameters if state.expects == "parameter" else None
        nodes = (roots,) if roots is not None else self._roots
        return replace(
            state, inside=tuple(node.next[token] for node in nodes if token in node.next)
        )

    def is_done(self, state: GrammarState) -> bool:
        """Whether the type is complete, and its line has ended."""
        return state.expects == "end"

    def _tokens(self, state: GrammarState) -> Sequence[int]:
        if not state.inside:
            return self._beginnings(state)
        deeper = [token for node in state.inside for token in node.next]
        if not any(node.words for node in state.inside):
            return deeper
        return [*deeper, *self._beginnings(self._ended(state))]

    def _beginnings(self, state: GrammarState) -> Sequence[int]:
        """Return the tokens with which the next word may begin."""
        found = [self._shared.sign_to[sign] for sign in _signs(state)]
        if state.expects == "type":
            for root in self._roots:
                found += root.next
        elif state.expects == "parameter":
            found += self._shared.parameters.next
        elif _is_whole(state):
            found.append(self._newline)
        return found

    def _ended(self, state: GrammarState) -> GrammarState:
        """Return the state behind the word that has just been said."""
        if state.expects == "parameter":
            return replace(state, inside=(), expects="colon")
        word = next(word for node in state.inside for word in node.words)
        arity = self._arities.get(word, (0, None))
        is_any = word == ANY and len(state.levels) == 1 and not state.levels[-1].is_result
        return replace(state, inside=(), expects="after", arity=arity, is_any=is_any)


def _is_whole(state: GrammarState) -> bool:
    """Whether what was said is a type."""
    is_complete = state.expects == "after" and not state.closes and not state.arity[0]
    return is_complete and len(state.levels) == 1 and not state.is_any


def _signs(state: GrammarState) -> Sequence[str]:
    """Return the signs that may come next."""
    if state.closes:
        return state.closes[:1]
    if state.expects == "after":
        return _behind(state)
    if state.expects == "type":
        return ("(",) if _takes_function(state) else ()
    if state.expects == "parameter":
        return () if state.levels[-1].items else (")",)
    return WANTED.get(state.expects, ())


def _takes_function(state: GrammarState) -> bool:
    """Whether a function may begin: as a later member of a union it would need parentheses."""
    return len(state.levels) <= MOST_DEPTH and state.levels[-1].members == 1


def _behind(state: GrammarState) -> Sequence[str]:
    """Return the signs that may follow a complete type."""
    level = state.levels[-1]
    least, most = state.arity
    if least or state.is_any:
        return ("<",) if least else ("[",)
    takes = (most is None or most > 0) and len(state.levels) <= MOST_DEPTH
    signs = ["<", "["] if takes else ["["]
    if level.members < MOST_MEMBERS:
        signs.append("|")
    done = level.items + 1
    if level.kind != "whole" and (level.most is None or done < level.most):
        signs.append(",")
    if level.kind != "whole" and done >= level.least:
        signs.append(">" if level.kind == "arguments" else ")")
    return signs


def _signed(state: GrammarState, sign: str) -> GrammarState:
    """Return where a sign leads."""
    if state.closes:
        return replace(state, closes=state.closes[1:])
    return LEADS[sign](state)


def _open_arguments(state: GrammarState) -> GrammarState:
    least, most = state.arity
    opened = _Level(kind="arguments", least=max(least, 1), most=most)
    return GrammarState(levels=(*state.levels, opened))


def _open_parameters(state: GrammarState) -> GrammarState:
    opened = _Level(kind="parameters", least=0, most=None)
    return GrammarState(levels=(*state.levels, opened), expects="parameter")


def _array(state: GrammarState) -> GrammarState:
    return replace(state, closes=("]",), arity=(0, 0), is_any=False)


def _result(state: GrammarState) -> GrammarState:
    return GrammarState(levels=(*state.levels[:-1], replace(state.levels[-1], is_result=True)))


def _member(state: GrammarState) -> GrammarState:
    level = state.levels[-1]
    return GrammarState(levels=(*state.levels[:-1], replace(level, members=level.members + 1)))


def _item(state: GrammarState) -> GrammarState:
    level = state.levels[-1]
    grown = replace(level, items=level.items + 1, members=1, is_result=False)
    expects = "type" if level.kind == "arguments" else "parameter"
    return GrammarState(levels=(*state.levels[:-1], grown), expects=expects)


LEADS: Mapping[str, Callable[[GrammarState], GrammarState]] = {
    "<": _open_arguments,
    "(": _open_parameters,
    "[": _array,
    "|": _member,
    ",": _item,
    ":": lambda state: GrammarState(levels=state.levels),
    "=>": _result,
    ">": lambda state: GrammarState(levels=state.levels[:-1], expects="after"),
    ")": lambda state: GrammarState(levels=state.levels[:-1], expects="arrow"),
}
WANTED = {"colon": (":",), "arrow": ("=>",)}


class SharedWords:
    """What the grammars of all places share.

    Args:
        vocabulary: Whose tokens.
        lexicon: Types of the language and its libraries.

    Raises:
        ExpertError: A sign of types is more than one token.
    """

    def __init__(self, vocabulary: TypeVocabulary, lexicon: Lexicon) -> None:
        names = [*lexicon.names, ANY]
        self.names: Trie = Trie.of(zip(names, map(vocabulary.phrase, names), strict=True))
        parameters = [*lexicon.parameters]
        self.parameters: Trie = Trie.of(zip(parameters, vocabulary.words(parameters), strict=True))
        self.sign_to: dict[str, int] = {}
        for sign, tokens in zip(SIGNS, vocabulary.words(SIGNS), strict=True):
            if len(tokens) != 1:
                raise ExpertError(f"the tokenizer has no token for {sign!r}")
            self.sign_to[sign] = tokens[0]
        self.sign_of: dict[int, str] = {token: sign for sign, token in self.sign_to.items()}
