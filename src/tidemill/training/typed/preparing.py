"""A recipe for types and its set become what the loop runs."""

import functools
from collections.abc import Callable

import numpy as np
import torch

from tidemill.core.errors import InputError
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.typed.packed import labelled_files_of
from tidemill.models.seq2seq.config import SIZES, Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.confidence import Calibration
from tidemill.models.typed.inference import TypeInference
from tidemill.models.typed.memory import MEMORY
from tidemill.models.typed.scope import LEXICON
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.training.chance import Chance
from tidemill.training.loop import StagePlan
from tidemill.training.making import Workplace
from tidemill.training.objectives.types import TypeObjective
from tidemill.training.recipe import Recipe
from tidemill.training.sampling import LanguagePlan, LengthPlan
from tidemill.training.trainees.types import TypeTrainee
from tidemill.training.typed.lessons import Lessons
from tidemill.training.typed.measuring import Judged, judged_types, type_measure
from tidemill.training.typed.reading import TypedShape

__all__ = ["prepared_types"]

OBJECTIVE = "types"


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
    shape = _shape(recipe)
    # The first process reads the files; the others find what it made of them.
    place.team.wait(for_first=True)
    lessons = Lessons(recipe, parts["train"], place)
    tokenizer = lessons.tokenizer()
    vocabulary = TypeVocabulary(Tokenizer.load(tokenizer))
    _check_room(shape, vocabulary)
    windows = lessons.windows(shape)
    place.team.wait(for_first=False)
    first = Chance(seed=recipe.seed, stage=-1, step=0)
    network = Seq2Seq(_config(recipe, vocabulary), first.torch("seq2seq"))
    inference = TypeInference(vocabulary, lessons.lexicon, shape.reading)
    tools = (inference, lessons.memory)
    judge = functools.partial(judged_types, network, tools, parts["valid"], recipe.seed)
    trainee = TypeTrainee(
        network,
        inputs=windows.inputs,
        answers=windows.answers,
        newline=vocabulary.newline,
        texts={
            "tokenizer.json": tokenizer.read_text(encoding="utf-8"),
            LEXICON: lessons.lexicon.to_json(),
            MEMORY: lessons.memory.to_json(),
        },
        facts=functools.partial(_facts, shape, judge),
        device=place.team.device,
    )
    measure = functools.partial(type_measure, trainee.model, tools, parts["valid"], recipe.seed)
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
        neighbours=spec.neighbours,
    )


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
