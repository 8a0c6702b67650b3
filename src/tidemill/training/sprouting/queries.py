"""The queries of packages, as a router learns from them and is judged by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from tidemill.corpus.example import Example
from tidemill.training.routing.learning import Labelled
from tidemill.training.sprouting.pairs import read_pairs

__all__ = ["Category", "PackageQueries", "lessons", "queries_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A package that a router tells from others.

    Attributes:
        name: Of the package's expert.
        title: In words.
        language: Of its functions.
        pairs: Its file of pairs.
        hash: Of that file.
    """

    name: str
    title: str
    language: str
    pairs: Path
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackageQueries:
    """The queries of one part of some packages, one package after the other.

    Attributes:
        packages: In order.
        texts: All queries.
        labels: The place of each query's package.
        places: The place of each query in its package's part.
    """

    packages: Sequence[Category]
    texts: tuple[str, ...]
    labels: Int[np.ndarray, " texts"]
    places: Int[np.ndarray, " texts"]

    def __len__(self) -> int:
        return len(self.texts)

    def labelled(self) -> Labelled:
        """Return the queries as a router is judged by them."""
        return Labelled(texts=self.texts, labels=tuple(self.labels.tolist()))


def queries_of(packages: Sequence[Category], part: str) -> PackageQueries:
    """Return the queries of a part.

    Args:
        packages: Whose.
        part: ``train``, ``valid`` or ``test``.

    Raises:
        InputError: A package's pairs are damaged.
    """
    queries = [[one.query for one in _examples(package, part)] for package in packages]
    counts = [len(own) for own in queries]
    return PackageQueries(
        packages=packages,
        texts=tuple(query for own in queries for query in own),
        labels=np.repeat(np.arange(len(packages)), counts),
        places=np.concatenate([np.arange(0), *(np.arange(count) for count in counts)]),
    )


def lessons(packages: Sequence[Category]) -> Labelled:
    """Return what a router learns from: queries, and names with first lines, of the train parts.

    Heads say what a package's things are called, in words that its queries have too.

    Args:
        packages: Whose.

    Raises:
        InputError: A package's pairs are damaged.
    """
    texts: list[str] = []
    labels: list[int] = []
    for label, package in enumerate(packages):
        for one in _examples(package, "train"):
            head = one.code.partition("\n")[0]
            texts += [one.query, f"{one.qualified_name} {head}"]
            labels += [label, label]
    return Labelled(texts=tuple(texts), labels=tuple(labels))


def _examples(package: Category, part: str) -> list[Example]:
    pairs = read_pairs(package.pairs)
    return [pairs.examples[row] for row in pairs.rows[part].tolist()]
