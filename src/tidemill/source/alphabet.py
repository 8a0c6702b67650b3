"""What the tokens of a tree are: names, values or words of the language, by their kind.

Grammars agree so well on what they call a name or a number that one table serves them
all; what a grammar does not know is not asked for there.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import grammar_of

__all__ = [
    "COMMENT",
    "MARK",
    "NAME",
    "NUMBER",
    "PLAIN",
    "ROLES",
    "STRING",
    "Alphabet",
    "alphabet_of",
]

PLAIN, NAME, NUMBER, STRING, MARK, COMMENT = range(6)
"""A word or sign of the language, a name, a number, a string, a statement's end, a comment."""

NAMES = """
    class_variable constant field_identifier global_variable hash_key_symbol identifier
    instance_variable label_name name namespace_identifier package_identifier
    private_property_identifier property_identifier shorthand_property_identifier
    shorthand_property_identifier_pattern statement_identifier type_identifier
"""
NUMBERS = """
    binary_integer_literal complex decimal_floating_point_literal decimal_integer_literal float
    float_literal hex_floating_point_literal hex_integer_literal imaginary_literal int_literal
    integer integer_literal number number_literal octal_integer_literal rational real_literal
"""
STRINGS = """
    bare_string bare_symbol char_literal character character_literal delimited_symbol
    encapsed_string escape_sequence heredoc heredoc_beginning heredoc_body heredoc_content
    interpolated_string_expression interpreted_string_literal interpreted_string_literal_content
    jsx_text multiline_string_fragment nowdoc raw_string_literal raw_string_literal_content regex
    rune_literal shell_command_expression simple_symbol string string_content string_end
    string_fragment string_literal string_literal_content string_start subshell system_lib_string
    template_string text user_defined_literal verbatim_string_literal
"""
COMMENTS = "block_comment comment html_comment line_comment line_continuation"
ROLES = {
    **dict.fromkeys(NAMES.split(), NAME),
    **dict.fromkeys(NUMBERS.split(), NUMBER),
    **dict.fromkeys(STRINGS.split(), STRING),
    **dict.fromkeys(COMMENTS.split(), COMMENT),
}
"""What a named kind of node is, in whichever grammar has it."""

HOLES = frozenset(
    {
        "dynamic_variable_name",
        "interpolation",
        "string_interpolation",
        "template_substitution",
        "variable_name",
    }
)
"""Code inside a string; a string without any is one token."""

SCRIPT_LISTS = frozenset({"class_body", "statement_block", "switch_case", "switch_default"})
STATEMENT_LISTS = {
    "python": frozenset({"block"}),
    "go": frozenset({"statement_list"}),
    "javascript": SCRIPT_LISTS,
    "typescript": SCRIPT_LISTS,
    "tsx": SCRIPT_LISTS,
    "ruby": frozenset(
        {"begin", "block_body", "body_statement", "do", "else", "ensure", "rescue", "then"}
    ),
}
"""Where the end of a statement may be nothing but the end of its line."""

DAMAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Alphabet:
    """The kinds of one grammar, by number.

    Attributes:
        keep: As `flatten` reads it: 1 for every kind, 2 for damage.
        error: Number under which damage appears in the flat tree.
        roles: What a kind is.
        statement: Whether it is a statement where it stands in a list of them.
        holes: Kinds of code inside strings.
        lists: Kinds whose children are statements that the end of a line may end.
    """

    keep: "array[int]"
    error: int
    roles: tuple[int, ...]
    statement: tuple[bool, ...]
    holes: frozenset[int]
    lists: frozenset[int]


@lru_cache(maxsize=64)
def alphabet_of(language: str) -> Alphabet:
    """Number the kinds of a language's grammar.

    Args:
        language: Its name, one of `LANGUAGES`.
    """
    grammar = grammar_of(LANGUAGES[language])
    count = grammar.node_kind_count
    kinds = [grammar.node_kind_for_id(number) or "" for number in range(count)]
    named = [grammar.node_kind_is_named(number) for number in range(count)]
    roles = [ROLES.get(kinds[at], PLAIN) if named[at] else PLAIN for at in range(count)]
    keep = array("B", bytes([1])) * (1 << 16)
    keep[-1] = DAMAGE

    def numbers(wanted: Iterable[str]) -> frozenset[int]:
        chosen = frozenset(wanted)
        return frozenset(at for at in range(count) if named[at] and kinds[at] in chosen)

    return Alphabet(
        keep=keep,
        error=count,
        roles=(*roles, PLAIN),
        statement=(*(named[at] and roles[at] != COMMENT for at in range(count)), True),
        holes=numbers(HOLES),
        lists=numbers(STATEMENT_LISTS.get(language, ())),
    )
