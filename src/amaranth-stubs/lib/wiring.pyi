from collections.abc import Mapping
from typing import Any

class Member:
    flow: Any
    shape: Any
    def __init__(self, flow: Any, description: Any) -> None: ...

class _Flow:
    def __call__(self, description: Any) -> Member: ...

In: _Flow
Out: _Flow

class Signature:
    members: Mapping[str, Member]

class Component:
    signature: Signature
    def __init__(self, signature: Mapping[str, Member]) -> None: ...
    # Ports are attributes by the names that they are declared with.
    def __getattr__(self, name: str) -> Any: ...
