"""Program slices, and an inference that does as it is told."""

import json
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.faces.joernti.clients import PATIENCE
from tidemill.faces.joernti.answers import Alternative, InferredType

__all__ = ["ANSWER", "AS_LIST", "AS_MAP", "LONG", "SampleInference", "method"]


def method(*names: str) -> dict[str, Any]:
    """A method with objects of some names."""
    target = {"typeFullName": "ANY", "literal": False}
    slices = [
        {"targetObj": target | {"name": name}, "invokedCalls": [], "argToCalls": []}
        for name in names
    ]
    return {"source": "let x = load()\n", "slices": slices}


AS_MAP = {"objectSlices": {"app.js::program": method("app", "größe")}, "userDefinedTypes": []}
AS_LIST = {"objectSlices": [method("app", "größe") | {"fullName": "app.js::program"}]}

ANSWER = InferredType(
    target_identifier="größe",
    type="Überlänge",
    confidence=0.875,
    scope="app.js::program",
    alternatives=(Alternative(type="number", confidence=0.0625),),
)


LONG = 32 << 20
"""More than the system keeps for a client that takes nothing."""


class SampleInference:
    """Answers the same for every slice, unless a source says what else to do.

    ``wait`` waits until it is let go, ``fail`` fails, ``long`` answers at length.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def infer(self, program_slice: str) -> Iterable[InferredType]:
        """Return types."""
        self.asked.append(program_slice)
        orders = json.loads(program_slice).get("orders", "")
        if orders == "wait":
            assert self.let_go.wait(PATIENCE)
        if orders == "fail":
            raise OSError(5, "no such model")
        return [replace(ANSWER, type="T" * LONG)] if orders == "long" else [ANSWER]
