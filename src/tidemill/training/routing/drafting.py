"""A learnt router becomes an expert."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tidemill.experts.encodings import Storage, encoding
from tidemill.experts.manifest import Metric, Training
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft
from tidemill.models.ngrams import FEATURES
from tidemill.models.routing import RouterConfig, TextRouter, router_config
from tidemill.training.routing.learning import LearntCategories, RouterRecipe
from tidemill.training.routing.mapping import Confidences, ExpertMap

__all__ = ["confidences_of", "refitted", "router_config_of", "router_draft", "text_router"]

TABLE = Storage(encoding="int8-rows")
"""How a table is kept."""


def text_router(learnt: LearntCategories, config: RouterConfig) -> TextRouter:
    """Return what was learnt, ready to be asked, its table rounded as it will be stored.

    Args:
        learnt: Of `learn_categories`.
        config: Its shape and map.
    """
    kind = encoding(TABLE.encoding)
    stored = kind.encode(np.ascontiguousarray(learnt.table, dtype=np.float32), TABLE.dtype)
    return TextRouter(
        config=config,
        space=learnt.space,
        table=_Dense(kind.decode(stored, learnt.table.shape)),
        weight=learnt.weight,
        bias=learnt.bias,
    )


def confidences_of(
    learnt: LearntCategories, recipe: RouterRecipe, texts: Sequence[str]
) -> Confidences:
    """Return how likely each text belongs to each category, before anybody answers for one.

    Args:
        learnt: Of `learn_categories`.
        recipe: How they were learnt.
        texts: Any.
    """
    places = np.arange(len(learnt.bias))
    config = router_config_of(
        learnt,
        recipe,
        answers="",
        categories=[str(place) for place in places],
        experts=[str(place) for place in places],
        fitted=ExpertMap(experts=places, default=0, least_confidence=0.0),
    )
    return text_router(learnt, config).confidences(texts)


class _Dense:
    """A table that is there as float32."""

    def __init__(self, table: np.ndarray) -> None:
        self._table = table

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self._table.shape

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Return some rows."""
        found: np.ndarray = self._table[places]
        return found


def router_config_of(
    learnt: LearntCategories,
    recipe: RouterRecipe,
    *,
    answers: str,
    categories: Sequence[str],
    experts: Sequence[str],
    fitted: ExpertMap,
) -> RouterConfig:
    """Return the config of a router.

    Args:
        learnt: Its categories.
        recipe: How they were learnt.
        answers: The task whose experts it knows.
        categories: Their names.
        experts: The names that the map's places stand for.
        fitted: The map.
    """
    return RouterConfig(
        answers=answers,
        categories=tuple(categories),
        experts=tuple(experts[int(place)] for place in fitted.experts),
        default=experts[fitted.default],
        least_confidence=fitted.least_confidence,
        temperature=learnt.temperature,
        features=len(learnt.space),
        vector_size=recipe.vector_size,
        longest=recipe.longest,
        reads=recipe.reads,
    )


def router_draft(
    name: str,
    learnt: LearntCategories,
    config: RouterConfig,
    *,
    training: Training,
    metrics: tuple[Metric, ...],
    about: str,
) -> ExpertDraft:
    """Return a router as an expert that can be packed: its table in 8 bits.

    Args:
        name: ``routing-<scope>``.
        learnt: Its categories.
        config: Its shape and map.
        training: How it was learnt.
        metrics: What was measured.
        about: What its card says besides.
    """
    tensors = {
        "table.weight": np.ascontiguousarray(learnt.table, dtype=np.float32),
        "head.weight": np.ascontiguousarray(learnt.weight, dtype=np.float32),
        "head.bias": np.ascontiguousarray(learnt.bias, dtype=np.float32),
    }
    return ExpertDraft(
        name=name,
        task="routing",
        architecture="router",
        config=config.to_dict(),
        tensors=tensors,
        storage={"table.weight": TABLE},
        texts={FEATURES: learnt.space.to_json()},
        licence="Apache-2.0",
        metrics=metrics,
        training=training,
        about=about,
    )


def refitted(
    package: ExpertPackage, fitted: ExpertMap, experts: Sequence[str]
) -> Mapping[str, object]:
    """Return a router's config with another map; nothing is learnt anew.

    Args:
        package: The router.
        fitted: The map, over the router's own categories.
        experts: The names that its places stand for.

    Raises:
        ExpertError: The package is no router.
    """
    config = router_config(package.config)
    return replace(
        config,
        experts=tuple(experts[int(place)] for place in fitted.experts),
        default=experts[fitted.default],
        least_confidence=fitted.least_confidence,
    ).to_dict()
