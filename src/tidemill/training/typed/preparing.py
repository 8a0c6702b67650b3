"""A recipe for types and its set become what the loop runs."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.executor import Executor, InlineExecutor, Resources
from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.processes import ProcessExecutor
from tidemill.core.randomness import stream
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.corpus.typed.packed import labelled_files_of
from tidemill.models.seq2seq.config import SIZES, Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.confidence import Calibration
from tidemill.models.typed.inference import TypeInference
from tidemill.models.typed.scope import LEXICON, Lexicon
from tidemill.models.typed.vocabulary import TypeVocabulary, train_vocabulary
from tidemill.training.chance import Chance
from tidemill.training.columns import Ragged, ragged
from tidemill.training.kept import kept
from tidemill.training.loop import StagePlan
from tidemill.training.making import Workplace
from tidemill.training.objectives.types import TypeObjective
from tidemill.training.recipe import Recipe
from tidemill.training.sampling import LanguagePlan, LengthPlan
from tidemill.training.trainees.types import TypeTrainee
from tidemill.training.typed.counting import lexicon_of, renamer_of
from tidemill.training.typed.measuring import Judged, judged_types, type_measure
from tidemill.training.typed.reading import TypedShape, learnt_files, read_windows

__all__ = ["prepared_types"]

OBJECTIVE = "types"
VERSION = 2
"""Raised whenever the same files would be read as other numbers."""

VOCABULARY_FILES = 2_000
"""Files that a vocabulary is learnt from; more change few of its entries."""

NO_IDS = np.zeros(0, np.int32)


def prepared_types(
    recipe: Recipe, packed: PackedCorpus, place: Workplace
) -> tuple[TypeTrainee, list[StagePlan]]:
    """Return a recipe's encoder-decoder with its windows, and its stages.

    Raises:
        InputError: The set is none of types, or the recipe says what is not for types.
    """
    _check(recipe, place)
    parts = {split: [*labelled_files_of(packed, split)] for split in ("train", "valid")}
    if not parts["train"]:
        raise InputError("the set has no file to learn from", path=str(packed.folder))
    lexicon = lexicon_of(parts["train"])
    # The first process learns the tokenizer and reads the files; the others find both.
    place.team.wait(for_first=True)
    tokenizer = _tokenizer(recipe, parts["train"], place)
    vocabulary = TypeVocabulary(Tokenizer.load(tokenizer))
    shape = _shape(recipe)
    _check_room(shape, vocabulary)
    arrays = _windows(recipe, parts["train"], place, lexicon=lexicon, tokenizer=tokenizer)
    place.team.wait(for_first=False)
    first = Chance(seed=recipe.seed, stage=-1, step=0)
    network = Seq2Seq(_config(recipe, vocabulary), first.torch("seq2seq"))
    inference = TypeInference(vocabulary, lexicon, shape.reading)
    judge = functools.partial(judged_types, network, inference, parts["valid"], recipe.seed)
    trainee = TypeTrainee(
        network,
        inputs=_column(arrays, "inputs"),
        answers=_column(arrays, "answers"),
        newline=vocabulary.newline,
        texts={"tokenizer.json": tokenizer.read_text(encoding="utf-8"), LEXICON: lexicon.to_json()},
        facts=functools.partial(_facts, shape, judge),
        device=place.team.device,
    )
    measure = functools.partial(type_measure, trainee.model, inference, parts["valid"], recipe.seed)
    return trainee, [
        _planned(recipe, number, trainee, measure) for number in range(len(recipe.stages))
    ]


def _facts(shape: TypedShape, judge: Callable[[], list[Judged]]) -> dict[str, object]:
    """Return what an expert's config says besides: how it reads, and how sure it may be."""
    with torch.inference_mode():
        judged = [one for one in judge() if one.score is not None]
    curve = Calibration.fitted(
        [one.score for one in judged if one.score is not None], [one.exact for one in judged]
    )
    return {
        "window": shape.window,
        "facts": shape.facts,
        "most_sites": shape.most_sites,
        "calibration": [curve.slope, curve.intercept],
    }


def _shape(recipe: Recipe) -> TypedShape:
    spec = recipe.model
    return TypedShape(
        window=spec.window,
        facts=spec.facts,
        most_tokens=spec.max_tokens,
        most_sites=spec.most_sites,
        most_answer=spec.max_target_tokens,
    )


def _config(recipe: Recipe, vocabulary: TypeVocabulary) -> Seq2SeqConfig:
    """Return the model's shape.

    Raises:
        InputError: There is no such size.
    """
    spec = recipe.model
    if spec.size not in SIZES:
        raise InputError(
            f"size {spec.size} is none of an encoder-decoder", hint=f"Known: {', '.join(SIZES)}"
        )
    return Seq2SeqConfig(
        vocab_size=vocabulary.size,
        **SIZES[spec.size],
        bos_token_id=vocabulary.bos,
        eos_token_id=vocabulary.eos,
        decoder_start_token_id=vocabulary.bos,
        dropout_rate=spec.token_dropout,
        max_tokens=spec.max_tokens,
        max_target_tokens=spec.max_target_tokens,
        mirrors_prompts=True,
    )


def _windows(
    recipe: Recipe,
    rows: Sequence[LabelledFile],
    place: Workplace,
    *,
    lexicon: Lexicon,
    tokenizer: Path,
) -> Mapping[str, NDArray[np.generic]]:
    """Return the windows of all files, read now or earlier."""
    shape = _shape(recipe)
    read = functools.partial(
        read_windows,
        tokenizer=tokenizer,
        shape=shape,
        renamer=renamer_of(rows, lexicon),
        copies=recipe.rewrites,
        seed=recipe.seed,
    )
    key = repr((VERSION, place.corpus_hash, tokenizer.name, shape, recipe.rewrites))
    return kept(place.folder, "windows", key, lambda: _encoded(rows, read, place))


def _check(recipe: Recipe, place: Workplace) -> None:
    """Refuse what is not for types."""
    if recipe.model.kind != "seq2seq":
        raise InputError(
            f"a model of kind {recipe.model.kind} writes no types", hint='kind = "seq2seq"'
        )
    if place.start is not None:
        raise InputError("a model of kind seq2seq begins from scratch", hint="Leave --start away.")
    for stage in recipe.stages:
        for name in stage.objectives:
            if name != OBJECTIVE:
                hint = f'objectives = ["{OBJECTIVE}"]'
                raise InputError(f"the objective {name} is not for types", hint=hint)


def _check_room(shape: TypedShape, vocabulary: TypeVocabulary) -> None:
    """Refuse windows that would be cut before they are read."""
    needed = len(vocabulary.preamble) + shape.window + 2
    if needed > shape.most_tokens:
        raise InputError(
            f"windows of {shape.window} tokens are inputs of {needed}, and the model reads"
            f" {shape.most_tokens}",
            hint=f"max_tokens = {needed}, or a smaller window",
        )


def _tokenizer(recipe: Recipe, rows: Sequence[LabelledFile], place: Workplace) -> Path:
    """Return the run's tokenizer, learnt from what is to be learnt from."""
    size = recipe.model.vocab_size
    read = repr((VERSION, place.corpus_hash, size))
    path = place.folder / f"tokenizer-{content_hash(read.encode())[:16]}.json"
    if not path.exists():
        model = train_vocabulary(_texts(rows, recipe.seed), size=size)
        write_atomically(path, model.to_json().encode())
    return path


def _texts(rows: Sequence[LabelledFile], seed: int) -> Iterator[str]:
    """Yield the words of files of some packages, with their types between them."""
    packages = _packages(rows)
    stream(seed, "vocabulary").shuffle(packages)
    files = 0
    for own in packages:
        if files >= VOCABULARY_FILES:
            return
        files += len(own)
        for _, learnt in learnt_files(own, seed=seed):
            yield " ".join(["", *learnt.document.words])
            for facts in (learnt.answers, learnt.uses):
                yield " ".join(["", *(word for words in facts.values() for word in words)])


def _packages(rows: Sequence[LabelledFile]) -> list[list[LabelledFile]]:
    """Return the files of each package."""
    found: dict[str, list[LabelledFile]] = {}
    for row in rows:
        found.setdefault(row.file.package, []).append(row)
    return [*found.values()]


def _encoded(
    rows: Sequence[LabelledFile],
    read: "functools.partial[list[tuple[NDArray[np.int32], NDArray[np.int32]]]]",
    place: Workplace,
) -> dict[str, NDArray[np.generic]]:
    """Read files over processes, package by package."""
    executor: Executor = InlineExecutor() if place.readers == 1 else ProcessExecutor(in_order=True)
    packages = _packages(rows)
    pairs, done = [], 0
    for outcome in executor.map(read, packages, resources=Resources(workers=place.readers)):
        if outcome.error is not None:
            raise InputError(f"files could not be read: {outcome.error.message}")
        pairs += outcome.unwrap()
        done += len(outcome.shard)
        place.progress.advance(done, len(rows), "reading files")
    columns = {"inputs": [pair[0] for pair in pairs], "answers": [pair[1] for pair in pairs]}
    found: dict[str, NDArray[np.generic]] = {}
    for name, parts in columns.items():
        column = ragged(parts, NO_IDS)
        found |= {f"{name}.values": column.values, f"{name}.offsets": column.offsets}
    return found


def _column(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Ragged:
    return Ragged(
        values=arrays[f"{name}.values"], offsets=arrays[f"{name}.offsets"].astype(np.int64)
    )


def _planned(
    recipe: Recipe, number: int, trainee: TypeTrainee, measure: Callable[[], dict[str, float]]
) -> StagePlan:
    stage = recipe.stages[number]
    rows = {"windows": np.arange(trainee.count, dtype=np.int64)}
    plan = LanguagePlan(
        rows, batch=stage.batch, steps=stage.steps, seed=(recipe.seed, f"stage {number}")
    )
    return StagePlan(
        stage=stage,
        plan=LengthPlan(plan, trainee.lengths),
        objectives={OBJECTIVE: TypeObjective(trainee, smoothing=stage.label_smoothing)},
        alternating={},
        measure=measure,
    )
