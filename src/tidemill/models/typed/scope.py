"""Which types can be said at a place: words of the language, of its libraries, of the file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidemill.core.errors import ExpertError
from tidemill.models.typed.damage import DAMAGES
from tidemill.source.annotations.scope import TypeName, qualified_names_of, type_names_of
from tidemill.source.parsing import SyntaxTree

__all__ = ["LEXICON", "TYPES_ARCHITECTURE", "Arity", "Lexicon", "names_at", "sayable_names"]

LEXICON = "types.json"
"""The file of an expert that holds the types of the language and its libraries."""

TYPES_ARCHITECTURE = "seq2seq-types"
"""How experts on types are called by what runs them."""

Arity = tuple[int, int | None]
"""Type arguments that a name needs, and those that it takes; None for any number."""

LARGEST_FILE = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Types that a file can say without declaring or importing them.

    Attributes:
        names: Each with its type arguments.
        parameters: Names that parameters of function types have.
        heads: Heads of types, most frequent first, as training counted them.
    """

    names: Mapping[str, Arity]
    parameters: Sequence[str] = ()
    heads: Sequence[str] = ()

    def to_json(self) -> str:
        """Return the file that an expert carries."""
        facts = {"names": self.names, "parameters": self.parameters, "heads": self.heads}
        return json.dumps(facts, indent=0)

    @classmethod
    def from_json(cls, data: bytes) -> "Lexicon":
        """Read it.

        Raises:
            ExpertError: It is damaged.
        """
        try:
            facts = json.loads(data[:LARGEST_FILE])
            return cls(
                names={
                    str(name): _arity(least, most) for name, (least, most) in facts["names"].items()
                },
                parameters=tuple(map(str, facts["parameters"])),
                heads=tuple(map(str, facts["heads"])),
            )
        except DAMAGES as error:
            raise ExpertError(f"the expert's types cannot be read: {error}") from error


def _arity(least: Any, most: Any) -> Arity:
    """Check the numbers of type arguments that stand in a file."""
    arity = int(least), None if most is None else int(most)
    if arity[0] < 0 or (arity[1] is not None and arity[1] < arity[0]):
        raise ValueError(f"no name takes from {least} to {most} type arguments")
    return arity


def sayable_names(tree: SyntaxTree) -> tuple[TypeName, ...]:
    """Return the names that a file's types can be made of, besides those of the language.

    Args:
        tree: The file, parsed.
    """
    names = type_names_of(tree)
    return (*names, *qualified_names_of(tree, names))


def names_at(names: Iterable[TypeName], place: int) -> dict[str, Arity]:
    """Return the names of a file that can be said at a place.

    Args:
        names: Of the file; an inner one hides an outer one of the same name.
        place: First byte of what is to be typed.
    """
    found: dict[str, Arity] = {}
    widths: dict[str, int] = {}
    for name in names:
        if not name.scope.start <= place < name.scope.end or name.kind == "namespace":
            continue
        width = name.scope.end - name.scope.start
        if width <= widths.get(name.name, width):
            widths[name.name] = width
            found[name.name] = (name.least or 0, name.most)
    return found
