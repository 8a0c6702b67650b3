"""A recipe's network becomes sparse before it trains."""

import torch

from tidemill.core.errors import InputError, SettingError
from tidemill.sparsity.layers import spared_layers
from tidemill.sparsity.sparsifier import Sparsifier, sparsify
from tidemill.training.chance import Chance
from tidemill.training.precision import is_bf16
from tidemill.training.recipe import Recipe
from tidemill.training.trainees.trainee import Trainee

__all__ = ["sparsified"]


def sparsified(recipe: Recipe, trainee: Trainee, device: torch.device) -> Sparsifier | None:
    """Make a recipe's network sparse, where the recipe says so.

    Args:
        recipe: Pattern and method.
        trainee: With first weights.
        device: Where it is trained.

    Returns:
        What makes the operands, or None for a dense recipe.

    Raises:
        InputError: A layer cannot be sparse.
    """
    spec = recipe.sparse
    if spec is None:
        return None
    dtype = torch.bfloat16 if is_bf16(recipe.precision, device) else torch.float32
    chance = Chance(seed=recipe.seed, stage=-1, step=0).torch("masks")
    try:
        exempt = (*spared_layers(trainee.network), *recipe.exempt)
        return sparsify(trainee.network, spec, exempt=exempt, dtype=dtype, chance=chance)
    except SettingError as error:
        raise InputError(
            f"a {recipe.model.kind} at {recipe.sparsity}: {error.message}", hint=error.hint
        ) from error
