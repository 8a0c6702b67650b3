"""Which experts a search asks: those that are set, opened once in a process."""

from dataclasses import dataclass

from tidemill.core.errors import ExpertError, MissingExtraError
from tidemill.core.settings import Settings
from tidemill.experts.registry import open_registry
from tidemill.serving.embedder import Embedder, open_embedder
from tidemill.store.snapshot import Snapshot

__all__ = ["OpenedExperts", "experts_of", "named_experts"]

_OPENED: dict[str, Embedder] = {}
"""Embedders by the hash of their expert, for the next search of this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedExperts:
    """Experts that can be asked.

    Attributes:
        opened: By name.
        missing: Why others cannot be, by name.
    """

    opened: dict[str, Embedder]
    missing: dict[str, str]


def named_experts(settings: Settings) -> OpenedExperts:
    """Open the experts that the setting ``search_experts`` names."""
    return _opened(names_of(settings), settings, wanted={})


def names_of(settings: Settings) -> list[str]:
    """Return the names in the setting ``search_experts``; the word ``none`` stands for none."""
    names = [name.strip() for name in settings.search_experts.split(",") if name.strip()]
    return [] if names == ["none"] else names


def experts_of(snapshot: Snapshot, settings: Settings) -> OpenedExperts:
    """Open the experts whose vectors are complete in a store.

    An expert that was replaced since is not asked: its vectors and those of the store's
    functions would not be comparable.

    Args:
        snapshot: The store.
        settings: Where experts are, and which may be asked.
    """
    allowed = names_of(settings)
    wanted = snapshot.experts()
    return _opened([name for name in allowed if name in wanted], settings, wanted=wanted)


def _opened(names: list[str], settings: Settings, *, wanted: dict[str, str]) -> OpenedExperts:
    found = OpenedExperts(opened={}, missing={})
    if not names:
        return found
    registry = open_registry(settings)
    for name in names:
        try:
            package = registry.get(name)
            if wanted.get(name, package.expert_hash) != package.expert_hash:
                found.missing[name] = "it was replaced since the functions were embedded"
                continue
            if package.expert_hash not in _OPENED:
                _OPENED[package.expert_hash] = open_embedder(package)
            found.opened[name] = _OPENED[package.expert_hash]
        except (ExpertError, MissingExtraError) as error:
            found.missing[name] = error.message
    return found
