"""Whether what a bench needs is trained already, by the very recipe and set that it asks for."""

from pathlib import Path

from tidemill.corpus.packed import PackedCorpus
from tidemill.experts.package import open_expert
from tidemill.training.recipe import Recipe
from tidemill.training.runs import run_state

__all__ = ["is_trained"]


def is_trained(run: Path, plan: Recipe, corpus: PackedCorpus, start: Path | None = None) -> bool:
    """Say whether a run's expert is there and stems from this recipe, this set and this start."""
    if not (run / "expert").is_dir():
        return False
    state, base = run_state(run), None
    if start is not None:
        known = open_expert(start)
        base = f"{known.name} {known.expert_hash}"
    same = (state.recipe.hash, state.corpus_hash) == (plan.hash, corpus.hash)
    return same and open_expert(run / "expert").manifest.base == base
