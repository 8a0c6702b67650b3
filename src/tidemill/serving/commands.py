"""What a node tells a worker, and what the worker says when it is done."""

from dataclasses import dataclass
from typing import Any

from tidemill.experts.package import ExpertPackage
from tidemill.serving.memory.host import Place

__all__ = ["Command", "Done", "Preparation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preparation:
    """An expert that is to be made ready.

    Attributes:
        package: What it is, without the bytes of its weights; None where the worker knows.
        tensors: Where in the arena its stored tensors are, by name.
        files: Where its data files are.
    """

    package: ExpertPackage | None
    tensors: dict[str, Place]
    files: dict[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Command:
    """One step of a worker: who goes, who is made ready, and what is asked.

    Attributes:
        leaving: Hashes of the experts that go first.
        expert_hash: Who is asked.
        preparation: Where the expert is not ready yet, how it is made so.
        operation: What is asked.
        items: About what.
    """

    leaving: tuple[str, ...]
    expert_hash: str
    preparation: Preparation | None
    operation: str
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """What came of a command.

    Attributes:
        values: One an item.
        held_bytes: What the expert takes in this worker.
        load_seconds: What making it ready took; 0 where it was.
        compute_seconds: What the answer took.
    """

    values: list[Any]
    held_bytes: int
    load_seconds: float
    compute_seconds: float


"""Values are plain data: arrays, numbers, texts and what is made of them."""
