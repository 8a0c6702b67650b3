"""Whether what a bench needs is trained already, by the very recipe and set that it asks for."""

from pathlib import Path

from tidemill.corpus.packed import PackedCorpus
from tidemill.training.recipe import Recipe
from tidemill.training.runs import run_state

__all__ = ["is_trained"]


def is_trained(run: Path, plan: Recipe, corpus: PackedCorpus) -> bool:
    """Say whether a run's expert is there and stems from this recipe and this set."""
    if not (run / "expert").is_dir():
        return False
    state = run_state(run)
    return state.recipe.hash == plan.hash and state.corpus_hash == corpus.hash
