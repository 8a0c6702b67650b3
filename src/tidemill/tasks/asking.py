"""Which experts a search asks: those that are set, opened once in a process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.core.errors import CapacityError, ExpertError, MissingExtraError, StoreError
from tidemill.core.settings import Settings
from tidemill.serving.embedder import Embedder
from tidemill.serving.hosted import ExpertSource
from tidemill.serving.local import local_experts
from tidemill.store.snapshot import Snapshot

__all__ = ["OpenedExperts", "experts_of", "names_in", "opened_experts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedExperts:
    """Experts that can be asked.

    Attributes:
        opened: By name.
        missing: Why others cannot be, by name.
        languages: What the opened ones know, by name; empty for every language.
    """

    opened: dict[str, Embedder] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    languages: dict[str, frozenset[str]] = field(default_factory=dict)


def names_in(listed: str) -> list[str]:
    """Return the names that a setting lists; the word ``none`` stands for none."""
    names = [name.strip() for name in listed.split(",") if name.strip()]
    return [] if names == ["none"] else names


def experts_of(
    snapshot: Snapshot, settings: Settings, source: ExpertSource | None = None
) -> OpenedExperts:
    """Open the experts whose vectors are complete in a store.

    An expert that was replaced since is not asked: its vectors and those of the store's
    functions would not be comparable.

    Args:
        snapshot: The store.
        settings: Where experts are, and which may be asked.
        source: Who has them; by default this process.
    """
    allowed = names_in(settings.search_experts)
    wanted = snapshot.experts()
    names = [name for name in allowed if name in wanted]
    return opened_experts(names, settings, task="search", wanted=wanted, source=source)


def opened_experts(
    names: Sequence[str],
    settings: Settings,
    *,
    task: str,
    wanted: Mapping[str, str] | None = None,
    source: ExpertSource | None = None,
) -> OpenedExperts:
    """Open experts, each once in a process.

    Args:
        names: Of the experts.
        settings: Where experts are.
        task: What they are asked for; an expert for another task is not.
        wanted: Hashes that some of them must have, by name.
        source: Who has them; by default this process.
    """
    found, wanted = OpenedExperts(), wanted or {}
    if not names:
        return found
    experts = source or local_experts(settings)
    for name in names:
        try:
            package = experts.find(name)
            if package.manifest.task != task:
                found.missing[name] = f"it is an expert on {package.manifest.task}, not on {task}"
                continue
            if wanted.get(name, package.expert_hash) != package.expert_hash:
                found.missing[name] = "it was replaced since the functions were embedded"
                continue
            found.opened[name] = experts.embedder(package)
            found.languages[name] = frozenset(package.manifest.languages)
        except (CapacityError, ExpertError, MissingExtraError, StoreError) as error:
            found.missing[name] = error.message
    return found
