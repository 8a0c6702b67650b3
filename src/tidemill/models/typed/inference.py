"""Types for the marks of documents: windows are encoded together, answers searched in step.

Each line of an answer is written by itself, behind its sentinel; several hypotheses are followed
through the grammar of its place, and those that lose are its alternatives. Ours: the published
server decodes greedily, all lines one after the other, without a grammar, and calls every answer
certain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.models.seq2seq.batch import source_batch
from tidemill.models.seq2seq.beam import beam
from tidemill.models.seq2seq.hypothesis import Hypothesis
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.document import Document
from tidemill.models.typed.grammar import SharedWords, TypeGrammar
from tidemill.models.typed.prompt import Prompter
from tidemill.models.typed.scope import Arity, Lexicon, names_at
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.models.typed.windows import Window, windows_of
from tidemill.source.annotations.scope import TypeName

__all__ = ["AskedFile", "Inferred", "Reading", "TypeInference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How an expert reads files.

    Attributes:
        window: Tokens in a window.
        facts: Tokens of facts before it.
        most_sites: Sentinels of a window.
        most_tokens: Tokens of an input in all.
        hypotheses: Followed for each place.
        windows: Windows that are worked on together.
        longest: Tokens of a type at most.
    """

    window: int
    facts: int
    most_sites: int
    most_tokens: int
    hypotheses: int = 4
    windows: int = 16
    longest: int = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFile:
    """A file whose types are wanted.

    Attributes:
        document: Its words and marks.
        names: Its type names.
        places: First byte of each site.
        more: Further names, from other files, that can be imported.
        notes: What else is read of sites.
    """

    document: Document
    names: Sequence[TypeName]
    places: Mapping[int, int]
    more: Mapping[str, Arity] = field(default_factory=dict)
    notes: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """A type for a site.

    Attributes:
        site: Number of the site.
        texts: The best types, best first.
        scores: Log-probability of each among the types that can be said here.
    """

    site: int
    texts: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A window with what it was cut from."""

    window: Window
    file: int
    ids: tuple[int, ...]


class TypeInference:
    """What an encoder-decoder needs besides its weights to be asked for types.

    Args:
        vocabulary: Its tokens.
        lexicon: Types of the language and its libraries.
        reading: How it reads.

    Raises:
        ExpertError: The tokens are not those of types.
    """

    def __init__(self, vocabulary: TypeVocabulary, lexicon: Lexicon, reading: Reading) -> None:
        self._vocabulary = vocabulary
        self._lexicon = lexicon
        self._reading = reading
        self._shared = SharedWords(vocabulary, lexicon)
        self._prompter = Prompter(vocabulary, most_tokens=reading.most_tokens, facts=reading.facts)

    def infer(self, model: Seq2Seq, files: Sequence[AskedFile]) -> list[list[Inferred]]:
        """Return types for the marks of files, in the order of the marks.

        Args:
            model: Trained for it.
            files: What is asked.
        """
        asked = [one for number, file in enumerate(files) for one in self._windows(file, number)]
        asked.sort(key=lambda one: (len(one.window.marks), len(one.ids)), reverse=True)
        found: list[dict[int, Inferred]] = [{} for _ in files]
        grammars = _Grammars(self._vocabulary, self._lexicon, self._shared)
        for start in range(0, len(asked), self._reading.windows):
            some = asked[start : start + self._reading.windows]
            for one, answers in zip(
                some, self._answered(model, some, files, grammars), strict=True
            ):
                found[one.file].update((answer.site, answer) for answer in answers)
        return [
            [own[mark.site] for mark in file.document.marks if mark.site in own]
            for file, own in zip(files, found, strict=True)
        ]

    def _windows(self, file: AskedFile, number: int) -> list[_Asked]:
        reading = self._reading
        return [
            _Asked(
                window=window,
                file=number,
                ids=self._prompter.input(
                    window,
                    file.document,
                    names_at(file.names, file.document.starts[window.first]),
                    file.notes,
                ),
            )
            for window in windows_of(
                file.document,
                self._vocabulary,
                size=reading.window,
                most_sites=reading.most_sites,
            )
            if window.marks
        ]

    def _answered(
        self,
        model: Seq2Seq,
        asked: Sequence[_Asked],
        files: Sequence[AskedFile],
        grammars: "_Grammars",
    ) -> list[list[Inferred]]:
        """Answer windows together: as many lines for each as the first, which has the most."""
        width, most = len(asked[0].window.marks), self._reading.hypotheses
        lines = [(one, turn % len(one.window.marks)) for one in asked for turn in range(width)]
        found = beam(
            model,
            source_batch([one.ids for one in asked], model.config),
            beams=most,
            answers=most,
            constraints=[
                grammars.at(files, one.file, one.window.marks[turn]) for one, turn in lines
            ],
            prompts=[
                [self._vocabulary.sentinels[one.window.sentinels[turn]]] for one, turn in lines
            ],
            most_tokens=min(self._reading.longest, model.config.max_target_tokens),
            whole=True,
        )
        return [
            [
                self._inferred(site, found[row * width + turn])
                for turn, site in enumerate(one.window.marks)
            ]
            for row, one in enumerate(asked)
        ]

    def _inferred(self, site: int, hypotheses: Sequence[Hypothesis]) -> Inferred:
        return Inferred(
            site=site,
            texts=tuple(self._vocabulary.text(one.tokens[:-1]) for one in hypotheses),
            scores=tuple(one.log_probability for one in hypotheses),
        )


class _Grammars:
    """The grammars of places; those at which the same can be said share one."""

    def __init__(self, vocabulary: TypeVocabulary, lexicon: Lexicon, shared: SharedWords) -> None:
        self._tools = (vocabulary, lexicon, shared)
        self._known: dict[tuple[int, frozenset[tuple[str, Arity]]], TypeGrammar] = {}

    def at(self, files: Sequence[AskedFile], number: int, site: int) -> TypeGrammar:
        """Return the grammar of a site of a file."""
        file = files[number]
        own = frozenset(names_at(file.names, file.places[site]).items())
        known = self._known.get((number, own))
        if known is None:
            known = TypeGrammar(*self._tools, {**file.more, **dict(own)})
            self._known[number, own] = known
        return known
