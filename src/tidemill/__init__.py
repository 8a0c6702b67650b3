"""Tidemill: read code, trace its data flow, index it and search it, on your own premises.

Every public name is listed in ``__all__`` and loaded on first use, so that
``import tidemill`` costs nothing. How to use them: ``docs/how/library.md``.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill.core.errors import CapacityError as CapacityError
    from tidemill.core.errors import ExpertError as ExpertError
    from tidemill.core.errors import InputError as InputError
    from tidemill.core.errors import LockedError as LockedError
    from tidemill.core.errors import MissingExtraError as MissingExtraError
    from tidemill.core.errors import ParseTimeoutError as ParseTimeoutError
    from tidemill.core.errors import SettingError as SettingError
    from tidemill.core.errors import StoreError as StoreError
    from tidemill.core.errors import TidemillError as TidemillError
    from tidemill.tasks.clones.finding import clones as clones
    from tidemill.tasks.diagnosis import diagnose as diagnose
    from tidemill.tasks.evaluation import evaluate_search as evaluate_search
    from tidemill.tasks.flow import data_flow as data_flow
    from tidemill.tasks.indexing import index as index
    from tidemill.tasks.search import search as search
    from tidemill.tasks.selftest import selftest as selftest
    from tidemill.tasks.status import status as status

__version__ = "0.1.0"

__all__ = [
    "CapacityError",
    "ExpertError",
    "InputError",
    "LockedError",
    "MissingExtraError",
    "ParseTimeoutError",
    "SettingError",
    "StoreError",
    "TidemillError",
    "clones",
    "data_flow",
    "diagnose",
    "evaluate_search",
    "index",
    "search",
    "selftest",
    "status",
]

_HOMES = {
    "clones": "tidemill.tasks.clones.finding",
    "data_flow": "tidemill.tasks.flow",
    "diagnose": "tidemill.tasks.diagnosis",
    "evaluate_search": "tidemill.tasks.evaluation",
    "index": "tidemill.tasks.indexing",
    "search": "tidemill.tasks.search",
    "selftest": "tidemill.tasks.selftest",
    "status": "tidemill.tasks.status",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home module on first use."""
    if name not in __all__:
        message = f"module 'tidemill' has no attribute {name!r}"
        raise AttributeError(message)
    home = importlib.import_module(_HOMES.get(name, "tidemill.core.errors"))
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*__all__, "__version__"])
