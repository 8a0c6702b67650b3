"""What is being written, and what was: tokens with their log-probabilities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Optional

from tidemill.core.errors import InputError
from tidemill.models.seq2seq.constraint import Constraint, TokenIds

__all__ = ["Hypothesis", "Path", "first_paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What a decoder wrote for an input.

    Attributes:
        tokens: Ids, with the one that ends it, without the one that starts it.
        token_log_probabilities: Of each token after those before it, among those allowed.
        is_finished: Whether it came to its end; otherwise there was no room for more.
    """

    tokens: tuple[int, ...]
    token_log_probabilities: tuple[float, ...]
    is_finished: bool

    @property
    def log_probability(self) -> float:
        """Of the whole: the sum of the tokens'."""
        return fsum(self.token_log_probabilities)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """A hypothesis that grows: a token, and the path before it.

    Attributes:
        token: The last one.
        log_probability: Its own.
        score: Of the whole path.
        before: The path that it was added to; None at the start.
        constraint: Says what may come next, or None.
        state: Of the constraint.
        is_done: Whether nothing comes next.
    """

    token: int
    log_probability: float = 0.0
    score: float = 0.0
    before: Optional["Path"] = None
    constraint: Constraint[Any] | None = None
    state: Any = None
    is_done: bool = False

    def allowed(self) -> TokenIds | None:
        """Return the tokens that may come next; None where all may."""
        return None if self.constraint is None else self.constraint.allowed(self.state)

    def extended(self, token: int, log_probability: float, *, end: int) -> "Path":
        """Return the path with one more token.

        Args:
            token: The token.
            log_probability: Its own.
            end: The token that ends every path.
        """
        rule, state = self.constraint, self.state
        if rule is not None:
            state = rule.advance(state, token)
        return Path(
            token=token,
            log_probability=log_probability,
            score=self.score + log_probability,
            before=self,
            constraint=rule,
            state=state,
            is_done=token == end or (rule is not None and rule.is_done(state)),
        )

    def hypothesis(self) -> Hypothesis:
        """Return what the path has written."""
        steps = list(self._steps())[::-1]
        return Hypothesis(
            tokens=tuple(path.token for path in steps),
            token_log_probabilities=tuple(path.log_probability for path in steps),
            is_finished=self.is_done,
        )

    def _steps(self) -> Iterator["Path"]:
        path = self
        while path.before is not None:
            yield path
            path = path.before


def first_paths(
    tokens: Sequence[int], constraints: Sequence[Constraint[Any] | None] | None
) -> list[Path]:
    """Return a path for every text, with nothing written.

    Args:
        tokens: What the decoder reads first, of each text.
        constraints: One a text, or None for those without; None where none has any.

    Raises:
        InputError: There are more or fewer constraints than texts, or one allows nothing.
    """
    rules = [None] * len(tokens) if constraints is None else list(constraints)
    if len(rules) != len(tokens):
        raise InputError(f"{len(rules):,} constraints for {len(tokens):,} texts")
    paths = []
    for token, rule in zip(tokens, rules, strict=True):
        state = None if rule is None else rule.start()
        if rule is not None and rule.is_done(state):
            raise InputError("a constraint is done before the first token")
        paths.append(Path(token=token, constraint=rule, state=state))
    return paths
