"""What is counted before anything is learnt: words of types, parts of names."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.metrics.types.canonical import canonical, head
from tidemill.models.typed.parts import NAME, parts_of
from tidemill.models.typed.scope import Arity, Lexicon
from tidemill.models.typed.wording import type_words
from tidemill.source.annotations.scope import type_names_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.training.typed.renaming import Renamer

__all__ = ["lexicon_of", "renamer_of"]

LEAST_FAMILIES = 2
"""Families whose files say a name without declaring it: it is one of the language then."""

KEYWORDS = frozenset(
    [
        *("abstract", "accessor", "any", "asserts", "async", "await", "bigint", "boolean", "break"),
        *("case", "catch", "class", "const", "constructor", "continue", "debugger", "declare"),
        *("default", "delete", "else", "enum", "export", "extends", "false", "finally", "for"),
        *("from", "function", "get", "implements", "import", "infer", "instanceof", "interface"),
        *("keyof", "let", "module", "namespace", "never", "new", "null", "number", "object"),
        *("override", "private", "protected", "public", "readonly", "require", "return"),
        *("satisfies", "set", "static", "string", "super", "switch", "symbol", "this", "throw"),
        *("true", "try", "type", "typeof", "undefined", "unique", "unknown", "using", "var"),
        *("void", "while", "with", "yield"),
    ]
)
"""Words of the language, which copies of files need as they are."""

MOST_PARAMETERS = 48
MOST_HEADS = 50_000
COMMON_PARTS = 500
POOL_COUNT = 5
LONGEST_PART = 12


def lexicon_of(rows: Iterable[LabelledFile]) -> Lexicon:
    """Return the types that files say without declaring or importing them.

    Args:
        rows: What is learnt from.
    """
    families: defaultdict[str, set[str]] = defaultdict(set)
    arities: defaultdict[str, Counter[int]] = defaultdict(Counter)
    parameters: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    known: dict[str, _Said] = {}
    for row in rows:
        tree = parse(row.file.code.encode(), LANGUAGES[row.file.language])
        own = {name.name for name in type_names_of(tree)}
        for site in row.sites:
            said = known.get(site.label)
            if said is None:
                said = known[site.label] = _said(site.label)
            heads[said.head] += 1
            parameters.update(said.parameters)
            for word, arguments in said.names:
                if word not in own:
                    families[word].add(row.file.family)
                    arities[word][arguments] += 1
    names = {
        word: _arity(arities[word])
        for word in sorted(families)
        if len(families[word]) >= LEAST_FAMILIES and word not in RESERVED
    }
    return Lexicon(
        names=names,
        parameters=tuple(word for word, _ in parameters.most_common(MOST_PARAMETERS)),
        heads=tuple(word for word, _ in heads.most_common(MOST_HEADS)),
    )


RESERVED = frozenset(
    {
        "any",
        *("abstract", "asserts", "extends", "import", "in", "infer", "is", "keyof", "new"),
        *("readonly", "typeof", "unique"),
    }
)
"""The type that says nothing, and words that are no type by themselves."""


def renamer_of(rows: Iterable[LabelledFile], lexicon: Lexicon) -> Renamer:
    """Return what copies of files are renamed by.

    Args:
        rows: What is learnt from.
        lexicon: Whose parts of names stay.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        for word in {*NAME.findall(row.file.code)}:
            counts.update(parts_of(word))
    common = {part for part, _ in counts.most_common(COMMON_PARTS)}
    common |= {part for name in lexicon.names for part in parts_of(name)} | KEYWORDS
    pool = sorted(
        part
        for part, count in counts.items()
        if count >= POOL_COUNT and 3 <= len(part) <= LONGEST_PART and part not in common
    )
    return Renamer(pool=pool or ["part"], common=frozenset(common))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a type says: its head, its names with their type arguments, names of parameters."""

    head: str
    names: tuple[tuple[str, int], ...]
    parameters: tuple[str, ...]


def _said(label: str) -> _Said:
    form = canonical(label)
    words = type_words(form)
    names, parameters = [], []
    for place, word in enumerate(words):
        if not NAME.fullmatch(word) or word[0].isdigit():
            continue
        if words[place + 1 : place + 2] in ([":"], ["?"]):
            parameters.append(word)
        elif words[place - 1 : place] != ["."]:
            names.append((word, _arguments(words, place)))
    return _Said(head=head(form), names=tuple(names), parameters=tuple(parameters))


def _arguments(words: Sequence[str], place: int) -> int:
    """Return how many type arguments follow a name."""
    if place + 1 >= len(words) or words[place + 1] != "<":
        return 0
    depth, count = 0, 1
    for word in words[place + 1 :]:
        depth += (word in "<([{") - (word in ">)]}")
        count += word == "," and depth == 1
        if not depth:
            break
    return count


def _arity(seen: Counter[int]) -> Arity:
    """Return what is usual: one use in twenty may be somebody's own type of the same name."""
    total = sum(seen.values())
    usual = [count for count, times in seen.items() if times * 20 >= total]
    return min(usual or seen), max(usual or seen)
