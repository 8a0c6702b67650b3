"""Rewriting: a text that says the same otherwise, by chance and reproducibly."""

import random
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from tidemill.source.parsing import parse_fragment
from tidemill.source.rewriting.braces import changed_braces
from tidemill.source.rewriting.branches import swapped_branches
from tidemill.source.rewriting.comparisons import turned_comparisons
from tidemill.source.rewriting.declarations import recut_declarations
from tidemill.source.rewriting.edits import Change, applied
from tidemill.source.rewriting.loops import exchanged_loops
from tidemill.source.rewriting.renaming import renamed_variables
from tidemill.source.rewriting.scene import Scene
from tidemill.source.rewriting.wordings import reworded_steps
from tidemill.source.tables import Language

__all__ = ["REWRITES", "Rewrite", "rewrite"]

Rewrite: TypeAlias = Callable[[Scene, random.Random], Iterator[Change]]
"""Finds all changes of one kind in a text; each keeps its meaning."""


def _drawn(finder: Callable[[Scene], Iterator[Change]]) -> Rewrite:
    """Return a finder that has no use for chance as one that may have."""

    def found(scene: Scene, _chance: random.Random) -> Iterator[Change]:
        return finder(scene)

    return found


REWRITES: Mapping[str, Rewrite] = MappingProxyType(
    {
        "braces": _drawn(changed_braces),
        "branches": _drawn(swapped_branches),
        "comparisons": _drawn(turned_comparisons),
        "declarations": _drawn(recut_declarations),
        "loops": _drawn(exchanged_loops),
        "names": renamed_variables,
        "steps": _drawn(reworded_steps),
    }
)
"""Every kind of rewrite, by its name."""


def rewrite(text: bytes, language: Language, chance: random.Random, *, most: int) -> bytes:
    """Rewrite functions so that they do the same.

    What is kept is what a caller can see who passes arguments in order: results, and what
    is done in which order. Objects that overload comparisons have to do so consistently,
    and macros must not look at the names of their arguments.

    Args:
        text: UTF-8: a file, or a function alone.
        language: What it is written in.
        chance: Decides what is rewritten, and how.
        most: How many changes are made at most.

    Returns:
        A text that parses without errors. One that has errors is returned as it is.
    """
    for _ in range(most):
        tree = parse_fragment(text, language)
        if tree.errors:
            break
        changed = _changed_once(Scene(tree=tree), chance)
        if changed is None:
            break
        text = changed
    return text


def _changed_once(scene: Scene, chance: random.Random) -> bytes | None:
    """Return the text after one change of a kind drawn by chance; None where there is none."""
    names = list(REWRITES)
    chance.shuffle(names)
    for name in names:
        changes = list(REWRITES[name](scene, chance))
        while changes:
            change = changes.pop(chance.randrange(len(changes)))
            text = applied(scene.tree.text, change, scene.tree.offset)
            if text != scene.tree.text and not parse_fragment(text, scene.tree.language).errors:
                return text
    return None
