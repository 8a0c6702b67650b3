"""Experts by name, as the registry has them: what they are, and not yet their bytes."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.core.errors import ExpertError, TidemillError
from tidemill.experts.package import ExpertPackage
from tidemill.experts.registry import ExpertRegistry
from tidemill.experts.shelf import packages_in

__all__ = ["Catalog", "Change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different since a catalog was last brought up to date.

    Attributes:
        replaced: Hashes of experts whose name means another one now, or none.
    """

    replaced: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What the registry's folders looked like."""

    times: dict[Path, int] = field(default_factory=dict)


class Catalog:
    """The experts of a registry, each opened and checked once. For several threads.

    Args:
        registry: Where they are.
    """

    def __init__(self, registry: ExpertRegistry) -> None:
        self._registry = registry
        self._packages: dict[str, ExpertPackage] = {}
        self._troubles: dict[str, TidemillError] = {}
        self._seen = _Seen()
        self._lock = threading.RLock()

    @property
    def names(self) -> tuple[str, ...]:
        """Every expert that the registry had when the catalog was last brought up to date."""
        with self._lock:
            return tuple(sorted(self._packages.keys() | self._troubles.keys()))

    @property
    def packages(self) -> Mapping[str, ExpertPackage]:
        """The sound ones by name."""
        with self._lock:
            return dict(self._packages)

    @property
    def troubles(self) -> Mapping[str, TidemillError]:
        """Why the others cannot be asked, by name."""
        with self._lock:
            return dict(self._troubles)

    def known(self, name: str) -> ExpertPackage | None:
        """Return an expert that was opened already, without looking at the disk."""
        return self._packages.get(name)

    def find(self, name: str) -> ExpertPackage:
        """Return an expert, opening it where that was not done yet.

        Args:
            name: The expert's.

        Raises:
            ExpertError: There is none, or something is wrong with it.
            StoreError: It cannot be read.
        """
        with self._lock:
            if name not in self._packages:
                self._open(name)
            return self._packages[name]

    def refresh(self, *, force: bool = False) -> Change:
        """Look whether experts have come, gone or been replaced.

        Args:
            force: Also where the registry's folders look as before.
        """
        with self._lock:
            times = {folder: _time_of(folder) for folder in self._registry.folders}
            if times == self._seen.times and not force:
                return Change()
            self._seen.times = times
            former = {name: package.expert_hash for name, package in self._packages.items()}
            self._reopen()
            now = {name: package.expert_hash for name, package in self._packages.items()}
            gone = {
                expert_hash for name, expert_hash in former.items() if now.get(name) != expert_hash
            }
            return Change(replaced=frozenset(gone - set(now.values())))

    def _reopen(self) -> None:
        """Open what is new or changed; what is as it was stays opened."""
        names = {path.name for folder in self._registry.folders for path in packages_in(folder)}
        self._troubles = {}
        for name in sorted(self._packages.keys() - names):
            del self._packages[name]
        for name in sorted(names):
            package = self._packages.get(name)
            if package is None or not self._is_unchanged(name, package):
                self._packages.pop(name, None)
                try:
                    self._open(name)
                except TidemillError as error:
                    self._troubles[name] = error

    def _is_unchanged(self, name: str, package: ExpertPackage) -> bool:
        try:
            if self._registry.folder_of(name) != package.folder:
                return False
            package.check_unchanged()
        except TidemillError:
            return False
        return True

    def _open(self, name: str) -> None:
        package = self._registry.get(name, mapped=False)
        if package.name != name:
            raise ExpertError(f"{package.folder}: the expert in it is called {package.name}")
        self._packages[name] = package


def _time_of(folder: Path) -> int:
    """Return when something was last added to or taken from a folder; 0 where it is not there."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
