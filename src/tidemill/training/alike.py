"""What belongs together where nobody says so: rewritten copies, and functions of one name.

A function rewritten so that it does the same is a clone for certain. Functions of
different packages that bear the same telling name often do the same: a guess, and the
rewritten copies keep it honest.
"""

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress
from tidemill.core.randomness import stream
from tidemill.corpus.example import Example
from tidemill.source.language import LANGUAGES
from tidemill.source.rewriting.rewriter import rewrite
from tidemill.source.tokens import parts
from tidemill.training.reading import Texts, read_examples

__all__ = ["DerivedExample", "alike"]

MOST_CHANGES = 8
LEAST_WORDS = 2
"""Words of a telling name: of one word, such as ``get``, too much is called."""

MOST_SHARING = 40
"""A name that more functions bear is a habit (``hash_code``), not a purpose."""

_NAME = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedExample:
    """A function as it is learnt from, made from an example of a corpus."""

    language: str
    group: str
    query: str
    code: str


def alike(
    examples: Sequence[Example],
    *,
    rewrites: int,
    seed: int,
    workers: int,
    progress: Progress,
) -> list[DerivedExample]:
    """Group examples that have no group, and add rewritten copies to each.

    Args:
        examples: Of one part of a corpus.
        rewrites: Copies of each.
        seed: Of the changes.
        workers: Processes.
        progress: Told of every batch.

    Raises:
        InputError: A worker failed.
    """
    groups = _groups(examples)
    found = [
        DerivedExample(language=one.language, group=group, query=one.query, code=one.code)
        for one, group in zip(examples, groups, strict=True)
    ]
    copied = list(found)
    for number in range(rewrites):
        read = functools.partial(_rewritten, seed=seed, number=number)
        codes = read_examples(examples, read, workers=workers, progress=progress)
        copied += [
            replace(one, code=code)
            for one, code in zip(found, codes, strict=True)
            if code != one.code
        ]
    return copied


def _groups(examples: Sequence[Example]) -> list[str]:
    """Return the group of each: its own, its telling name, or itself."""
    sharing = Counter(_telling(one.name) for one in examples)
    packages: dict[str, set[str]] = {}
    for one in examples:
        packages.setdefault(_telling(one.name), set()).add(one.package)
    found = []
    for one in examples:
        name = _telling(one.name)
        shared = name and len(packages[name]) > 1 and sharing[name] <= MOST_SHARING
        found.append(one.group or (f"name {name}" if shared else f"id {one.id}"))
    return found


def _telling(name: str) -> str:
    """Return a name in small letters, or nothing where it says little."""
    return _NAME.sub("", name.lower()) if len(parts(name)) >= LEAST_WORDS else ""


def _rewritten(shard: list[Texts], *, seed: int, number: int) -> list[str]:
    """What a worker does."""
    found = []
    for language, code, _ in shard:
        data = code.encode()
        chance = stream(seed, "rewrites", str(number), content_hash(data))
        changed = rewrite(data, LANGUAGES[language], chance, most=MOST_CHANGES)
        found.append(changed.decode("utf-8", "replace"))
    return found
