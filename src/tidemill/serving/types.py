"""Asking an expert for the types of files."""

from collections.abc import Sequence
from functools import partial

import torch

from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.confidence import Calibration
from tidemill.models.typed.document import document_of
from tidemill.models.typed.hints import notes_of
from tidemill.models.typed.inference import AskedFile, Inferred, Reading, TypeInference
from tidemill.models.typed.memory import MEMORY, NameMemory
from tidemill.models.typed.scope import LEXICON, Lexicon, sayable_names
from tidemill.models.typed.uses import SitedFile, uses_of
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.serving.lexicons import tokenizer_of
from tidemill.serving.skeletons import skeleton_for
from tidemill.serving.type_questions import TypeAnswer, TypeQuestion
from tidemill.serving.weights import weights_of
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

__all__ = ["TypeExpert"]

SIZES = ("window", "facts", "most_sites", "max_tokens")
MOST = 65_536
STEEPEST = 1e6
"""Of a curve of confidence, whose fitted numbers are of one or two digits."""

ALONE = "file.ts"


class TypeExpert:
    """An encoder-decoder that writes types, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: A part of it is missing, or the parts do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        config = seq2seq_config(package.config)
        weights = weights_of(package)
        self._skeleton = skeleton_for(
            package, weights, partial(Seq2Seq, config), Seq2Seq.join_products
        )
        self._filling = self._skeleton.filling(weights)
        self._calibration = _calibration(package)
        self._memory = NameMemory.from_json(package.read(MEMORY))
        self._inference = TypeInference(
            TypeVocabulary(tokenizer_of(package)),
            Lexicon.from_json(package.read(LEXICON)),
            _reading(package),
        )

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        return self._filling.bytes_held

    def close(self) -> None:
        """Let go of the weights."""
        self._skeleton.forget(self._filling)

    def types(self, questions: Sequence[TypeQuestion]) -> list[tuple[TypeAnswer, ...]]:
        """Return for each file the types of its sites."""
        files = [_asked(question, self._memory) for question in questions]
        with torch.inference_mode(), self._skeleton.holding(self._filling) as model:
            found = self._inference.infer(model, files)
        return [tuple(map(self._answer, own)) for own in found]

    def _answer(self, inferred: Inferred) -> TypeAnswer:
        sure = self._calibration.confidence
        return TypeAnswer(
            site=inferred.site,
            types=inferred.texts,
            confidences=tuple(round(sure(score), 4) for score in inferred.scores),
        )


def _asked(question: TypeQuestion, memory: NameMemory) -> AskedFile:
    language = LANGUAGES.get(question.language, LANGUAGES["typescript"])
    tree = parse(question.text, language)
    sites = sites_of(tree)
    asked = [number for number in question.sites if 0 <= number < len(sites)]
    file = SitedFile(path=ALONE, tree=tree, sites=sites)
    uses = question.uses
    if uses is None:
        uses = uses_of([file])[ALONE]
    names = sayable_names(tree)
    return AskedFile(
        document=document_of(tree, sites, asked),
        names=names,
        places={number: sites[number].place.start for number in asked},
        more=question.more,
        notes=notes_of(file, asked, names, uses, memory),
    )


def _reading(package: ExpertPackage) -> Reading:
    window, facts, sites, tokens = (_size(package, name) for name in SIZES)
    return Reading(window=window, facts=facts, most_sites=sites, most_tokens=tokens)


def _size(package: ExpertPackage, name: str) -> int:
    size = package.config.get(name)
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST:
        raise ExpertError(f"{package.folder}: config.json names no {name}")
    return size


def _calibration(package: ExpertPackage) -> Calibration:
    curve = package.config.get("calibration", [1.0, 0.0])
    numbers = curve if isinstance(curve, list) else []
    if len(numbers) != 2 or not all(map(_is_finite, numbers)):
        raise ExpertError(f"{package.folder}: config.json has no curve of confidence")
    return Calibration(slope=float(numbers[0]), intercept=float(numbers[1]))


def _is_finite(number: object) -> bool:
    return isinstance(number, int | float) and -STEEPEST <= number <= STEEPEST
