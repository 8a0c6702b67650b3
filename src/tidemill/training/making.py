"""A recipe's model, with its corpus as it reads it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress
from tidemill.experts.package import ExpertPackage
from tidemill.models.config import SIZES, EncoderConfig, encoder_config
from tidemill.models.convolution import Convolution, ConvolutionConfig, convolution_config
from tidemill.models.encoder import Encoder
from tidemill.models.lexemes import FIRST_ID, lexeme_ids
from tidemill.models.loading import load_encoder, load_weights
from tidemill.models.ngrams import FEATURES, NgramSpace, TokenHashes, count_ngrams
from tidemill.models.tokenizer import Tokenizer
from tidemill.training.assembly import Material
from tidemill.training.bags import BagColumns, bag_columns
from tidemill.training.chance import Chance
from tidemill.training.columns import ragged
from tidemill.training.distributed import Workers
from tidemill.training.encoded import EncodedSet, encode
from tidemill.training.kept import kept
from tidemill.training.recipe import IMAGE_KINDS, Recipe
from tidemill.training.texts import hashed_examples
from tidemill.training.trainees.convolution import ConvolutionTrainee
from tidemill.training.trainees.encoder import EncoderTrainee, Heads
from tidemill.training.trainees.static import StaticNetwork, StaticTrainee
from tidemill.training.trainees.trainee import TextTrainee

__all__ = ["Workplace", "check_shape", "made"]

NO_IDS = np.zeros(0, np.int64)
VERSION = 2
"""Raised whenever the same texts would be read as other numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where a run is made.

    Attributes:
        folder: The run's.
        corpus_hash: Names the corpus.
        team: The processes that train together.
        readers: Processes that read the corpus.
        progress: Told while the corpus is read.
        start: The expert whose weights, and tokenizer if it has one, are gone on with, or None.
    """

    folder: Path
    corpus_hash: str
    team: Workers
    readers: int
    progress: Progress
    start: ExpertPackage | None = None


def made(recipe: Recipe, material: Material, place: Workplace) -> TextTrainee:
    """Return a recipe's model, new or an expert's, and its corpus as it reads it.

    Raises:
        InputError: The expert to start from is of another kind or size, or the model is one
            of images.
    """
    if recipe.model.kind in IMAGE_KINDS:
        raise InputError(
            f"a model of kind {recipe.model.kind} reads images, and {recipe.task} is of code",
            hint='task = "images"',
        )
    if place.start is not None and recipe.model.kind == "static":
        raise InputError("a model of kind static begins from scratch", hint="Leave --start away.")
    if recipe.model.kind == "static":
        return _static(recipe, material, place)
    if recipe.model.kind == "convolution":
        return _convolution(recipe, material, place)
    return _encoder(recipe, material, place)


def _encoder(recipe: Recipe, material: Material, place: Workplace) -> EncoderTrainee:
    spec = recipe.model
    tokenizer = _tokenizer(recipe, material, place)
    config = EncoderConfig(
        vocab_size=Tokenizer.load(tokenizer).vocab_size,
        **SIZES[spec.size],
        max_position_embeddings=spec.max_tokens + 2,
        pooling=spec.pooling,
        projection_size=spec.vector_size,
        max_tokens=spec.max_tokens,
        max_nodes=spec.max_nodes,
        input_mode="graph" if spec.max_nodes else "tokens",
    )
    limits = (spec.max_tokens, spec.max_nodes)
    vocabulary = content_hash(tokenizer.read_bytes())
    arrays = kept(
        place.folder,
        "examples",
        repr((VERSION, place.corpus_hash, recipe.languages, vocabulary, limits, *_made(recipe))),
        lambda: encode(
            material.examples,
            tokenizer,
            limits=limits,
            workers=place.readers,
            progress=place.progress,
        ).arrays(),
    )
    first = Chance(seed=recipe.seed, stage=-1, step=0)
    return EncoderTrainee(
        _started(place.start, config) if place.start else Encoder(config, first.torch("encoder")),
        Heads(config, first.torch("heads")),
        EncodedSet.of(arrays),
        tokenizer=tokenizer.read_text(encoding="utf-8"),
        dropout=spec.token_dropout,
        device=place.team.device,
    )


def _made(recipe: Recipe) -> tuple[object, ...]:
    """Return what decides which examples are made besides those of the corpus."""
    made = (recipe.rewrites and (recipe.rewrites, recipe.seed), recipe.nameless)
    return made if any(made) else ()


def _started(start: ExpertPackage, config: EncoderConfig) -> Encoder:
    """Return an expert's encoder; how many nodes it reads is the recipe's business.

    Raises:
        InputError: It has another size than the recipe says.
    """
    known = encoder_config(start.config)
    known = replace(known, max_nodes=config.max_nodes, input_mode=config.input_mode)
    check_shape(start, known, config)
    tensors = {name: part.to_float32() for name, part in start.tensors.items()}
    return load_encoder(config.to_dict(), tensors).requires_grad_()


def _tokenizer(recipe: Recipe, material: Material, place: Workplace) -> Path:
    """Return the run's tokenizer: that of the start, or learnt from what is to be learnt from.

    Raises:
        InputError: The start has none.
    """
    if place.start is not None:
        known = place.start.tokenizer
        if known is None:
            raise InputError(f"{place.start.name} has no tokenizer", path=str(place.start.folder))
        return known
    size = recipe.model.vocab_size
    read = repr((VERSION, place.corpus_hash, recipe.languages, size, *_made(recipe)))
    path = place.folder / f"tokenizer-{content_hash(read.encode())[:16]}.json"
    if not path.exists():
        learnt = material.examples[: material.learnt]
        texts = (text for example in learnt for text in (example.query, example.code) if text)
        model = Tokenizer.train(texts, vocab_size=size)
        write_atomically(path, model.to_json().encode())
    return path


def _static(recipe: Recipe, material: Material, place: Workplace) -> StaticTrainee:
    spec = recipe.model
    pairs = hashed_examples(
        material.examples, reads=spec.reads, workers=place.readers, progress=place.progress
    )
    learnt: list[TokenHashes] = [text for pair in pairs[: material.learnt] for text in pair]
    space = count_ngrams(learnt, longest=spec.longest, least=spec.least, most=spec.most_features)
    code = bag_columns([pair[0] for pair in pairs], space)
    query = bag_columns([pair[1] for pair in pairs], space)
    first = Chance(seed=recipe.seed, stage=-1, step=0)
    shape = (len(space), spec.vector_size)
    importance = _importance(code, len(space), material.learnt)
    return StaticTrainee(
        space,
        (code, query),
        StaticNetwork(shape, importance, first),
        spec=spec,
        device=place.team.device,
    )


def _convolution(recipe: Recipe, material: Material, place: Workplace) -> ConvolutionTrainee:
    spec = recipe.model
    pairs = hashed_examples(
        material.examples, reads="lexemes", workers=place.readers, progress=place.progress
    )
    texts = [code for code, _ in pairs]
    space = (
        _known_space(place.start)
        if place.start
        else count_ngrams(
            texts[: material.learnt], longest=1, least=spec.least, most=spec.most_features
        )
    )
    ids = ragged([lexeme_ids(text, space)[: spec.max_tokens] for text in texts], NO_IDS)
    config = ConvolutionConfig(
        vocab_size=len(space) + FIRST_ID, vector_size=spec.vector_size, max_tokens=spec.max_tokens
    )
    first = Chance(seed=recipe.seed, stage=-1, step=0)
    network = (
        _started_convolution(place.start, config)
        if place.start
        else Convolution(config, first.torch("convolution"))
    )
    return ConvolutionTrainee(
        space, ids, network, dropout=spec.token_dropout, device=place.team.device
    )


def _known_space(start: ExpertPackage) -> NgramSpace:
    """Return the tokens that an expert knows.

    Raises:
        ExpertError: It has none, or they are damaged.
    """
    return NgramSpace.from_json(start.file(FEATURES).read_bytes())


def _started_convolution(start: ExpertPackage, config: ConvolutionConfig) -> Convolution:
    """Return an expert's convolution.

    Raises:
        InputError: It has another size than the recipe says.
    """
    known = convolution_config(start.config)
    check_shape(start, known, config)
    tensors = {name: part.to_float32() for name, part in start.tensors.items()}
    return load_weights(lambda: Convolution(known), tensors).requires_grad_()


def check_shape(start: ExpertPackage, known: object, wanted: object) -> None:
    """Refuse an expert of another shape than a recipe's.

    Raises:
        InputError: It is of another.
    """
    if known != wanted:
        raise InputError(
            f"{start.name} has another shape than the recipe",
            path=str(start.folder),
            hint=f"The recipe says {wanted}, and the expert is {known}.",
        )


def _importance(columns: BagColumns, features: int, learnt: int) -> NDArray[np.float32]:
    """Return the inverse document frequency of each feature: ln(texts / texts with it)."""
    end = columns.features.offsets[learnt]
    counts = np.bincount(columns.features.values[:end], minlength=features)
    return np.log(learnt / np.maximum(counts, 1)).astype(np.float32)
