"""Experts in the process that asks: the same tiers and the same workbench, and no queue.

A command that runs once needs no workers. Its experts go the same way as a server's, from disk to
an arena to their active form, under the same budgets and policy, so that what is measured and
tested of one holds for the other.
"""

import threading
from collections.abc import Sequence
from typing import Any

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.errors import CapacityError
from tidemill.core.settings import Settings
from tidemill.experts.package import ExpertPackage
from tidemill.experts.registry import ExpertRegistry, open_registry
from tidemill.serving.catalog import Catalog
from tidemill.serving.commands import Command, Preparation
from tidemill.serving.hosted import HostedEmbedder
from tidemill.serving.loader import read_loading
from tidemill.serving.memory.active import ActiveTier
from tidemill.serving.memory.arena import Arena, Span
from tidemill.serving.memory.host import HostTier
from tidemill.serving.policies.table import DEFAULT_POLICY, policy
from tidemill.serving.workbench import Workbench

__all__ = ["LocalExperts", "local_experts"]


class LocalExperts:
    """Experts of a registry, asked in this process. Questions from several threads take turns.

    Args:
        registry: Where experts are.
        host_bytes: Budget of the host tier.
        active_bytes: Budget of the active tier.
        policy_name: Who leaves a tier.
        clock: For what loads take.
    """

    def __init__(
        self,
        registry: ExpertRegistry,
        *,
        host_bytes: int,
        active_bytes: int,
        policy_name: str = DEFAULT_POLICY,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._catalog = Catalog(registry)
        self._arena = Arena(host_bytes)
        self._host = HostTier(self._arena, policy(policy_name, host_bytes), self._clock)
        self._active = ActiveTier(active_bytes, policy(policy_name, active_bytes))
        whole = self._arena.readable(Span(start=0, bytes=self._arena.capacity_bytes))
        self._workbench = Workbench(whole)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    @property
    def host(self) -> HostTier:
        """Its host tier."""
        return self._host

    def find(self, name: str) -> ExpertPackage:
        """Return an expert as the registry has it now.

        Raises:
            ExpertError: There is none, or something is wrong with it.
            StoreError: It cannot be read.
        """
        self._catalog.refresh()
        return self._catalog.find(name)

    def embedder(self, package: ExpertPackage) -> HostedEmbedder:
        """Make an expert ready, and return what asks it for vectors.

        Args:
            package: From `find`.

        Raises:
            ExpertError: Its parts do not fit, or it gives no vectors.
            CapacityError: It does not fit into a tier.
            MissingExtraError: It needs torch, which is not installed.
        """
        self.ask(package, "code", ())
        return HostedEmbedder(self.ask, package)

    def ask(self, package: ExpertPackage, operation: str, items: Sequence[Any]) -> list[Any]:
        """Ask an expert.

        Args:
            package: From `find`.
            operation: See `tidemill.serving.operations`.
            items: About what.

        Raises:
            ExpertError: Something is wrong with it, or it has no such operation.
            CapacityError: It does not fit into a tier.
        """
        key = package.expert_hash
        with self._lock:
            self._host.accessed(key)
            self._active.accessed(key)
            if key not in self._host.residents:
                self._load(package)
            preparation = None
            if key not in self._active.sizes:
                self._active.admit(package)
                preparation = self._preparation(package)
            command = Command(
                leaving=self._active.taken_leaving(),
                expert_hash=key,
                preparation=preparation,
                operation=operation,
                items=tuple(items),
            )
            try:
                done = self._workbench(command)
            except BaseException:
                self._active.drop(key)
                raise
            self._active.measured(key, done.held_bytes)
            return done.values

    def _load(self, package: ExpertPackage) -> None:
        began = self._clock.monotonic()
        loading = self._host.begin(package)
        if loading is None:
            raise CapacityError(
                f"there is no room for the expert {package.name}", hint="Set host_bytes to more."
            )
        try:
            read = read_loading(loading)
        except BaseException:
            self._host.abandon(loading)
            raise
        self._host.finish(loading, read_bytes=read, seconds=self._clock.monotonic() - began)
        for key in self._host.taken_evicted():
            self._active.drop(key)

    def _preparation(self, package: ExpertPackage) -> Preparation:
        tensors, files = self._host.places(package.expert_hash)
        told = None if package.expert_hash in self._known else package
        self._known.add(package.expert_hash)
        return Preparation(package=told, tensors=tensors, files=files)


_OPENED: dict[tuple[object, ...], LocalExperts] = {}
_OPENING = threading.Lock()


def local_experts(settings: Settings) -> LocalExperts:
    """Return this process's experts under some settings, the same ones for the same settings.

    Args:
        settings: Say where experts are, and the budgets.

    Raises:
        SettingError: The user has no folder for experts, or there is no such policy.
    """
    registry = open_registry(settings)
    key = (registry.folders, settings.host_bytes, settings.active_bytes, settings.cache_policy)
    with _OPENING:
        if key not in _OPENED:
            _OPENED[key] = LocalExperts(
                registry,
                host_bytes=settings.host_bytes,
                active_bytes=settings.active_bytes,
                policy_name=settings.cache_policy,
            )
        return _OPENED[key]
