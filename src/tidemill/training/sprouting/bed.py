"""A package, ready to be learnt from: its pairs as the base reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tidemill.core.hashing import file_hash
from tidemill.core.progress import Silence
from tidemill.experts.parts import EncodedTensor
from tidemill.training.encoded import EncodedSet, encode
from tidemill.training.kept import kept
from tidemill.training.sprouting.drafting import Subject
from tidemill.training.sprouting.measures import Figures, measured
from tidemill.training.sprouting.origin import Origin, open_origin
from tidemill.training.sprouting.pairs import PackagePairs, read_pairs
from tidemill.training.sprouting.recipe import SproutRecipe
from tidemill.training.sprouting.texts import KnownTexts, known_texts
from tidemill.training.sprouting.upper import PackedUpper

__all__ = ["Bed", "Growth", "encoded_pairs", "origin_in", "prepared"]

ENCODED = "encoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A package that is to get a sprout.

    Attributes:
        subject: What it is about.
        base: The base's folder.
        pairs: The package's file of pairs.
        key: Names base, pairs and recipe.
        folder: The run's.
        registry: The folders of experts; the last one gets the sprout.
        recipe: How it learns.
        replace: Whether it may take the place of another expert of its name.
    """

    subject: Subject
    base: Path
    pairs: Path
    key: str
    folder: Path
    registry: tuple[Path, ...]
    recipe: SproutRecipe
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bed:
    """A package, ready to be learnt from.

    Attributes:
        growth: What is to be done.
        origin: The base.
        pairs: Of the package.
        examples: The same as tokens and data flow.
        known: Texts that were asked for, by their still layers.
    """

    growth: Growth
    origin: Origin
    pairs: PackagePairs
    examples: EncodedSet
    known: dict[int, KnownTexts] = field(default_factory=dict)

    def texts(self, still: int | None) -> KnownTexts:
        """Return the texts with what some layers make of them, computed once.

        Args:
            still: How many, from the lowest; all when None.
        """
        layers = self.origin.layers
        own = layers if still is None else min(still, layers)
        if own not in self.known:
            self.known[own] = known_texts(self.examples, self.origin, own)
        return self.known[own]

    def figures(self, texts: KnownTexts, learnt: Mapping[str, EncodedTensor], part: str) -> Figures:
        """Measure an encoder as it is stored.

        Args:
            texts: With the states below what was learnt.
            learnt: All tensors above.
            part: ``valid`` or ``test``.
        """
        recipe = self.growth.recipe
        upper = PackedUpper(self.origin.config, texts.still, learnt)
        return measured(
            lambda rows: texts.queries(rows.tolist(), upper),
            lambda rows: texts.code(rows.tolist(), upper),
            self.pairs.rows[part],
            candidates=recipe.candidates,
            temperature=recipe.temperature,
        )


def prepared(growth: Growth) -> Bed:
    """Read a package as its base reads it; what was read is kept.

    Raises:
        ExpertError: The base is damaged.
        InputError: The pairs are damaged.
    """
    origin = origin_in(growth.base)
    pairs = read_pairs(growth.pairs)
    examples = encoded_pairs(pairs, origin, growth.folder, growth.subject.name)
    return Bed(growth=growth, origin=origin, pairs=pairs, examples=examples)


def encoded_pairs(pairs: PackagePairs, origin: Origin, folder: Path, name: str) -> EncodedSet:
    """Return a package's pairs as tokens and data flow; what was read is kept.

    Args:
        pairs: Of the package.
        origin: Whose tokenizer and limits count: the base's and its sprouts' are the same.
        folder: The run's.
        name: Of the package's expert.
    """
    config = origin.config
    limits = (config.max_tokens, config.max_nodes if config.input_mode == "graph" else 0)
    arrays = kept(
        folder / ENCODED,
        name,
        repr((pairs.hash, file_hash(origin.tokenizer), limits)),
        lambda: encode(
            pairs.examples, origin.tokenizer, limits=limits, workers=1, progress=Silence()
        ).arrays(),
    )
    return EncodedSet.of(arrays)


@lru_cache(maxsize=1)
def origin_in(folder: Path) -> Origin:
    """Return the base in a folder; a worker opens it once."""
    return open_origin(folder)
