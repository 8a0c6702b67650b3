"""What a language calls the things that slices speak of: kinds of nodes and their fields.

A vocabulary is compiled against its grammar once; a kind or field that the grammar does
not have is an error, since grammars drift between releases and silence would lose slices.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tidemill.core.errors import TidemillError
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import grammar_of

__all__ = ["Call", "Kinds", "Operator", "Pair", "Vocabulary", "kinds_of", "marked"]

ANY_KIND = 1 << 16
DAMAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where a call keeps what is called and what it is given.

    Attributes:
        callee: Field of what is called.
        arguments: Field of the list of arguments.
        constructs: Whether it makes an object of the class that it names.
    """

    callee: str
    arguments: str = "arguments"
    constructs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Where something of two parts keeps them: object and member, target and value."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator as a call.

    Attributes:
        name: What it is called, without ``<operator>.``; empty: by its token.
        tokens: What it is called by its token.
        first: Position of the first operand.
        step: From one position to the next.
    """

    name: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    first: int = 1
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of one language family. Keys of all mappings are kinds of nodes.

    Attributes:
        names: Kinds that are variables.
        transparent: Kinds whose value is that of their first child.
        casts: Of those, the ones that end in a type, and the word before it.
        functions: Kinds that make a function.
        calls: Calls.
        members: Object and member.
        subscripts: Object and index.
        assignments: Target and value; kinds whose operator is a plain assignment.
        operators: Operators.
        alternatives: Kinds whose value is that of one of some fields.
        argument_lists: Kinds that are lists of arguments.
        named_arguments: Name and value of an argument.
        literals: Types of literals.
        builtins: Types that the language brings, by their name in the text.
        builtin_prefix: What their full name begins with.
        primitives: Types by the word that annotations use.
        imports: Functions whose value is another file.
        own: Names of parameters that are the receiver.
        factories: Literals that are a call only when they are empty, and its name.
        spelled: Operators named by what they are and not by their code; without an
            operand they are literals.
        keywords: Kinds that are called by the word that they are.
        calls_construct: Whether a class is called like a function to make an object.
        left_out: Kinds that no slice looks into.
        tokens: Tokens that are looked at.
    """

    names: frozenset[str]
    transparent: frozenset[str]
    casts: Mapping[str, str]
    functions: frozenset[str]
    calls: Mapping[str, Call]
    members: Mapping[str, Pair]
    subscripts: Mapping[str, Pair]
    assignments: Mapping[str, Pair]
    operators: Mapping[str, Operator]
    alternatives: Mapping[str, tuple[str, ...]]
    argument_lists: frozenset[str]
    named_arguments: Mapping[str, Pair]
    literals: Mapping[str, str]
    builtins: frozenset[str]
    builtin_prefix: str
    primitives: Mapping[str, str]
    imports: frozenset[str]
    own: frozenset[str]
    factories: Mapping[str, str]
    spelled: frozenset[str]
    keywords: frozenset[str]
    calls_construct: bool
    left_out: frozenset[str]
    tokens: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kinds:
    """The kinds and fields of one grammar, by number.

    Attributes:
        keep: As `flatten` reads it: 1 for kinds that are kept, 2 for damage.
        error: Number under which damage appears in the flat tree.
        names: Name of each kind.
        fields: Number of each field.
    """

    keep: "array[int]"
    error: int
    names: tuple[str, ...]
    fields: Mapping[str, int]


@lru_cache(maxsize=64)
def kinds_of(language: str, left_out: frozenset[str], tokens: frozenset[str]) -> Kinds:
    """Number the kinds of a language's grammar.

    Args:
        language: Its name, one of `LANGUAGES`.
        factories: Literals that are a call only when they are empty, and its name.
        spelled: Operators named by what they are and not by their code; without an
            operand they are literals.
        keywords: Kinds that are called by the word that they are.
        calls_construct: Whether a class is called like a function to make an object.
        left_out: Kinds that do not enter the flat tree, nor does what is in them.
        tokens: Tokens without a name that enter it.

    Raises:
        TidemillError: The grammar has none of the kinds of a name.
    """
    grammar = grammar_of(LANGUAGES[language])
    count = grammar.node_kind_count
    names = [grammar.node_kind_for_id(number) or "" for number in range(count)]
    named = [grammar.node_kind_is_named(number) for number in range(count)]
    keep = array("B", bytes(ANY_KIND))
    for number, name in enumerate(names):
        keep[number] = name not in left_out if named[number] else name in tokens
    keep[-1] = DAMAGE
    shown = tuple(name if keep[number] else "" for number, name in enumerate(names))
    if not set(tokens) <= set(names):
        missing = sorted(set(tokens) - set(names))
        raise TidemillError(f"the {language} grammar has no tokens {missing}")
    numbers = range(1, grammar.field_count + 1)
    fields = {grammar.field_name_for_id(number) or "": number for number in numbers}
    return Kinds(keep=keep, error=count, names=(*shown, "ERROR"), fields=fields)


@lru_cache(maxsize=64)
def marked(kinds: Kinds, names: frozenset[str]) -> bytes:
    """Return for each kind, by number, whether it is one of some names."""
    return bytes(name in names for name in kinds.names)
