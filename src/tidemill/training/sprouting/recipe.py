"""How sprouts learn: the same for every package, but for a second, gentler try."""

from dataclasses import asdict, dataclass, field, replace

from tidemill.core.errors import SettingError
from tidemill.core.hashing import content_hash
from tidemill.training.recipe import ModelSpec, Recipe, Stage

__all__ = ["RECIPE", "SproutRecipe"]

RECIPE = "sprout"
"""What manifests call the recipe."""

EDITION = "1"
"""Part of the recipe's hash: new whenever the same recipe would give other weights."""

REACHES = (0.25, 0.5, 0.75, 1.0)
"""How far of the way from the base to where training ended; the valid part chooses."""

GENTLER = 0.3
"""What is left of the learning rate when a package is tried again."""

NEVER = 1e9
"""Seconds between checkpoints of a run that is over in less than a minute."""


def _stage() -> Stage:
    return Stage(
        objectives=("search",), steps=12, batch=32, learning_rate=1e-3, warmup=0.1, clip=1.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SproutRecipe:
    """How a sprout learns from the train part, and when it is kept.

    Attributes:
        stage: Steps, batch, learning rate and temperature.
        still: The lowest layers, which stay the base's; their states are computed once.
        margin: Share of the base's loss on the valid part that the sprout's is below it at least.
        errors: Standard errors of the mean gain on the valid part that this gain is at least.
        token_dropout: Share of tokens that training leaves out of each text: against learning the
            few pairs by heart.
        candidates: Pairs at most among which a pair is found when a loss is measured.
        seed: Of everything.
    """

    stage: Stage = field(default_factory=_stage)
    still: int = 0
    margin: float = 0.01
    errors: float = 1.0
    token_dropout: float = 0.2
    candidates: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.still < 0 or self.candidates < 2:
            raise SettingError(
                f"{self.still} still layers, and {self.candidates} candidates",
                hint="Layers from 0, and 2 candidates or more.",
            )

    @property
    def hash(self) -> str:
        """Names everything that decides what a sprout becomes."""
        facts = (EDITION, REACHES, GENTLER, sorted(asdict(self).items()))
        return content_hash(repr(facts).encode())

    def gentler(self) -> "SproutRecipe":
        """Return the recipe of a second try."""
        stage = replace(self.stage, learning_rate=GENTLER * self.stage.learning_rate)
        return replace(self, stage=stage)

    def run(self, name: str) -> Recipe:
        """Return what the training loop wants to know.

        Args:
            name: Of the sprout.
        """
        return Recipe(
            name=name,
            task="search",
            corpus=name,
            model=ModelSpec(kind="encoder"),
            stages=(self.stage,),
            seed=self.seed,
            precision="fp32",
            checkpoint_seconds=NEVER,
        )
