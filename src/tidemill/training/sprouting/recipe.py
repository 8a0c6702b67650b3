"""How sprouts learn: the same for every package, but for a second, gentler try."""

from dataclasses import asdict, dataclass, replace

from tidemill.core.errors import SettingError
from tidemill.core.hashing import content_hash
from tidemill.training.recipe import ModelSpec, Recipe, Stage

__all__ = ["RECIPE", "SproutRecipe", "SproutStage"]

RECIPE = "sprout"
"""What manifests call the recipe."""

EDITION = "1"
"""Part of the recipe's hash: new whenever the same recipe would give other weights."""

GENTLER = 0.3
"""What is left of the learning rates when a package is tried again."""

NEVER = 1e9
"""Seconds between checkpoints of a stage that is over in less than a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutStage:
    """Some steps of a sprout.

    Attributes:
        stage: Steps, batch, learning rate and temperature.
        still: The lowest layers, which stay as they are; all of them when None. What they make
            of the texts is computed once.
        reaches: How much of what was learnt may count; the valid part chooses the one whose gain
            is the most certain.
    """

    stage: Stage
    still: int | None = None
    reaches: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)


HEADS = SproutStage(
    stage=Stage(objectives=("search",), steps=40, batch=64, learning_rate=1e-3, warmup=0.1)
)
"""First the weights of tokens and the last map alone, which takes a second or two.

They bring most of the gain: docs/how/experts.md has the figures.
"""

LAYERS = SproutStage(
    stage=Stage(objectives=("search",), steps=4, batch=32, learning_rate=2e-4, warmup=0.1),
    still=0,
    reaches=(0.5, 1.0),
)
"""Then all layers with them, for part of a pass over the package: what a processor has time for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutRecipe:
    """How a sprout learns from the train part, and when it is kept.

    Attributes:
        stages: One after the other; a later one lets no more layers stay than one before.
        token_dropout: Share of tokens that training leaves out of each text: against learning the
            few pairs by heart.
        margin: Share of the base's loss on the valid part that the sprout's is below it at least.
        errors: Standard errors by which a mean gain on the valid part may be luck: a gain counts
            less these.
        candidates: Pairs at most among which a pair is found when a loss is measured.
        seed: Of everything.
    """

    stages: tuple[SproutStage, ...] = (HEADS, LAYERS)
    token_dropout: float = 0.2
    margin: float = 0.01
    errors: float = 1.5
    candidates: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        still = [10**6 if own.still is None else own.still for own in self.stages]
        if not still or min(still) < 0 or still != sorted(still, reverse=True):
            raise SettingError(
                f"stages that leave {still} layers as they are",
                hint="One stage or more, none with more still layers than the one before.",
            )
        if self.candidates < 2 or not 0 <= self.token_dropout < 1:
            raise SettingError(
                f"{self.candidates} candidates, and a token dropout of {self.token_dropout}",
                hint="Two candidates or more, and a share below 1.",
            )

    @property
    def hash(self) -> str:
        """Names everything that decides what a sprout becomes."""
        facts = (EDITION, GENTLER, sorted(asdict(self).items()))
        return content_hash(repr(facts).encode())

    @property
    def steps(self) -> int:
        """Updates of all stages."""
        return sum(own.stage.steps for own in self.stages)

    @property
    def temperature(self) -> float:
        """What similarities are divided by when a loss is measured."""
        return self.stages[-1].stage.temperature

    def still(self, layers: int) -> int:
        """Return how many layers stay as they are in all stages.

        Args:
            layers: How many there are.
        """
        last = self.stages[-1].still
        return layers if last is None else min(last, layers)

    def gentler(self) -> "SproutRecipe":
        """Return the recipe of a second try."""
        return replace(self, stages=tuple(_gentler(own) for own in self.stages))

    def run(self, name: str, stage: Stage) -> Recipe:
        """Return what the training loop wants to know of one stage.

        Args:
            name: Of the sprout.
            stage: One of the recipe's.
        """
        return Recipe(
            name=name,
            task="search",
            corpus=name,
            model=ModelSpec(kind="encoder"),
            stages=(stage,),
            seed=self.seed,
            precision="fp32",
            checkpoint_seconds=NEVER,
        )


def _gentler(own: SproutStage) -> SproutStage:
    rate = GENTLER * own.stage.learning_rate
    return replace(own, stage=replace(own.stage, learning_rate=rate))
