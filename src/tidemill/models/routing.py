"""Which category a text belongs to, and which expert answers for the category: two steps.

The classifier learns categories, which stay what they are; the map from category to expert is
chosen by validation scores and is chosen again, without learning anything anew, whenever experts
come or are replaced (Composition of Experts, arXiv 2412.01868: labels of the best expert for each
text by itself are jittery). Where the classifier is not sure, the default answers. Only numpy is
needed, and a decision takes well under a millisecond.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float

from tidemill.core.errors import ExpertError
from tidemill.models.lexemes import query_words
from tidemill.models.ngrams import NgramSpace, TokenHashes, hashed
from tidemill.models.rows import Rows
from tidemill.models.shapes import MOST_CATEGORIES

__all__ = ["Reads", "RouterConfig", "TextRouter", "Verdict", "read_text", "router_config"]

Reads = Literal["words", "marks"]
"""Parts of words with their stems, or words and marks of punctuation as they stand."""

MARKS = re.compile(rb"[^\W\d]\w*|\d+|[^\w\s]{1,3}|\n[ \t]*", re.ASCII)
MOST_MARKS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConfig:
    """The shape of a router, and its map.

    Attributes:
        answers: The task whose experts it knows.
        categories: What it tells apart.
        experts: Who answers for each of them.
        default: Who answers where it is not sure.
        least_confidence: Below it, it is not sure.
        temperature: Logits are divided by it, so that confidences are shares of being right.
        features: Rows of its table.
        vector_size: Columns of its table.
        longest: Tokens in its longest n-gram.
        reads: How texts become tokens.
    """

    answers: str
    categories: tuple[str, ...]
    experts: tuple[str, ...]
    default: str
    least_confidence: float
    temperature: float
    features: int
    vector_size: int
    longest: int
    reads: Reads

    def __post_init__(self) -> None:
        if not 1 <= len(self.categories) <= MOST_CATEGORIES:
            raise ExpertError(f"{len(self.categories)} categories; 1 to {MOST_CATEGORIES} may be")
        if len(self.experts) != len(self.categories):
            raise ExpertError(
                f"{len(self.categories)} categories, and experts for {len(self.experts)}"
            )
        if self.reads not in get_args(Reads):
            raise ExpertError(f"reads is {self.reads!r}; it is one of {', '.join(get_args(Reads))}")
        if not self.temperature > 0 or not 0 <= self.least_confidence <= 1:
            raise ExpertError("temperature is above 0, and least_confidence from 0 to 1")

    def to_dict(self) -> dict[str, object]:
        """Return the facts as ``config.json`` holds them."""
        facts = asdict(self)
        lists = {name: list(facts[name]) for name in ("categories", "experts")}
        return {"model_type": "tidemill-router", **facts, **lists}


def router_config(facts: Mapping[str, object]) -> RouterConfig:
    """Read a router's config.

    Args:
        facts: The parsed ``config.json``.

    Raises:
        ExpertError: A field is missing, unknown or of the wrong kind.
    """
    given: dict[str, Any] = {name: value for name, value in facts.items() if name != "model_type"}
    for name in ("categories", "experts"):
        value = given.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ExpertError(f"config.json: {name} is no list of names")
        given[name] = tuple(value)
    for name, kinds in (
        ("answers", str),
        ("default", str),
        ("least_confidence", (int, float)),
        ("temperature", (int, float)),
        ("longest", int),
    ):
        if isinstance(given.get(name), bool) or not isinstance(given.get(name), kinds):
            raise ExpertError(f"config.json: {name} is {given.get(name)!r}")
    try:
        return RouterConfig(**given)
    except TypeError as error:
        raise ExpertError(f"config.json: {error}") from error
    except ExpertError as error:
        raise ExpertError(f"config.json: {error.message}") from error


def read_text(text: str, reads: Reads) -> TokenHashes:
    """Return the tokens that a router sees of a text.

    Args:
        text: Any.
        reads: How.
    """
    if reads == "words":
        return query_words(text)
    tokens = MARKS.findall(text.encode("utf-8", "replace"))[:MOST_MARKS]
    found = hashed(tokens)
    # Nothing here is a name that could be made equal to others.
    return TokenHashes(hashes=found.hashes, is_word=np.zeros(len(found.hashes), dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a router says of one text.

    Attributes:
        expert: Who answers.
        category: What the text seems to be.
        confidence: How sure that is, from 0 to 1.
        runner_up: The expert of the likeliest category whose expert is another one; empty where
            there is none.
        is_sure: Whether the category decided, and not the default.
    """

    expert: str
    category: str
    confidence: float
    runner_up: str
    is_sure: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextRouter:
    """A trained router.

    Attributes:
        config: Its shape and map.
        space: Its features.
        table: A row for each.
        weight: Of the classes.
        bias: Of the classes.
    """

    config: RouterConfig
    space: NgramSpace
    table: Rows
    weight: Float[np.ndarray, "categories vector"]
    bias: Float[np.ndarray, " categories"]

    def confidences(self, texts: Sequence[str]) -> Float[np.ndarray, "texts categories"]:
        """Return how likely each text belongs to each category; rows add up to 1."""
        vectors = np.zeros((len(texts), self.config.vector_size), dtype=np.float32)
        for place, text in enumerate(texts):
            bag = self.space.bag(read_text(text, self.config.reads))
            if len(bag.features):
                shares = bag.weights / bag.weights.sum()
                vectors[place] = shares @ self.table.rows(bag.features)
        logits = (vectors @ self.weight.T + self.bias) / self.config.temperature
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float32)

    def verdicts(self, texts: Sequence[str]) -> list[Verdict]:
        """Return who should answer each text."""
        return [self._verdict(row) for row in self.confidences(texts)]

    def _verdict(self, confidences: Float[np.ndarray, " categories"]) -> Verdict:
        config = self.config
        order = np.argsort(-confidences, kind="stable")
        best = int(order[0])
        confidence = float(confidences[best])
        is_sure = confidence >= config.least_confidence
        expert = config.experts[best] if is_sure else config.default
        others = (config.experts[int(place)] for place in order)
        return Verdict(
            expert=expert,
            category=config.categories[best],
            confidence=confidence,
            runner_up=next((name for name in others if name != expert), ""),
            is_sure=is_sure,
        )
