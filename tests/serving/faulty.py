"""Experts that misbehave, for tests of those who have to live with them."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft, write_expert

__all__ = ["ARCHITECTURES", "FaultyExpert", "faulty_expert"]

ARCHITECTURES = {"faulty": "tests.serving.faulty:FaultyExpert"}


class FaultyExpert:
    """Does what its config and its items say: echo, sleep, take memory, die."""

    def __init__(self, package: ExpertPackage) -> None:
        _do(str(package.config.get("at_load", "")))
        self._package = package
        self.expert_hash = package.expert_hash
        self.size = 1

    @property
    def bytes_held(self) -> int:
        """None to speak of."""
        return 0

    def close(self) -> None:
        """Do nothing."""

    def code(self, texts: Sequence[object]) -> np.ndarray:
        """Return the size of its weights for each text."""
        total = float(self._package.tensors["weight"].to_float32().sum())
        return np.full((len(texts), 1), total, dtype=np.float32)

    def queries(self, texts: Sequence[str]) -> list[str]:
        """Do what each text says, and return it."""
        for text in texts:
            _do(text)
        return [f"{self._package.name} {os.getpid()} {len(texts)} {text}" for text in texts]


def _do(what: str) -> None:
    word, _, argument = what.partition(" ")
    match word:
        case "sleep":
            time.sleep(float(argument))
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "crash-once":
            if not Path(argument).exists():
                Path(argument).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "memory":
            bytearray(int(argument))
        case "raise":
            message = "as it was told"
            raise ValueError(message)
        case _:
            pass


def faulty_expert(
    folder: Path, name: str, *, numbers: int = 16_384, at_load: str = "", seed: int = 0
) -> ExpertPackage:
    """Pack one.

    Args:
        folder: Of the registry.
        name: Its name.
        numbers: How many weights of four bytes it has.
        at_load: What it does when it is made ready.
        seed: Of its weights.
    """
    weight = np.random.default_rng(seed).normal(size=(numbers // 64, 64)).astype(np.float32)
    draft = ExpertDraft(
        name=name,
        task=name.partition("-")[0],
        architecture="faulty",
        config={"model_type": "faulty", "at_load": at_load},
        tensors={"weight": weight},
    )
    return write_expert(folder / name, draft)
