"""Checkpoints: weights, optimizer state and the step, whole or not there.

Two files that name each other by hash: tensors in the safetensors format, facts as JSON. The
step is enough to go on, because a step's randomness is made from its number.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from tidemill.core.errors import InputError
from tidemill.core.files import write_atomically
from tidemill.core.hashing import content_hash

__all__ = ["Checkpoint", "Position", "newest", "restore", "restore_optimizer", "write_checkpoint"]

FACTS = "checkpoint.json"
KEPT = 2
NO_TENSORS: Mapping[str, Tensor] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a run is.

    Attributes:
        stage: Number of the stage.
        step: Steps of it that are done.
        total: Steps of all stages that are done.
        seconds: Time that training took so far.
        places: Tokens and nodes that were seen so far.
    """

    stage: int = 0
    step: int = 0
    total: int = 0
    seconds: float = 0.0
    places: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A state to go on from.

    Attributes:
        position: Where it was made.
        tensors: Weights as ``weights.NAME``, optimizer state as ``state.NUMBER.NAME``.
        threads: Threads that products were made with: sums in another order round otherwise.
    """

    position: Position
    tensors: Mapping[str, Tensor]
    threads: int

    @property
    def masks(self) -> dict[str, Tensor]:
        """What a sparsifier kept of its masks."""
        return _under("masks.", self.tensors)


def write_checkpoint(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    position: Position,
    *,
    masks: Mapping[str, Tensor] = NO_TENSORS,
) -> None:
    """Write the state of a run; those before the last are removed.

    Args:
        folder: The run's.
        network: Its weights.
        optimizer: Its moments.
        position: Where it is.
        masks: What does not follow from the weights of a sparse model.

    Raises:
        CapacityError: The disk is full; the last checkpoint stays.
    """
    tensors = {f"weights.{name}": part for name, part in network.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"state.{number}.{name}": torch.as_tensor(x) for name, x in state.items()}
    tensors |= {f"masks.{name}": part for name, part in masks.items()}
    data = save({name: part.detach().cpu().contiguous() for name, part in tensors.items()})
    name = f"checkpoint-{position.total:08d}.safetensors"
    write_atomically(folder / name, data)
    facts = {
        "position": asdict(position),
        "file": name,
        "hash": content_hash(data),
        "threads": torch.get_num_threads(),
    }
    write_atomically(folder / FACTS, json.dumps(facts, indent=2).encode())
    for old in sorted(folder.glob("checkpoint-*.safetensors"))[:-KEPT]:
        old.unlink()


def newest(folder: Path) -> Checkpoint | None:
    """Read the last checkpoint of a run; None where there is none.

    Raises:
        InputError: It is damaged.
    """
    path = folder / FACTS
    if not path.exists():
        return None
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        data = (folder / facts["file"]).read_bytes()
        position = Position(**facts["position"])
        named = facts["hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the checkpoint is damaged: {error}", path=str(path)) from error
    if content_hash(data) != named:
        raise InputError("the checkpoint's tensors are not those it names", path=str(path))
    return Checkpoint(position=position, tensors=load(data), threads=int(facts["threads"]))


def restore(checkpoint: Checkpoint, network: nn.Module) -> None:
    """Put a checkpoint's weights back.

    Args:
        checkpoint: From `newest`.
        network: Of the same shape.

    Raises:
        InputError: It belongs to another network.
    """
    try:
        network.load_state_dict(_under("weights.", checkpoint.tensors), strict=True)
    except RuntimeError as error:
        raise InputError(f"the checkpoint is of another network: {error}") from error


def restore_optimizer(checkpoint: Checkpoint, optimizer: torch.optim.Optimizer) -> None:
    """Put a checkpoint's moments back; a stage that only begins has new ones instead."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, part in _under("state.", checkpoint.tensors).items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = part
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for parameter, moments in optimizer.state.items():
        for key, part in moments.items():
            # Fused updates go through memory, so a moment must lie as its parameter does.
            if part.shape == parameter.shape and part.stride() != parameter.stride():
                moments[key] = torch.empty_like(parameter).copy_(part)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): part for name, part in tensors.items() if name.startswith(prefix)
    }
