"""Local variables get other names, all occurrences of one together."""

import random
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from tidemill.source.rewriting.edits import Change, Edit, text_of, words_of
from tidemill.source.rewriting.scene import Scene

__all__ = ["renamed_variables"]

NOUNS = """
    account amount answer batch buffer bundle bound cell chunk column count cursor data depth
    detail edge element entry extent field figure flag found group height item key level limit
    line mark measure member name node number offset outcome owner pair part piece place point
    position product record reply rest result row sample score series share side source span
    stage step stock store sum target term text ticket token total unit weight width
"""
PREFIXES = ("", "next", "last", "my", "the", "new", "old", "one")
DRAWS = 100


def renamed_variables(scene: Scene, chance: random.Random) -> Iterator[Change]:
    """Yield for each local variable that can be renamed the change to a new name.

    The new name stands nowhere in the text before. A parameter that some call in the text
    passes by its name keeps it.
    """
    taken = words_of(scene.whole)
    labels = _labels(scene)
    offset = scene.tree.offset
    for unit in scene.units:
        names = scene.local_names(unit)
        for name in names.names if names is not None else ():
            bare = name.lstrip(b"$")
            if names is None or bare in labels:
                continue
            new = name[: len(name) - len(bare)] + _fresh(chance, taken)
            yield tuple(
                Edit(start=start + offset, end=end + offset, text=new)
                for start, end in names.places(name)
            )


def _fresh(chance: random.Random, taken: AbstractSet[bytes]) -> bytes:
    """Draw a name that does not stand in the text."""
    nouns = NOUNS.split()
    for _ in range(DRAWS):
        prefix, noun = chance.choice(PREFIXES), chance.choice(nouns)
        name = (prefix + noun.title() if prefix else noun).encode()
        if name not in taken:
            return name
    return b"value" + str(chance.randrange(10**6, 10**7)).encode()


def _labels(scene: Scene) -> frozenset[bytes]:
    """Return the names by which arguments are passed somewhere in the text."""
    found = []
    for kind, field in scene.shape.labels:
        for node in scene.nodes([kind]):
            label = node.child_by_field_name(field)
            found += [text_of(label)] if label is not None else []
    return frozenset(found)
