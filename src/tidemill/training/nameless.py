"""Queries without the words of the function's own name: people ask for what they cannot name."""

from collections.abc import Iterator, Sequence

from tidemill.corpus.documented import without_name
from tidemill.corpus.example import Example
from tidemill.training.alike import DerivedExample

__all__ = ["LEAST_LEFT", "nameless"]

LEAST_LEFT = 3
"""Of fewer words nobody could tell which function is asked for."""


def nameless(examples: Sequence[Example]) -> Iterator[DerivedExample]:
    """Yield a copy of each example whose query names its function, without that name.

    Args:
        examples: Of one part of a corpus.
    """
    for one in examples:
        query = without_name(one.query, one.name)
        if query != one.query and len(query.split()) >= LEAST_LEFT:
            yield DerivedExample(language=one.language, group=one.group, query=query, code=one.code)
