"""What type inference is measured with on the valid part, while it trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from tidemill.core.randomness import stream
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.metrics.types.canonical import canonical, head
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.document import document_of
from tidemill.models.typed.hints import notes_of
from tidemill.models.typed.inference import AskedFile, TypeInference
from tidemill.models.typed.memory import NameMemory
from tidemill.models.typed.scope import sayable_names
from tidemill.models.typed.uses import SitedFile, Uses, uses_of
from tidemill.training.typed.files import sited_file

__all__ = ["Judged", "asked_files", "judged_types", "type_measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A type that was inferred, beside the one that its author wrote.

    Attributes:
        exact: Whether they are the same.
        head: Whether their heads are.
        score: Log-probability of the inferred one; None where nothing was.
    """

    exact: bool
    head: bool
    score: float | None


MOST_FILES = 60
"""Files of the valid part that a measurement draws."""


def type_measure(
    model: Seq2Seq,
    tools: tuple[TypeInference, NameMemory],
    rows: Sequence[LabelledFile],
    seed: int,
) -> dict[str, float]:
    """Return the share of written types that are inferred exactly, and of their heads.

    Args:
        model: What is measured.
        tools: What it is asked with, and what it remembers of names.
        rows: The valid part.
        seed: Of the draw where there are more than 60 files.
    """
    judged = judged_types(model, tools, rows, seed)
    if not judged:
        return {}
    return {
        "exact": sum(one.exact for one in judged) / len(judged),
        "head": sum(one.head for one in judged) / len(judged),
    }


def judged_types(
    model: Seq2Seq,
    tools: tuple[TypeInference, NameMemory],
    rows: Sequence[LabelledFile],
    seed: int,
) -> list[Judged]:
    """Return for the written types of a drawn part of the files what is inferred.

    Args:
        model: What is measured.
        tools: What it is asked with, and what it remembers of names.
        rows: The valid part.
        seed: Of the draw where there are more than 60 files.
    """
    inference, memory = tools
    drawn = sorted(stream(seed, "measure").sample(range(len(rows)), min(MOST_FILES, len(rows))))
    pairs = [pair for place, pair in enumerate(asked_files(rows, memory)) if place in drawn]
    with torch.inference_mode():
        answers = inference.infer(model, [asked for asked, _ in pairs])
    judged = []
    for (_, wanted), own in zip(pairs, answers, strict=True):
        said = {answer.site: answer for answer in own if answer.texts}
        for site, label in wanted.items():
            answer = said.get(site)
            text = answer.texts[0] if answer else ""
            judged.append(
                Judged(
                    exact=canonical(text) == canonical(label),
                    head=head(text) == head(label),
                    score=answer.scores[0] if answer else None,
                )
            )
    return judged


def asked_files(
    rows: Sequence[LabelledFile], memory: NameMemory
) -> list[tuple[AskedFile, dict[int, str]]]:
    """Return files in which all types that their authors wrote are asked for, and those types.

    Args:
        rows: The files, those of a package side by side; what is known of how sites are used
            comes from these files alone.
        memory: What names were elsewhere.
    """
    found = []
    for _, own in groupby(rows, lambda row: row.file.package):
        some = [*own]
        files = [sited_file(row) for row in some]
        uses = uses_of(files)
        found += [
            _asked(row, file, uses[file.path], memory)
            for row, file in zip(some, files, strict=True)
        ]
    return found


def _asked(
    row: LabelledFile, file: SitedFile, uses: Uses, memory: NameMemory
) -> tuple[AskedFile, dict[int, str]]:
    labels = {(label.kind, label.start): label.label for label in row.sites if label.user}
    wanted = {
        number: labels[site.kind, site.place.start]
        for number, site in enumerate(file.sites)
        if (site.kind, site.place.start) in labels
    }
    names = sayable_names(file.tree)
    asked = AskedFile(
        document=document_of(file.tree, file.sites, [*wanted]),
        names=names,
        places={number: file.sites[number].place.start for number in wanted},
        notes=notes_of(file, wanted, names, uses, memory),
    )
    return asked, wanted
