"""Learning to tell categories apart: a bag of n-grams, one vector a text, one line a category."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tidemill.core.errors import InputError
from tidemill.core.hashing import content_hash
from tidemill.core.progress import Progress, Silence
from tidemill.models.ngrams import Bag, NgramSpace, count_ngrams
from tidemill.models.routing import Reads, read_text

__all__ = ["Labelled", "LearntCategories", "RouterRecipe", "learn_categories"]

EDITION = "1"
"""Part of a recipe's hash: new whenever the same recipe would give other weights."""

TEMPERATURES = np.geomspace(0.2, 5.0, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Texts with the category of each.

    Attributes:
        texts: The texts.
        labels: Places in the list of categories.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels) or not self.texts:
            raise InputError(f"{len(self.texts)} texts and {len(self.labels)} labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterRecipe:
    """How a router is learnt.

    Attributes:
        reads: How texts become tokens.
        longest: Tokens in the longest n-gram.
        least: Texts in which an n-gram occurs at least.
        features: N-grams at most.
        vector_size: Columns of the table.
        epochs: Passes over the texts; of few texts as many more as it takes to come to `updates`.
        updates: Updates at least.
        batch: Texts in an update.
        learning_rate: Of Adam, falling in a straight line to zero.
        dropout: Share of a text's features that an update does not see.
        seed: Of everything drawn by chance.
    """

    reads: Reads = "words"
    longest: int = 1
    least: int = 2
    features: int = 1 << 15
    vector_size: int = 64
    epochs: int = 12
    updates: int = 0
    batch: int = 128
    learning_rate: float = 5e-3
    dropout: float = 0.3
    seed: int = 0

    @property
    def hash(self) -> str:
        """Names everything that decides what is learnt from the same texts."""
        return content_hash(repr((EDITION, sorted(asdict(self).items()))).encode())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntCategories:
    """What was learnt.

    Attributes:
        space: Features.
        table: A row for each.
        weight: Of the categories.
        bias: Of the categories.
        temperature: By which logits are divided, fitted on the valid part.
        steps: Updates.
    """

    space: NgramSpace
    table: Float[np.ndarray, "features vector"]
    weight: Float[np.ndarray, "categories vector"]
    bias: Float[np.ndarray, " categories"]
    temperature: float
    steps: int


class _Classifier(nn.Module):
    """What learns: `tidemill.models.routing.TextRouter` computes the same in numpy."""

    def __init__(
        self, features: int, categories: int, recipe: RouterRecipe, chance: torch.Generator
    ) -> None:
        super().__init__()
        table = torch.empty(features, recipe.vector_size).normal_(0.0, 0.1, generator=chance)
        self.table: nn.EmbeddingBag = nn.EmbeddingBag.from_pretrained(
            table, freeze=False, mode="sum", sparse=True
        )
        self.head: nn.Linear = nn.Linear(recipe.vector_size, categories)
        with torch.no_grad():
            self.head.weight.normal_(0.0, 0.1, generator=chance)
            self.head.bias.zero_()

    def logits(self, bags: "_Bags") -> Float[Tensor, "texts categories"]:
        found: Tensor = self.head(self.table(bags.features, bags.starts, bags.shares))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bags:
    """Some texts' features, one after the other."""

    features: Int[Tensor, " entries"]
    starts: Int[Tensor, " texts"]
    shares: Float[Tensor, " entries"]


class _Learner:
    """Updates a classifier, with a learning rate that falls in a straight line.

    Args:
        model: What learns.
        rate: Of the first update.
        steps: Updates to come.
    """

    def __init__(self, model: _Classifier, rate: float, steps: int) -> None:
        self._model = model
        # A batch has few of the table's features: only their rows are touched.
        self._optimizers = (
            torch.optim.SparseAdam(model.table.parameters(), lr=rate),
            torch.optim.Adam(model.head.parameters(), lr=rate),
        )
        self._schedules = [
            torch.optim.lr_scheduler.LinearLR(
                optimizer, start_factor=1.0, end_factor=0.01, total_iters=steps
            )
            for optimizer in self._optimizers
        ]

    def update(self, bags: _Bags, labels: Tensor) -> None:
        """Learn from one batch."""
        loss = functional.cross_entropy(self._model.logits(bags), labels)
        self._model.zero_grad()
        torch.autograd.backward(loss)
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()


def learn_categories(
    train: Labelled,
    valid: Labelled,
    categories: int,
    *,
    recipe: RouterRecipe,
    progress: Progress | None = None,
) -> LearntCategories:
    """Learn to tell categories apart.

    Args:
        train: What is learnt from.
        valid: What the temperature is fitted on.
        categories: How many there are.
        recipe: How.
        progress: Told of every pass.

    Raises:
        InputError: No n-gram occurs often enough.
    """
    progress = progress or Silence()
    read = [read_text(text, recipe.reads) for text in train.texts]
    space = count_ngrams(read, longest=recipe.longest, least=recipe.least, most=recipe.features)
    if not len(space):
        raise InputError(f"no word occurs in {recipe.least} texts or more", hint="Give more texts.")
    bags = [space.bag(text) for text in read]
    chance = torch.Generator().manual_seed(recipe.seed)
    model = _Classifier(len(space), categories, recipe, chance)
    labels = torch.tensor(train.labels)
    in_one = math.ceil(len(bags) / recipe.batch)
    epochs = max(recipe.epochs, math.ceil(recipe.updates / in_one))
    steps = in_one * epochs
    learner = _Learner(model, recipe.learning_rate, steps)
    for epoch in range(epochs):
        order = torch.randperm(len(bags), generator=chance).tolist()
        for start in range(0, len(order), recipe.batch):
            places = order[start : start + recipe.batch]
            chosen = _together([bags[place] for place in places], recipe.dropout, chance)
            learner.update(chosen, labels[places])
        progress.advance(epoch + 1, epochs, "passes")
    with torch.inference_mode():
        held = [space.bag(read_text(text, recipe.reads)) for text in valid.texts]
        logits = model.logits(_together(held, 0.0, chance)).numpy()
    return LearntCategories(
        space=space,
        table=model.table.weight.detach().numpy(),
        weight=model.head.weight.detach().numpy(),
        bias=model.head.bias.detach().numpy(),
        temperature=_temperature(logits, np.array(valid.labels)),
        steps=steps,
    )


def _together(bags: Sequence[Bag], dropout: float, chance: torch.Generator) -> _Bags:
    """Put bags one after the other, without some of their features; shares add up to 1."""
    owner = np.repeat(np.arange(len(bags)), [len(bag.features) for bag in bags])
    kept = torch.rand(len(owner), generator=chance).numpy() >= dropout
    features = np.concatenate([bag.features for bag in bags])[kept]
    weights, owner = np.concatenate([bag.weights for bag in bags])[kept], owner[kept]
    sums = np.bincount(owner, weights, minlength=len(bags))
    starts = np.searchsorted(owner, np.arange(len(bags)))
    return _Bags(
        features=torch.from_numpy(features.astype(np.int64)),
        starts=torch.from_numpy(starts),
        shares=torch.from_numpy((weights / sums[owner]).astype(np.float32)),
    )


def _temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return by what logits are divided so that the labels are likeliest (Guo et al. 2017)."""
    losses = [_loss(logits / temperature, labels) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _loss(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    likely = shifted[np.arange(len(labels)), labels] - np.log(np.exp(shifted).sum(axis=1))
    return float(-likely.mean())
