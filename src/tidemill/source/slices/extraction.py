"""Usage slices of one parsed text."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from tidemill.core.errors import InputError
from tidemill.source.parsing import SyntaxTree
from tidemill.source.slices.assembly import SliceRules, method_slices
from tidemill.source.slices.calls import Calls
from tidemill.source.slices.ecmascript.family import ECMASCRIPT
from tidemill.source.slices.family import Family
from tidemill.source.slices.python.family import PYTHON
from tidemill.source.slices.scopes import Binding, resolve
from tidemill.source.slices.signatures import Signatures
from tidemill.source.slices.syntax import Syntax
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import ProgramSlice
from tidemill.source.slices.vocabulary import kinds_of
from tidemill.source.slices.walk import Rule, Walk

__all__ = ["SLICED", "usage_slices"]

SLICED: Mapping[str, Family] = MappingProxyType(
    {
        "javascript": ECMASCRIPT,
        "typescript": ECMASCRIPT,
        "tsx": ECMASCRIPT,
        "python": PYTHON,
    }
)
"""The languages that are sliced, by name."""


def usage_slices(
    tree: SyntaxTree, *, path: str = "<text>", rules: SliceRules | None = None
) -> ProgramSlice:
    """Slice a text by the use of its variables (3.3 of Joern's `UsageSlicing`).

    A variable has a slice when it gets its first value from a call, or is a parameter,
    and takes part in enough calls. Uses inside closures that capture it belong to it.
    What cannot be parsed has no slices; the rest has.

    Args:
        tree: From ``parse`` or ``parse_fragment``.
        path: The file, as full names begin.
        rules: What becomes a slice.

    Returns:
        Methods and types in order of place, all places as bytes of the text.

    Raises:
        InputError: The language is not one of `SLICED`.
    """
    family = SLICED.get(tree.language.name)
    if family is None:
        known = ", ".join(SLICED)
        raise InputError(
            f"{tree.language.title} is not sliced", path=path, hint=f"sliced are: {known}"
        )
    syntax = Syntax(tree, family.words)
    walk = Walk(syntax, path)
    walk.run(_rules_of(tree.language.name))
    bindings = resolve(walk.events, walk.scopes, syntax.raw)
    _note_uses(walk, bindings)
    types = Types(syntax, bindings, family.type_names(walk))
    signatures = Signatures(walk, types)
    calls = Calls(walk, bindings, types=types, signatures=signatures)
    return ProgramSlice(
        methods=method_slices(walk, calls, types, path=path, rules=rules or SliceRules()),
        user_types=family.user_types(walk, types, signatures, path),
    )


def _note_uses(walk: Walk, bindings: Mapping[int, Binding]) -> None:
    """Let every variable know where it is used, and what it gets."""
    for node, binding in bindings.items():
        if node in walk.involved:
            binding.uses.append(node)
    for target, source in walk.definitions:
        found = bindings.get(target)
        if found is None:
            continue
        found.values.append(0 if source.access else source.value)
        if found.source is None:
            found.source = source


@lru_cache(maxsize=16)
def _rules_of(language: str) -> Sequence[Rule | None]:
    """Return a language's rules by the number of the kind."""
    family = SLICED[language]
    kinds = kinds_of(language, family.words.left_out, family.words.tokens)
    return [family.rules.get(name) for name in kinds.names]
