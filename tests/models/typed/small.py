"""A small vocabulary and lexicon for types, and documents of files written here."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.document import Document, document_of
from tidemill.models.typed.grammar import GrammarState, SharedWords, TypeGrammar
from tidemill.models.typed.inference import AskedFile
from tidemill.models.typed.memory import NameMemory
from tidemill.models.typed.scope import Arity, Lexicon
from tidemill.models.typed.vocabulary import TypeVocabulary, train_vocabulary
from tidemill.models.typed.wording import type_words
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.scope import type_names_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

POND = """\
import { Reed, Frog as Singer } from "./shore";
export class Pond<W> {
  depth = 3;
  reeds;
  constructor(reeds) { this.reeds = reeds; }
  dive(singer, times = 1) { return this.depth * times; }
  map<U>(change) { const all = this.reeds.map(r => change(r)); return all; }
}
interface Bank { height: number }
export const count = (pond) => pond.reeds.length;
"""
"""Sites in order: Pond's depth, reeds, reeds of the constructor, dive, singer, times, ..."""

TYPES = (
    *("string", "number", "boolean", "void", "string[]", "Promise<void>", "Pond<Reed>"),
    *("Map<string, number>", "(value: Reed, index: number) => boolean", "Singer | undefined"),
    *("Array<Promise<Map<string, Bank[]>>>", "() => void", "number | string | null"),
)
LEXICON = Lexicon(
    names={
        **dict.fromkeys(("string", "number", "boolean", "void", "null", "undefined"), (0, 0)),
        "Promise": (1, 1),
        "Array": (1, 1),
        "Map": (2, 2),
        "Generator": (1, 3),
    },
    parameters=("value", "index", "this"),
    heads=("string", "number", "array", "Promise"),
)
FORGETFUL = NameMemory(types=("",), totals=np.ones(1), rows={})
"""A memory that has counted nothing."""


@cache
def vocabulary() -> TypeVocabulary:
    """Learnt from the texts above, so that the signs of types are tokens."""
    return TypeVocabulary(tokenizer())


@cache
def tokenizer() -> Tokenizer:
    words = [*document(POND).words, *(word for text in TYPES for word in type_words(text))]
    return train_vocabulary([" ".join(["", *words])] * 4, size=620)


def document(
    text: str, asked: Sequence[int] | None = None, language: str = "typescript"
) -> Document:
    """The words of a file, with all its sites asked for, or some."""
    tree = parse(text.encode(), LANGUAGES[language])
    sites = sites_of(tree)
    return document_of(tree, sites, range(len(sites)) if asked is None else asked)


def asked(text: str) -> AskedFile:
    """A file all of whose sites are asked for."""
    tree = parse(text.encode(), LANGUAGES["typescript"])
    sites = sites_of(tree)
    return AskedFile(
        document=document_of(tree, sites, range(len(sites))),
        names=type_names_of(tree),
        places={number: site.place.start for number, site in enumerate(sites)},
    )


def tokens(words: str | Sequence[str]) -> tuple[int, ...]:
    """The tokens of words; those that are sentinels stand for their tokens."""
    known, found = vocabulary(), []
    for word in words.split(" ") if isinstance(words, str) else words:
        if word.startswith("<extra_id_"):
            found.append(known.sentinels[int(word.removeprefix("<extra_id_").removesuffix(">"))])
        else:
            found += [known.newline] if word == "\n" else known.words([word])[0]
    return tuple(found)


def grammar(names: Mapping[str, Arity], lexicon: Lexicon = LEXICON) -> TypeGrammar:
    """What can be said where these names are in scope besides those of the lexicon."""
    return TypeGrammar(vocabulary(), lexicon, SharedWords(vocabulary(), lexicon), names)


def said(rule: TypeGrammar, text: str) -> GrammarState | None:
    """The state behind a type, or None where the grammar does not allow it."""
    state = rule.start()
    for token in tokens(type_words(text)):
        if token not in rule.allowed(state):
            return None
        state = rule.advance(state, token)
    return state


def can_say(rule: TypeGrammar, text: str) -> bool:
    """Whether a type is allowed, and may end there."""
    state = said(rule, text)
    if state is None or vocabulary().newline not in rule.allowed(state):
        return False
    return rule.is_done(rule.advance(state, vocabulary().newline))
