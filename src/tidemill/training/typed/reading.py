"""Labelled files become windows and answers in numbers."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.randomness import stream
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.metrics.types.canonical import canonical
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.document import Document, document_of
from tidemill.models.typed.hints import notes_of
from tidemill.models.typed.inference import Reading
from tidemill.models.typed.memory import Counts, NameMemory
from tidemill.models.typed.prompt import Prompter
from tidemill.models.typed.scope import names_at, sayable_names
from tidemill.models.typed.uses import uses_of
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.models.typed.windows import answer_of, windows_of
from tidemill.models.typed.wording import type_words
from tidemill.source.annotations.scope import TypeName
from tidemill.source.annotations.site import TypeSite
from tidemill.training.typed.files import sited_file
from tidemill.training.typed.renaming import Renamer, renamed

__all__ = [
    "LearntFile",
    "TypedShape",
    "answered_windows",
    "learnt_files",
    "read_windows",
]

KNOWN_SHARE = 0.25
"""Share of the sites that the compiler knows anyway which are learnt from."""

EMPTY_EVERY = 20

LONGEST_ANSWER = 24
"""Words of a type that is learnt."""

Encoded = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedShape:
    """How windows are cut.

    Attributes:
        window: Tokens in a window.
        facts: Tokens of facts before it.
        most_tokens: Tokens of an input in all.
        most_sites: Sentinels of a window.
        most_answer: Tokens of an answer.
    """

    window: int
    facts: int
    most_tokens: int
    most_sites: int
    most_answer: int

    @property
    def reading(self) -> Reading:
        """How an expert reads that was trained so."""
        return Reading(
            window=self.window,
            facts=self.facts,
            most_sites=self.most_sites,
            most_tokens=self.most_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntFile:
    """A labelled file, read.

    Attributes:
        document: Its words and marks.
        answers: For each mark's site, the words of its type.
        names: The type names of the file.
        notes: What else is read of its sites.
    """

    document: Document
    answers: Mapping[int, Sequence[str]]
    names: Sequence[TypeName]
    notes: Mapping[int, Sequence[str]]


def learnt_files(
    rows: Sequence[LabelledFile], memory: NameMemory, *, seed: int
) -> list[tuple[str, LearntFile]]:
    """Read the labelled files of a package, each with its id; those without a label are left out.

    Asked is what authors wrote, what the compiler cannot say by itself, and of the rest some.

    Args:
        rows: The files.
        memory: What names were in other families.
        seed: Of the draw.
    """
    files = [sited_file(row) for row in rows]
    uses = uses_of(files)
    found = []
    for row, file in zip(rows, files, strict=True):
        answers = _answers(row, file.sites, seed)
        if answers:
            names = sayable_names(file.tree)
            learnt = LearntFile(
                document=document_of(file.tree, file.sites, [*answers]),
                answers=answers,
                names=names,
                notes=notes_of(file, answers, names, uses[file.path], memory),
            )
            found.append((row.file.id, learnt))
    return found


def _answers(row: LabelledFile, sites: Sequence[TypeSite], seed: int) -> dict[int, list[str]]:
    labels = {(label.kind, label.start): label for label in row.sites}
    chance = stream(seed, "sites", row.file.id)
    answers: dict[int, list[str]] = {}
    for number, site in enumerate(sites):
        label = labels.get((site.kind, site.place.start))
        if label is None:
            continue
        is_open = label.user or label.compiler in {"any", "any[]", ""}
        words = type_words(canonical(label.label))
        if len(words) <= LONGEST_ANSWER and (is_open or chance.random() < KNOWN_SHARE):
            answers[number] = words
    return answers


def read_windows(  # noqa: PLR0913  all but the package by name
    package: tuple[Sequence[LabelledFile], Counts],
    *,
    memory: NameMemory,
    tokenizer: Path,
    shape: TypedShape,
    renamer: Renamer,
    copies: int,
    seed: int,
) -> list[Encoded]:
    """Return inputs and answers of the windows of a package's files; what a worker does.

    Args:
        package: The files, and what their family has told the memory.
        memory: What names were.
        tokenizer: A ``tokenizer.json``.
        shape: How windows are cut.
        renamer: Makes copies differ.
        copies: Of each file besides the file as it is.
        seed: Of the draws.
    """
    vocabulary = _loaded(tokenizer)
    encoded: list[Encoded] = []
    rows, own_counts = package
    for identity, learnt in learnt_files(rows, memory.without(own_counts), seed=seed):
        encoded += answered_windows(learnt, vocabulary, shape)
        own = [name.name for name in learnt.names if name.kind != "parameter"]
        for copy in range(copies):
            changes = renamer.chosen(own, stream(seed, "names", identity, str(copy)))
            encoded += answered_windows(_renamed(learnt, changes), vocabulary, shape)
    return encoded


def answered_windows(
    learnt: LearntFile, vocabulary: TypeVocabulary, shape: TypedShape
) -> list[Encoded]:
    """Return inputs and answers of a file's windows.

    Args:
        learnt: The file.
        vocabulary: Whose tokens.
        shape: How windows are cut.
    """
    prompter = Prompter(vocabulary, most_tokens=shape.most_tokens, facts=shape.facts)
    document = learnt.document
    found = []
    windows = windows_of(document, vocabulary, size=shape.window, most_sites=shape.most_sites)
    for number, window in enumerate(windows):
        # Nobody asks about a window that wants nothing; a few keep the answer known.
        if not window.marks and number % EMPTY_EVERY:
            continue
        answer = answer_of(window, [learnt.answers[site] for site in window.marks], vocabulary)
        names = names_at(learnt.names, document.starts[window.first])
        ids = prompter.input(window, document, names, learnt.notes)
        wanted = (*answer[: shape.most_answer - 1], vocabulary.eos)
        found.append((np.array(ids, np.int32), np.array(wanted, np.int32)))
    return found


def _renamed(learnt: LearntFile, changes: Mapping[str, str]) -> LearntFile:
    document = learnt.document
    return LearntFile(
        document=Document(
            words=renamed(document.words, changes), starts=document.starts, marks=document.marks
        ),
        answers={site: renamed(words, changes) for site, words in learnt.answers.items()},
        names=[replace(name, name=_with_qualifiers(name.name, changes)) for name in learnt.names],
        notes={site: renamed(words, changes) for site, words in learnt.notes.items()},
    )


def _with_qualifiers(name: str, changes: Mapping[str, str]) -> str:
    return ".".join(renamed(name.split("."), changes))


@functools.lru_cache(maxsize=2)
def _loaded(tokenizer: Path) -> TypeVocabulary:
    return TypeVocabulary(Tokenizer.load(tokenizer))
