"""What sparse_accuracy.py trains: models, and the ways of making each sparse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tidemill.training.recipe import Recipe, read_recipe

__all__ = ["DENSE", "QUICK_ONLY", "SUBJECTS", "VARIANTS", "Subject", "Variant"]

DENSE = "dense"
QUICK_ONLY = ("resnet9 dense", "resnet9 bdwp 2:8", "vit bdwp 2:8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model that is made sparse, and what it learns.

    Attributes:
        about: For people.
        recipe: Its recipe's name.
        corpus: Its set's name.
        measure: What counts on the set's valid part.
        span: Of the measure, for pictures.
        shorter: Steps and batch of each stage, where the whole recipe would take too long.
    """

    about: str
    recipe: str
    corpus: str = "cifar10"
    measure: str = "accuracy"
    span: tuple[float, float] = (0.4, 0.9)
    shorter: tuple[tuple[int, int], ...] = ()

    def plan(self) -> Recipe:
        """Return the recipe that comes along, or the shorter one."""
        plan = read_recipe(self.recipe)
        if not self.shorter:
            return plan
        stages = tuple(
            replace(stage, steps=steps, batch=batch)
            for stage, (steps, batch) in zip(plan.stages, self.shorter, strict=True)
        )
        return replace(plan, stages=stages, measure_every=0)


SUBJECTS = {
    "resnet9": Subject(
        about="ResNet-9, quarter width, CIFAR-10 (JPEG copy)", recipe="images-resnet9"
    ),
    "vit": Subject(about="ViT, 4 x 96, CIFAR-10 (JPEG copy)", recipe="images-vit", span=(0.3, 0.7)),
    "search": Subject(
        about="search expert, 4 x 256, functions in six languages",
        recipe="search-code",
        corpus="code-search",
        measure="mrr",
        span=(0.0, 0.8),
        shorter=((400, 128), (160, 48)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of training one model.

    Attributes:
        model: One of `SUBJECTS`.
        method: As recipes call it, or ``dense``.
        pattern: N:M, or nothing for dense.
        times: As many steps as the recipe says, or twice as many.
    """

    model: str
    method: str
    pattern: str = ""
    times: int = 1

    @property
    def name(self) -> str:
        """As ``--only`` takes it."""
        return f"{self.model} {self.label}"

    @property
    def label(self) -> str:
        """Its name beside others of its model."""
        length = "" if self.times == 1 else f", {self.times} x steps"
        return f"{self.method} {self.pattern}".strip() + length

    @property
    def folder(self) -> str:
        """Its name as that of a folder."""
        return self.name.replace(",", "").replace(" ", "-").replace(":", "-")

    @property
    def subject(self) -> Subject:
        """What is trained."""
        return SUBJECTS[self.model]

    @property
    def peers(self) -> list["Variant"]:
        """Dense training that it is compared with: as long, and as many multiply-adds."""
        lengths = {self.times, 1} if self.method != DENSE else set()
        return [Variant(model=self.model, method=DENSE, times=times) for times in sorted(lengths)]

    def recipe(self, seed: int, *, quick: bool) -> Recipe:
        """Return the recipe at this sparsity and with a seed; a quick one has six steps."""
        plan = replace(self.subject.plan(), seed=seed)
        stages = tuple(replace(stage, steps=self.times * stage.steps) for stage in plan.stages)
        plan = replace(plan, stages=stages)
        if quick:
            stage = replace(plan.stages[-1], steps=6, batch=32)
            plan = replace(plan, stages=(stage,), measure_every=3)
        if not self.pattern:
            return plan.at_sparsity("dense")
        return plan.at_sparsity(self.pattern, self.method)


def _variants() -> Iterator[Variant]:
    for pattern, methods in {
        "2:8": ("srste", "sdgp", "sdwp", "bdwp"),
        "2:4": ("srste", "bdwp"),
        "2:16": ("srste", "bdwp"),
    }.items():
        for method in methods:
            yield Variant(model="resnet9", method=method, pattern=pattern)
    yield Variant(model="resnet9", method="bdwp", pattern="2:8", times=2)
    for model in ("vit", "search"):
        for method in ("srste", "bdwp"):
            yield Variant(model=model, method=method, pattern="2:8")


def _with_peers() -> Iterator[Variant]:
    """Yield every variant, and before the first that needs it the dense one beside it."""
    told: set[Variant] = set()
    for variant in _variants():
        for one in (*variant.peers, variant):
            if one not in told:
                told.add(one)
                yield one


VARIANTS = tuple(_with_peers())
